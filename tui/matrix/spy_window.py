"""The part of a matrix a spy plot shows: zooming and panning."""

from dataclasses import dataclass, replace

SMALLEST = 8  # weights across the closest view
ZOOM = 2.0
PAN_SHARE = 0.25  # of the view, per key press


@dataclass(frozen=True, slots=True)
class Window:
    """Rows and columns in view, from `top` and `left`, of a matrix of `height` × `width`."""

    height: int
    width: int
    top: int
    left: int
    rows: int
    columns: int

    @classmethod
    def whole(cls, height: int, width: int) -> "Window":
        """Return the view of everything."""
        return cls(height, width, 0, 0, height, width)

    @property
    def row_range(self) -> range:
        """The rows in view."""
        return range(self.top, self.top + self.rows)

    @property
    def column_range(self) -> range:
        """The columns in view."""
        return range(self.left, self.left + self.columns)

    @property
    def zoomed(self) -> bool:
        """Whether part of the matrix is out of view."""
        return self.rows < self.height or self.columns < self.width

    def closer(self) -> "Window":
        """Return the view at twice the size around the same centre."""
        return self._resized(1 / ZOOM)

    def further(self) -> "Window":
        """Return the view at half the size around the same centre."""
        return self._resized(ZOOM)

    def panned(self, down: int, right: int) -> "Window":
        """Return the view moved by a quarter of itself, `down` and `right` times."""
        step_down = max(1, int(self.rows * PAN_SHARE))
        step_right = max(1, int(self.columns * PAN_SHARE))
        return replace(self, top=self.top + down * step_down, left=self.left + right * step_right).clamped()

    def _resized(self, factor: float) -> "Window":
        rows = min(self.height, max(min(SMALLEST, self.height), round(self.rows * factor)))
        columns = min(self.width, max(min(SMALLEST, self.width), round(self.columns * factor)))
        top = self.top + (self.rows - rows) // 2
        left = self.left + (self.columns - columns) // 2
        return replace(self, top=top, left=left, rows=rows, columns=columns).clamped()

    def clamped(self) -> "Window":
        """Return the view moved back inside the matrix."""
        top = min(max(self.top, 0), self.height - self.rows)
        left = min(max(self.left, 0), self.width - self.columns)
        return replace(self, top=top, left=left)
