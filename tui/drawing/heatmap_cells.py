"""The cells of a heatmap as styled text."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from tui.drawing.colours import Palette, eighth
from tui.drawing.figures import number
from tui.drawing.grids import Grid, Place
from tui.drawing.heatmap_layout import Layout

MEAN_LABEL = "mean"


@dataclass(frozen=True, slots=True)
class Painter:
    """Writes the lines of one heatmap; `focused` says how the cursor, a place of the grid, is drawn."""

    grid: Grid
    layout: Layout
    palette: Palette
    label_style: Style
    cursor_style: Style
    missing_style: Style
    cursor: Place
    focused: bool

    def header(self) -> list[Segment]:
        """Return the names of the columns, that of the cursor marked."""
        width = self.layout.cell_width
        names = (*self.grid.columns, *[MEAN_LABEL] * self.layout.with_means)
        return [
            Segment(
                f"{_shorten(name, width - 1):^{width}}",
                self.cursor_style if self.focused and name == self.cursor[1] else self.label_style,
            )
            for name in names
        ]

    def label(self, text: str, *, chosen: bool = False) -> Segment:
        """Return what stands left of a row."""
        style = self.cursor_style if chosen and self.focused else self.label_style
        return Segment(f"{text:>{self.layout.label_width - 1}} ", style)

    def row(self, key: int, *, middle: bool) -> list[Segment]:
        """Return a line of a row of cells; their numbers stand in the `middle` line."""
        segments = [self._cell((key, column), middle=middle) for column in self.grid.columns]
        if self.layout.with_means:
            segments.append(self._mean(self.grid.mean(row=key) if middle else None, empty=not middle))
        return segments

    def means(self) -> list[Segment]:
        """Return the means of the columns, and of everything."""
        means = [self.grid.mean(column=column) for column in self.grid.columns]
        return [self._mean(mean) for mean in (*means, *[self.grid.mean()] * self.layout.with_means)]

    def _mean(self, mean: float | None, *, empty: bool = False) -> Segment:
        text = "" if empty else self.grid.write(mean)
        return Segment(f"{text:^{self.layout.cell_width}}", self.label_style)

    def _cell(self, place: Place, *, middle: bool) -> Segment:
        grid, width = self.grid, self.layout.cell_width
        value = grid.values.get(place)
        if value is None:
            text, style = "·" if middle and place in grid.known else "", self.missing_style
        else:
            position = grid.scale.position(value)
            text = cell_text(grid, place, value, width) if middle else ""
            if self.palette.plain and len(text) + 2 <= width:
                text = f"{eighth(position)} {text}" if middle else eighth(position)
            style = self.palette.cell(position, diverging=grid.scale.diverging)
        text = f"{text:^{width}}"
        if place == self.cursor:
            # Where the number leaves no room for brackets, a line below it shows the cursor.
            style += Style(bold=True, underline=middle and " " not in (text[0], text[-1]))
            text = _bracketed(text, "▐▌" if self.focused else "[]" if middle else "  ")
        return Segment(text, style)


def cell_text(grid: Grid, place: Place, value: float, width: int) -> str:
    """Write a value and its mark within the width of a cell."""
    # Where some cells are marked, the others leave that place blank: the numbers stay aligned.
    mark = "▲" if place in grid.marked else " " * bool(grid.marked)
    exact = grid.write(value) + mark
    return exact if len(exact) <= width else (number(value) + mark)[:width]


def _bracketed(text: str, brackets: str) -> str:
    """Put brackets around a cell where it is blank; digits at its edge stay."""
    start = brackets[0] if text[0] == " " else text[0]
    end = brackets[1] if text[-1] == " " else text[-1]
    return start + text[1:-1] + end


def _shorten(name: str, width: int) -> str:
    """Shorten a module path from the left: its end tells modules apart."""
    return name if len(name) <= width else "…" + name[len(name) - width + 1 :]
