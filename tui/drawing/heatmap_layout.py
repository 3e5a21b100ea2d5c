"""How large the cells of a heatmap are drawn."""

from dataclasses import dataclass

NARROWEST_LABEL = 6
NARROWEST_CELL, WIDEST_CELL = 6, 14
TALLEST_CELL = 3
FRAME_LINES = 2  # the header and the means


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns and lines of the labels and cells; `with_means` where there is room for the means of rows."""

    rows: int
    columns: int
    label_width: int
    cell_width: int
    cell_height: int
    with_means: bool

    @property
    def width(self) -> int:
        """Columns of the whole heatmap."""
        return self.label_width + self.cell_width * (self.columns + self.with_means)

    @property
    def height(self) -> int:
        """Lines of the whole heatmap."""
        return FRAME_LINES + self.cell_height * self.rows

    @classmethod
    def fitted(cls, labels: list[str], columns: int, width: int, height: int) -> "Layout":
        """Return the largest cells that fit a pane, down to where rows and columns have to scroll.

        `width` and `height` are those of the pane with its scroll bars, each a cell wide.
        """
        rows, columns = max(1, len(labels)), max(1, columns)
        label_width = max(NARROWEST_LABEL, 1 + max(map(len, labels), default=0))
        cell_height = min(max((height - FRAME_LINES) // rows, 1), TALLEST_CELL)
        if FRAME_LINES + cell_height * rows > height:
            width -= 1  # the bar that scrolls the rows
        with_means = label_width + NARROWEST_CELL * (columns + 1) <= width
        cell_width = min(max((width - label_width) // (columns + with_means), NARROWEST_CELL), WIDEST_CELL)
        return cls(rows, columns, label_width, cell_width, cell_height, with_means)
