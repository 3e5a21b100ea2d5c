"""What the colours of a heatmap stand for."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.colours import Palette, eighth
from tui.drawing.grids import Grid

RAMP_CELLS = 16


class Legend(Widget):
    """One line: the lowest figure, the ramp of colours, the highest, and what is measured."""

    COMPONENT_CLASSES = {"legend--text"}  # noqa: RUF012  # Textual's own form
    DEFAULT_CSS = """
    Legend { height: 1; width: 1fr; background: $background; }
    Legend > .legend--text { color: $muted; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.grid: Grid | None = None
        self.palette = Palette()

    def show(self, grid: Grid, palette: Palette) -> None:
        """Describe a grid."""
        if (grid, palette) != (self.grid, self.palette):
            self.grid, self.palette = grid, palette
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  # one line high
        """Draw the line."""
        style = self.get_component_rich_style("legend--text")
        grid = self.grid
        if grid is None:
            return Strip.blank(self.size.width, style)
        if not grid.values:
            note = f" not measured for this run; {grid.figure.how_to_get}" if grid.known else ""
            note = note if grid.complete else " computing …"
            return Strip([Segment(note, style)]).adjust_cell_length(self.size.width, style)
        segments = [Segment(" ", style), *self._ramp(grid, style), Segment(f"  {grid.figure.meaning}", style)]
        return Strip(segments).adjust_cell_length(self.size.width, style)

    def _ramp(self, grid: Grid, style: Style) -> list[Segment]:
        scale = grid.scale
        if scale.flat:
            return [Segment(f"everywhere {grid.write(scale.low)}", style)]
        cells = []
        for place in range(RAMP_CELLS):
            position = (place + 0.5) / RAMP_CELLS
            if self.palette.plain:
                cells.append(Segment(eighth(position), style))
            else:
                cells.append(Segment(" ", self.palette.cell(position, diverging=scale.diverging)))
        return [
            Segment(f"{grid.write(scale.low)} ", style),
            *cells,
            Segment(f" {grid.write(scale.high)}", style),
        ]
