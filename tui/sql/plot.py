"""A quick plot of a query's result: which columns go where, and the points or bars that come of it."""

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.drawing.figures import number
from tui.drawing.plots import Plot, Series

if TYPE_CHECKING:
    from warehouse.console import Page

MOST_POINTS = 2_000
LABELS, ROWS = "labels", "row"
WIDEST_LABEL = 36
LEFT_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Axes:
    """What is drawn: `x` is LABELS (the texts of a row), ROWS (its number) or the name of a column."""

    x: str
    y: str


@dataclass(frozen=True, slots=True)
class BarRows:
    """A labelled bar for each row."""

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    left_out: int


def numeric_columns(page: "Page") -> list[str]:
    """Return the columns that can be drawn; identifiers only where there is no other."""
    names = [column.name for column in page.columns if column.numeric]
    return [name for name in names if not name.endswith("_id")] or names


def x_choices(page: "Page", y: str) -> list[str]:
    """Return what can lie along the x axis, the likeliest first."""
    others = [name for name in numeric_columns(page) if name != y]
    labels = [LABELS] if any(column.type_name == "VARCHAR" for column in page.columns) else []
    return [*labels, *others, ROWS] if page.rows.num_rows <= MOST_POINTS else [*others, ROWS, *labels]


def choose_axes(page: "Page", column: int) -> Axes | None:
    """Choose what to draw with the cursor in a column: that column, else the last one that is a number."""
    names = numeric_columns(page)
    if not names or not page.rows.num_rows:
        return None
    wanted = page.columns[column].name if 0 <= column < len(page.columns) else ""
    y = wanted if wanted in names else names[-1]
    return Axes(x_choices(page, y)[0], y)


def next_axes(page: "Page", axes: Axes, *, turn_y: bool) -> Axes:
    """Return the next choice for the y axis (`turn_y`) or for the x axis."""
    if turn_y:
        names = numeric_columns(page)
        y = names[(names.index(axes.y) + 1) % len(names)]
        choices = x_choices(page, y)
        return Axes(axes.x if axes.x in choices else choices[0], y)
    choices = x_choices(page, axes.y)
    return Axes(choices[(choices.index(axes.x) + 1) % len(choices)], axes.y)


def make_plot(page: "Page", axes: Axes) -> Plot:
    """Return the points of two columns, of evenly spaced rows where there are many."""
    ys = page.rows.column(axes.y).to_pylist()
    xs = list(range(1, len(ys) + 1)) if axes.x == ROWS else page.rows.column(axes.x).to_pylist()
    step = max(1, -(-len(ys) // MOST_POINTS))
    pairs = ((_real(x), _real(y)) for x, y in zip(xs[::step], ys[::step], strict=True))
    points = [(x, y) for x, y in pairs if x is not None and y is not None]
    title = f"{axes.x}, one row in {step}" if step > 1 else axes.x
    series = Series("", tuple(x for x, _ in points), tuple(y for _, y in points), joined=axes.x == ROWS)
    return Plot(title, axes.y, (series,))


def make_bars(page: "Page", axes: Axes) -> BarRows:
    """Return a bar for each of the first rows, labelled by the texts in it."""
    ys = page.rows.column(axes.y).to_pylist()
    texts = [page.rows.column(c.name).to_pylist() for c in page.columns if c.type_name == "VARCHAR"]
    labels = [" ".join("NULL" if text is None else text for text in row) for row in zip(*texts, strict=True)]
    reals = map(_real, ys)
    kept = [(label, real) for label, real in zip(labels, reals, strict=True) if real is not None]
    shown = kept[:MOST_POINTS]
    return BarRows(
        axes.y, tuple(label for label, _ in shown), tuple(y for _, y in shown), len(ys) - len(shown)
    )


def draw_bars(bars: BarRows, width: int) -> Content:
    """Return a line for every bar and one for the axis; values below zero go left of the axis."""
    room_for_labels = min(WIDEST_LABEL, max(map(len, bars.labels), default=0), width // 2)
    figures = [number(value) for value in bars.values]
    room = max(4, width - room_for_labels - max(map(len, figures), default=0) - 3)
    low, high = min((0.0, *bars.values)), max((0.0, *bars.values))
    scale = room / (high - low) if high > low else 0.0
    zero = -low * scale
    lines = []
    for label, value, figure in zip(bars.labels, bars.values, figures, strict=True):
        name = label if len(label) <= room_for_labels else label[: room_for_labels - 1] + "…"
        bar = _bar(zero, value * scale, room)
        lines.append(
            Content.assemble(
                (f"{name:<{room_for_labels}} ", "$foreground"), (bar, "$primary"), (f" {figure}", "bold")
            )
        )
    note = f"left out, without a value or beyond the first {MOST_POINTS:,}: {bars.left_out:,}"
    axis = f"{bars.title} →" + (f"   {note}" if bars.left_out else "")
    return Content("\n").join([Content.styled(axis, "$text-muted"), *lines])


def _bar(zero: float, length: float, room: int) -> str:
    """Draw from the zero line: in eighths of a cell where it is at the left, else in whole cells."""
    if zero:
        ends = sorted((round(zero), round(zero + length)))
        return (" " * ends[0] + "█" * (ends[1] - ends[0])).ljust(room)
    whole, part = divmod(int(length * 8), 8)
    return ("█" * whole + (LEFT_EIGHTHS[part] if part else "")).ljust(room)


def _real(value: Any) -> float | None:
    """Return a value as a number to draw, read from text where it is too wide for Arrow; else None."""
    try:
        real = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return real if isfinite(real) else None
