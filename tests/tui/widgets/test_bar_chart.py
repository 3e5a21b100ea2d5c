"""Upright bars."""

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.bar_chart import Bars, draw, resample

HEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=300).map(tuple)


@given(HEIGHTS, st.integers(12, 120), st.integers(3, 40))
def test_a_chart_fills_its_place(heights: tuple[float, ...], width: int, height: int) -> None:
    """Whatever is drawn has the lines and columns asked for."""
    lines = draw(Bars(heights, 0.0, 1.0, "x", marker=(0.5, "chance")), width, height)
    assert len(lines) == height
    assert all(line.cell_length <= max(width, 24) for line in lines)


def test_bars_in_eighths() -> None:
    """Over two lines half of the highest bar fills one, a quarter half of one, nothing none."""
    upper, lower = draw(Bars((4.0, 2.0, 1.0, 0.0), 0, 4, ""), 10, 3)[:2]
    assert (upper.plain, lower.plain) == ("4.00 ▏█   ", "0.00 ▏██▄ ")


def test_the_smallest_bar_shows() -> None:
    """One feature among thousands is still seen."""
    lower = draw(Bars((10_000.0, 1.0), 0, 2, ""), 9, 3)[1]
    assert lower.plain.endswith("█▁")


def test_the_marker_stands_where_it_belongs() -> None:
    """Chance at 0.3 of the axis is marked at 0.3 of the columns, through every line of bars."""
    lines = draw(Bars((1.0,) * 10, 0.0, 1.0, "", marker=(0.3, "chance")), 27, 6)
    rows = [line.plain.partition("▏")[2] for line in lines[1:-1]]
    assert {row.index("┃") for row in rows} == {int(0.3 * len(rows[0]))}
    assert "chance 0.300" in lines[0].plain


def test_more_bars_than_columns_keep_the_tallest() -> None:
    """A peak is not lost between two columns."""
    assert resample((0.0, 9.0, 0.0, 0.0, 5.0, 1.0), 3) == [9.0, 0.0, 5.0]


def test_fewer_bars_than_columns_are_stretched() -> None:
    """Each bar takes an equal share of the columns."""
    assert resample((1.0, 2.0), 4) == [1.0, 1.0, 2.0, 2.0]


def test_a_marker_outside_the_axis_is_left_out() -> None:
    """Nothing is drawn at a wrong place."""
    lines = draw(Bars((1.0, 2.0), 0.0, 1.0, "", marker=(1.5, "chance")), 20, 5)
    assert not any("┃" in line.plain for line in lines)
