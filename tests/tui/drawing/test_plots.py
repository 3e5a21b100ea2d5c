"""Plots and bars as text: where points land, what the axes say, what is told apart without colour."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.conftest import settle
from tests.tui.panel_screens import opened
from tui.drawing.colours import Palette
from tui.drawing.levels import LevelBar, Levels, axis_start, draw_bar, draw_header
from tui.drawing.plot_drawing import draw
from tui.drawing.plots import MARKERS, Level, Plot, Series, marker_of, span, tick_labels, ticks
from tui.frame.panels import text_of
from tui.widgets.plot import PlotView

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def lines_of(plot: Plot, width: int = 60, height: int = 16) -> list[str]:
    """Return a plot as lines of text."""
    return draw(plot, width, height, Palette(plain=True)).plain.split("\n")


def place_of(lines: list[str], mark: str) -> tuple[int, int]:
    """Return the line and column of a mark inside the frame."""
    return next((y, line.index(mark)) for y, line in enumerate(lines) if "│" in line and mark in line)


def test_a_plot_fills_its_place() -> None:
    """No line is longer, and there are not more lines, than there is room."""
    plot = Plot("x", "y", (Series("a", (0, 1, 2), (0, 1, 4)),))
    lines = lines_of(plot)
    assert len(lines) == 16
    assert max(map(len, lines)) <= 60


def test_points_lie_where_their_values_say() -> None:
    """The larger value is further right and further up."""
    plot = Plot("x", "y", (Series("low", (1,), (1,)), Series("high", (9,), (9,))))
    lines = lines_of(plot)
    low, high = place_of(lines, MARKERS[0]), place_of(lines, MARKERS[1])
    assert high[0] < low[0]
    assert high[1] > low[1]


def test_titles_name_both_axes_and_every_series() -> None:
    """Axes and legend are written out; a series has a marker of its own."""
    plot = Plot(
        "bytes, MB",
        "time, µs",
        (Series("sell", (1,), (1,)), Series("csr", (2,), (3,))),
        (Level("dense", 2.0),),
    )
    lines = lines_of(plot)
    assert "↑ time, µs" in lines[0]
    assert f"{MARKERS[0]} sell" in lines[0]
    assert f"{MARKERS[1]} csr" in lines[0]
    assert "··· dense" in lines[0]
    assert "bytes, MB →" in lines[-1]


def test_a_long_legend_goes_on_in_the_next_line() -> None:
    """Names are not cut off where there is another line for them."""
    names = [f"a long name {number}" for number in range(6)]
    plot = Plot("x", "y", tuple(Series(name, (1,), (1,)) for name in names))
    text = "\n".join(lines_of(plot, width=50))
    assert all(name in text for name in names)


def test_the_diagonal_is_where_both_axes_agree() -> None:
    """A point on the diagonal hides one of its dots: none beside it is further up and further left."""
    plot = Plot("x", "y", (Series("a", (1, 5, 9), (1, 5, 9)),), (Level("equal", diagonal=True),))
    points = [(y, line.index("●")) for y, line in enumerate(lines_of(plot)) if "│" in line and "●" in line]
    dots = [
        (y, x)
        for y, line in enumerate(lines_of(plot))
        for x, c in enumerate(line)
        if c == "·" and "│" in line
    ]
    assert len(points) == 3
    for y, x in dots:
        nearest = min(points, key=lambda point: abs(point[1] - x))
        assert abs(nearest[0] - y) <= 4 + abs(nearest[1] - x)


def test_upright_levels_stand_at_their_value() -> None:
    """All dots of an upright level are in one column."""
    plot = Plot("x", "y", (Series("a", (0, 10), (0, 10)),), (Level("budget", 5.0, upright=True),))
    columns = {line.index("·") for line in lines_of(plot)[1:] if "·" in line}
    assert len(columns) == 1


def test_a_level_reaches_the_axis_even_off_the_points() -> None:
    """The axis goes on to a level that no point comes near."""
    plot = Plot("x", "y", (Series("a", (0, 1), (8, 9)),), (Level("chance", 1.0),))
    assert any("····" in line for line in lines_of(plot)[1:])


def test_logarithmic_axes_number_powers_of_ten() -> None:
    """A decade takes the same room everywhere, and points that cannot be shown are none."""
    plot = Plot("x", "y", (Series("a", (1, 10, 100, 1000), (1, 10, 100, 1000)),), x_log=True, y_log=True)
    lines = lines_of(plot, 70, 20)
    columns = [line.index("●") for line in lines if "●" in line and "│" in line]
    steps = [a - b for a, b in pairwise(columns)]
    assert max(steps) - min(steps) <= 1
    assert "1000" in lines[-2]


def test_too_small_a_place_says_so() -> None:
    """Nothing is drawn that could not be read."""
    assert "z gives it the whole screen" in lines_of(Plot("x", "y", (Series("a", (1,), (1,)),)), 12, 4)[0]


def test_colour_is_left_out_of_plain_palettes() -> None:
    """Terminals without colours get none; markers tell the series apart."""
    plot = Plot("x", "y", (Series("a", (1,), (1,)), Series("b", (2,), (2,))))
    plain = draw(plot, 60, 16, Palette(plain=True))
    coloured = draw(plot, 60, 16, Palette())
    assert not any("rgb" in str(s.style) or "color" in str(s.style) for s in plain.spans)
    assert coloured.plain == plain.plain
    assert marker_of(0) != marker_of(1)


@given(FINITE, FINITE, st.integers(2, 12))
def test_ticks_are_inside_and_rise(a: float, b: float, count: int) -> None:
    """Ticks lie between the ends, rise, and are about as many as asked for."""
    low, high = span([a, b])
    found = ticks(low, high, count)
    assert found == sorted(set(found))
    room = 1e-6 * (high - low)
    assert all(low - room <= value <= high + room for value in found)
    assert len(found) <= count + 2


@given(st.lists(FINITE, min_size=1))
def test_the_span_holds_every_value(values: list[float]) -> None:
    """An axis shows all its points, also where there is one value."""
    low, high = span(values)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high


def test_tick_labels_differ() -> None:
    """Labels have as many digits as tell them apart."""
    assert tick_labels([1.0, 1.01, 1.02]) == ["1.00", "1.01", "1.02"]
    assert tick_labels([0.0, 5.0, 10.0], whole=True) == ["0", "5", "10"]


BARS = (
    LevelBar(("a",), "above", 1.5, level=1.0, limit=1.8, note="1.50×", marked=True),
    LevelBar(("b",), "below", 0.5, level=1.0, limit=9.0, note="0.50×"),
    LevelBar(("c",), "none", None, level=1.0, note="·"),
)
LEVELS = Levels("speed", BARS, "dense", "limit")


def test_a_bar_is_full_beyond_its_level_alone() -> None:
    """What stands above the level is drawn differently from what leads up to it."""
    above = draw_bar(LEVELS, BARS[0], 60).plain
    mark = above.index("┃")
    assert "░" in above[:mark]
    assert "█" not in above[:mark]
    assert "█" in above[mark:]
    assert "█" not in draw_bar(LEVELS, BARS[1], 60).plain


def test_marks_stand_at_their_values() -> None:
    """The limit is right of the level; one far beyond the axis is marked at the end."""
    above, below = draw_bar(LEVELS, BARS[0], 60).plain, draw_bar(LEVELS, BARS[1], 60).plain
    assert above.index("┃") == below.index("┃")
    assert above.index("◇") > above.index("┃")
    assert "»" in below
    assert "◇" not in below


def test_a_missing_value_leaves_the_bar_empty() -> None:
    """The level is still there."""
    line = draw_bar(LEVELS, BARS[2], 60).plain
    assert "┃" in line
    assert not set("░█") & set(line)


def test_the_header_names_the_marks_and_ends() -> None:
    """Both ends of the axis are written, and what the marks are."""
    header = draw_header(LEVELS, 60).plain
    assert "0.00" in header
    assert "1.80" in header
    assert "┃ dense" in header
    assert "◇ limit" in header


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_never_exceed_their_place(width: int) -> None:
    """A narrow place cuts the note, never the bar's line in two."""
    for bar in BARS:
        assert draw_bar(LEVELS, bar, width).cell_length <= width


