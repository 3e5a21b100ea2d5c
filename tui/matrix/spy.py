"""A spy plot: which weights of a matrix are kept, two pixels to a terminal cell."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.colours import Palette, Rgb
from tui.matrix.spy_window import Window
from tui.widgets.motions import MOTION_BINDINGS, Motions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVELS = 24
RULER_WIDTH = 2  # of the numbers of clusters beside their rows
SHADES = " ░▒▓█"
INK_DARK: tuple[Rgb, Rgb] = ((17, 21, 26), (226, 234, 240))
INK_LIGHT: tuple[Rgb, Rgb] = ((251, 250, 247), (24, 32, 40))


@dataclass(frozen=True, eq=False)
class Picture:
    """Shades of a matrix: (pixel rows, pixel columns) densities, and the range that the shades span."""

    density: "NDArray[np.float32]"
    low: float
    high: float
    window: Window
    row_bands: "NDArray[np.int_] | None" = None
    column_bands: "NDArray[np.int_] | None" = None

    def levels(self, count: int) -> "NDArray[np.int_]":
        """Return the density of every pixel as a level from 0 to `count` − 1."""
        span = max(self.high - self.low, 1e-9)
        scaled = (self.density - self.low) / span
        return (scaled.clip(0.0, 1.0) * (count - 1) + 0.5).astype(int)


class Spy(Motions, Widget, can_focus=True):
    """Draws a picture; asks for another when it is resized, zoomed or moved."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    COMPONENT_CLASSES = {"spy--odd", "spy--even"}  # noqa: RUF012  # Textual's own form
    DEFAULT_CSS = """
    Spy { width: 1fr; height: 1fr; background: $background; }
    Spy > .spy--odd { background: $primary; color: $background; text-style: bold; }
    Spy > .spy--even { background: $panel; color: $foreground; text-style: bold; }
    """

    @dataclass
    class Wanted(Message):
        """A picture of this window is needed."""

        window: Window

    def __init__(self) -> None:
        super().__init__()
        self.picture: Picture | None = None
        self.window: Window | None = None
        self.palette = Palette()

    def pixels(self, banded: str | None) -> tuple[int, int]:
        """Return the pixel rows and columns there is room for, less a ruler along the `banded` axis."""
        per_cell = 1 if self.palette.plain else 2
        height = self.size.height - (banded == "input")
        return max(1, height * per_cell), max(1, self.size.width - RULER_WIDTH * (banded == "output"))

    def show(self, picture: Picture, palette: Palette) -> None:
        """Draw a picture."""
        self.picture, self.palette = picture, palette
        self._levels = picture.levels(len(SHADES) if palette.plain else LEVELS)
        self.refresh()

    def look_at(self, window: Window) -> None:
        """Ask for the picture of another part of the matrix."""
        if window != self.window:
            self.window = window
            self.post_message(self.Wanted(window))

    def on_resize(self) -> None:
        """Ask for a picture of the new size."""
        if self.window is not None:
            self.post_message(self.Wanted(self.window))

    def zoom(self, *, closer: bool) -> None:
        """Look closer, or from further away."""
        if self.window is not None:
            self.look_at(self.window.closer() if closer else self.window.further())

    def perform(self, verb: str) -> None:
        """Move the view."""
        steps = {
            "left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0),
            "page_up": (-4, 0), "page_down": (4, 0),
        }  # fmt: skip
        if self.window is None:
            return
        if verb in steps:
            self.look_at(self.window.panned(*steps[verb]))
        elif verb in {"first", "last"}:
            end = self.window.height if verb == "last" else -self.window.height
            self.look_at(self.window.panned(end, 0))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look closer."""
        event.stop()
        self.zoom(closer=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look from further away."""
        event.stop()
        self.zoom(closer=False)

    def render_line(self, y: int) -> Strip:
        """Draw one line: the ruler of clusters on top, or a line of dots as runs of equal cells."""
        picture = self.picture
        if picture is None:
            return Strip.blank(self.size.width, self.rich_style)
        segments: list[Segment] = []
        if picture.column_bands is not None:
            if y == 0:
                segments = self._column_ruler(picture.column_bands)
            y -= 1
        if picture.row_bands is not None:
            segments = [self._row_ruler(picture.row_bands, y)]
        if y >= 0:
            segments += self._runs(self._line(y))
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _line(self, y: int) -> list[tuple[int, int]]:
        levels = self._levels
        if self.palette.plain:
            return [(level, 0) for level in levels[y].tolist()] if y < len(levels) else []
        if 2 * y >= len(levels):
            return []
        lower = levels[min(2 * y + 1, len(levels) - 1)]
        return list(zip(levels[2 * y].tolist(), lower.tolist(), strict=True))

    def _column_ruler(self, bands: "NDArray[np.int_]") -> list[Segment]:
        """Write the number of each cluster above its columns, 1 the largest, in stripes."""
        segments = []
        for cluster, cells in groupby(bands.tolist()):
            width = len(list(cells))
            text = str(cluster + 1) if len(str(cluster + 1)) <= width else ""
            segments.append(Segment(f"{text:^{width}}", self._stripe(cluster)))
        return segments

    def _row_ruler(self, bands: "NDArray[np.int_]", y: int) -> Segment:
        """Write the number of each cluster beside its first row."""
        place = y if self.palette.plain else 2 * y
        if place >= len(bands):
            return Segment("  ", self.rich_style)
        cluster = int(bands[place])
        before = int(bands[place - (1 if self.palette.plain else 2)]) if y else -1
        text = str(cluster + 1) if cluster != before else ""
        return Segment(f"{text[-2:]:>2}", self._stripe(cluster))

    def _stripe(self, cluster: int) -> Style:
        return self.get_component_rich_style("spy--even" if cluster % 2 else "spy--odd")

    def _runs(self, cells: list[tuple[int, int]]) -> list[Segment]:
        segments = []
        start = 0
        for place in range(1, len(cells) + 1):
            if place == len(cells) or cells[place] != cells[start]:
                upper, lower = cells[start]
                if self.palette.plain:
                    segments.append(Segment(SHADES[upper] * (place - start), self.rich_style))
                else:
                    style = _half_block(upper, lower, self.palette.dark)
                    segments.append(Segment("▀" * (place - start), style))
                start = place
        return segments


@lru_cache(maxsize=2 * LEVELS * LEVELS)
def _half_block(upper: int, lower: int, dark: bool) -> Style:  # part of the cache key
    return Style(color=Color.from_rgb(*_ink(upper, dark)), bgcolor=Color.from_rgb(*_ink(lower, dark)))


def _ink(level: int, dark: bool) -> Rgb:
    empty, full = INK_DARK if dark else INK_LIGHT
    share = level / (LEVELS - 1)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(empty, full, strict=True))
    return red, green, blue
