"""Upright bars over a numbered axis, with an optional marked value; drawn in eighths of a cell."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from tui.drawing.colours import EIGHTHS
from tui.drawing.figures import number


@dataclass(frozen=True, slots=True)
class Bars:
    """Heights at even steps from `x_low` to `x_high`, drawn from `y_low` up; `marker` is (x, what it is)."""

    heights: tuple[float, ...]
    x_low: float
    x_high: float
    x_title: str
    y_low: float = 0.0
    marker: tuple[float, str] | None = None
    write_x: Callable[[float], str] = number
    write_y: Callable[[float], str] = number


class BarChart(Widget):
    """Draws bars as large as its place allows."""

    DEFAULT_CSS = "BarChart { width: 1fr; height: 1fr; background: $background; }"

    def __init__(self, missing: str) -> None:
        """`missing` says why there may be nothing to draw."""
        super().__init__()
        self.missing = missing
        self.bars: Bars | None = None
        self.awaited = True

    def show(self, bars: Bars | None) -> None:
        """Draw other bars."""
        self.bars, self.awaited = bars, False
        self.refresh()

    def render(self) -> Content:
        """Draw the bars, or say that they are not read yet, or what is missing."""
        if self.awaited:
            return Content.styled("reading …", "$muted")
        if self.bars is None or not self.bars.heights:
            return Content.styled(self.missing, "$muted")
        return Content("\n").join(draw(self.bars, self.size.width, self.size.height))


def draw(bars: Bars, width: int, height: int) -> list[Content]:
    """Return the lines of a chart of the given size: what is marked, the bars, the axis."""
    top = max(bars.heights)
    labels = [bars.write_y(top), bars.write_y(bars.y_low)]
    gutter = max(map(len, labels)) + 1
    room = max(1, width - gutter - 1)
    levels = resample(bars.heights, room)
    marked = _marked_column(bars, room)
    lines = [] if bars.marker is None else [_marker_line(bars, gutter, marked, width)]
    rows = max(1, height - 1 - len(lines))
    for row in range(rows):
        label = labels[0] if row == 0 else labels[1] if row == rows - 1 else ""
        body = _row(levels, (bars.y_low, top), rows - 1 - row, rows, marked)
        lines.append(Content.assemble((f"{label:>{gutter - 1}} ▏", "$muted"), body))
    lines.append(_axis(bars, gutter, room))
    return lines[:height]


def resample(heights: tuple[float, ...], columns: int) -> list[float]:
    """Stretch bars over columns, or take the tallest of those that share one."""
    count = len(heights)
    if count <= columns:
        return [heights[column * count // columns] for column in range(columns)]
    return [
        max(heights[column * count // columns : (column + 1) * count // columns]) for column in range(columns)
    ]


def _row(
    levels: list[float], span: tuple[float, float], floor: int, rows: int, marked: int | None
) -> Content:
    low, high = span
    cells = []
    for column, level in enumerate(levels):
        filled = (level - low) / (high - low) * rows - floor if high > low else 1.0
        # Even the smallest bar shows.
        eighths = min(max(round(filled * 8), 1), 8) if filled > 0 else 0
        cell = (EIGHTHS[eighths - 1], "$primary") if eighths else (" ", "")
        if column == marked:
            cell = ("┃", "bold $accent")
        cells.append(cell)
    return Content.assemble(*_runs(cells))


def _runs(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    runs: list[tuple[str, str]] = []
    for text, style in cells:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + text, style)
        else:
            runs.append((text, style))
    return runs


def _marked_column(bars: Bars, room: int) -> int | None:
    if bars.marker is None or bars.x_high <= bars.x_low:
        return None
    share = (bars.marker[0] - bars.x_low) / (bars.x_high - bars.x_low)
    return int(share * room) if 0 <= share < 1 else None


def _marker_line(bars: Bars, gutter: int, marked: int | None, width: int) -> Content:
    if bars.marker is None or marked is None:
        return Content("")
    name, start = f"{bars.marker[1]} {bars.write_x(bars.marker[0])}", gutter + 1 + marked
    if start + 2 + len(name) > width:
        before = max(0, start - 1 - len(name))
        return Content.assemble(" " * before, (f"{name} ┃", "bold $accent"))
    return Content.assemble(" " * start, (f"┃ {name}", "bold $accent"))


def _axis(bars: Bars, gutter: int, room: int) -> Content:
    """Write the ends of the axis and, where there is room, what it counts."""
    low, high = bars.write_x(bars.x_low), bars.write_x(bars.x_high)
    between = room - len(low) - len(high)
    title = bars.x_title if len(bars.x_title) + 2 <= between else ""
    return Content.styled(f"{'':>{gutter + 1}}{low}{title:^{max(0, between)}}{high}", "$muted")
