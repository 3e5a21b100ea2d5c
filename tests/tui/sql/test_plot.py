"""What a quick plot shows of a page of rows."""

import pyarrow as pa
import pytest

from tui.sql.plot import (
    LABELS,
    MOST_POINTS,
    ROWS,
    Axes,
    choose_axes,
    draw_bars,
    make_bars,
    make_plot,
    next_axes,
)
from warehouse.console import Column, Page

TYPES = {"name": "VARCHAR", "a": "INTEGER", "b": "DOUBLE", "flag": "BOOLEAN"}


def page(**columns: list) -> Page:
    return Page(tuple(Column(name, TYPES[name]) for name in columns), pa.table(columns), complete=True)


MIXED = page(name=["x", "y"], a=[1, 2], b=[0.5, None], flag=[True, False])


@pytest.mark.parametrize(
    ("shown", "column", "expected"),
    [
        (MIXED, 1, Axes(LABELS, "a")),
        (MIXED, 0, Axes(LABELS, "b")),
        (page(a=[1, 2], b=[1.0, 2.0]), 0, Axes("b", "a")),
        (page(a=[1, 2]), 0, Axes(ROWS, "a")),
        (page(name=["x"]), 0, None),
        (page(a=[]), 0, None),
    ],
)
def test_axes_are_chosen_by_the_cursor(shown: Page, column: int, expected: Axes | None) -> None:
    """The column under the cursor goes up if it holds numbers; texts of the rows, if any, lie along."""
    assert choose_axes(shown, column) == expected


def test_axes_turn_through_every_choice() -> None:
    """Key x goes through labels, the other numbers and the row; v through the numbers."""
    axes = Axes(LABELS, "a")
    seen = []
    for _ in range(3):
        axes = next_axes(MIXED, axes, turn_y=False)
        seen.append(axes.x)
    assert seen == ["b", ROWS, LABELS]
    assert next_axes(MIXED, Axes("b", "a"), turn_y=True) == Axes(LABELS, "b")


def test_points_leave_out_rows_without_a_value() -> None:
    """NULL and NaN are no points."""
    plot = make_plot(page(a=[1, 2, 3], b=[0.5, None, float("nan")]), Axes("a", "b"))
    assert (plot.series[0].xs, plot.series[0].ys) == ((1.0,), (0.5,))


def test_many_rows_are_thinned_and_said_so() -> None:
    """At most a fixed number of evenly spaced rows is drawn, and the axis tells."""
    plot = make_plot(page(a=list(range(3 * MOST_POINTS))), Axes(ROWS, "a"))
    assert len(plot.series[0].xs) == MOST_POINTS
    assert plot.series[0].ys[:2] == (0.0, 3.0)
    assert plot.x_title == "row, one row in 3"


def test_bars_are_as_long_as_their_values() -> None:
    """The longest bar fills the room; half the value is half as long; below zero goes to the left."""
    lines = draw_bars(make_bars(page(name=["p", "q"], a=[4, 2]), Axes(LABELS, "a")), 40).plain.splitlines()
    assert lines[0] == "a →"
    assert lines[1].count("█") == 2 * lines[2].count("█") > 0
    lines = draw_bars(make_bars(page(name=["p", "q"], a=[1, -1]), Axes(LABELS, "a")), 40).plain.splitlines()
    assert lines[2].index("█") < lines[1].index("█")
    assert abs(lines[1].count("█") - lines[2].count("█")) <= 1


def test_bars_say_what_is_left_out() -> None:
    """Rows without a value have no bar, which the heading tells."""
    bars = make_bars(MIXED, Axes(LABELS, "b"))
    assert (bars.labels, bars.values, bars.left_out) == (("x",), (0.5,), 1)
    assert draw_bars(bars, 80).plain.splitlines()[0].endswith(": 1")