def test_axes_start_below_all_values() -> None:
    """A round start below the lowest, never below zero."""
    assert axis_start([1.01, 1.2]) == pytest.approx(0.95)
    assert axis_start([0.01]) == 0.0


def test_logarithmic_bars_give_each_factor_the_same_room() -> None:
    """From 1 to 10 takes as much room as from 10 to 100."""
    bars = tuple(LevelBar((v,), "x", float(v), level=1.0) for v in (10, 100))
    levels = Levels("perplexity", bars, "dense", low=1.0, log=True)
    full = [draw_bar(levels, bar, 84).plain.count("█") for bar in bars]
    assert full[0] == pytest.approx(full[1] / 2, abs=1)


async def test_a_plot_is_drawn_again_in_other_colours(rich_database: Path) -> None:
    """A change of theme changes the colours, not the plot; its text can be written to a file."""
    async with opened(rich_database, "clusters") as (app, pilot):
        app.screen.bring_to_front("trends")
        await settle(pilot)
        view = app.screen.query_one("#trends PlotView", PlotView)
        before = view.render()
        app.theme = "sparsity-light"
        await settle(pilot)
        after = view.render()
        assert before.plain == after.plain
        assert before.spans != after.spans
        assert "block →" in text_of(app.screen.query_one("#trends"))


def test_every_format_has_a_marker_of_its_own() -> None:
    """Colours repeat and may be missing; shapes do not, for as many series as any plot has."""
    assert len({marker_of(place) for place in range(13)}) == 13
