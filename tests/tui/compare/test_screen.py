"""The compare screen, driven by keys, against masks compared the slow way."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.sample_shapes import Shape, keep_mask, list_matrices
from tests.sample_warehouse import build
from tests.tui.conftest import running, screen_text
from tests.tui.panel_screens import SMALL, front, notes_of, opened, press, rows_of, title_of
from tests.tui.rich_sample import FIRST, RICH_RUNS, SECOND, SHAPE, jaccard, run_named
from tui.compare.text import why_they_differ
from tui.state.selection import Selection
from tui.widgets.bar_chart import BarChart
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from warehouse.expressions.compare import Contest, contests
from warehouse.expressions.views import MissingViewError, Views
from warehouse.reading import Reader


async def test_masks_compare_as_they_do_weight_by_weight(rich_database: Path) -> None:
    """Jaccard and Hamming of each matrix, and the histogram of its features, as counted from the masks."""
    async with opened(rich_database, "compare") as (app, _):
        rows = {(row[0], row[1]): row for row in rows_of(app, "matrices")}
        for matrix in list_matrices(SHAPE):
            a, b = (keep_mask(run_named(number), matrix) for number in (FIRST, SECOND))
            row = rows[str(matrix.layer), matrix.projection]
            assert float(row[2]) == pytest.approx((a & b).sum() / (a | b).sum(), abs=6e-4)
            assert float(row[4]) == pytest.approx((a != b).mean(), abs=6e-4)
        chart = app.screen.query_one(BarChart).bars
        assert sum(chart.heights) == len(jaccard(FIRST, SECOND, 1, "k"))
        lowest = float(rows_of(app, "features")[0][1])
        assert lowest == pytest.approx(float(np.min(jaccard(FIRST, SECOND, 1, "k"))), abs=6e-4)
        assert chart.marker is not None
        assert f"Jaccard {float(rows['1', 'k'][2]):.3f}" in str(app.screen.query_one("#note").render())


async def test_runs_are_chosen_and_swapped_by_keys(rich_database: Path) -> None:
    """A is the run in view everywhere, B the marked one; choosing one for both sides swaps them."""
    async with opened(rich_database, "compare", SMALL) as (app, pilot):
        await press(pilot, "x")
        assert (app.selection.run_id, app.selection.compared_run_id) == (SECOND, FIRST)
        await press(pilot, "b", "home", "enter")
        assert (app.selection.run_id, app.selection.compared_run_id) == (SECOND, 2)
        await press(pilot, "a", "home", "enter")
        assert (app.selection.run_id, app.selection.compared_run_id) == (2, SECOND)
        await press(pilot, "f")
        assert "Jaccard − chance" in title_of(app, "map")
        await press(pilot, "w")
        assert "k = 4" in title_of(app, "winners")


async def test_cost_and_sweep_show_every_run_against_dense(rich_database: Path) -> None:
    """The compared runs are marked; wanda at 50% and 70% is one line."""
    async with opened(rich_database, "compare") as (app, pilot):
        bars = app.screen.query_one(LevelBars).levels.bars
        assert [bar.value for bar in bars] == sorted(run.perplexity for run in RICH_RUNS if run.run_id > 1)
        assert {bar.level for bar in bars} == {8.12}
        assert {bar.label[:2] for bar in bars if bar.marked} == {"A ", "B "}
        plot = app.screen.query_one("#sweep PlotView", PlotView).plot
        line = next(series for series in plot.series if series.label == "wanda")
        assert (line.xs, line.ys) == ((50.0, 70.0), (9.41, 31.5))
        scatter = app.screen.query_one("#scatter PlotView", PlotView).plot
        assert [len(series.xs) for series in scatter.series] == [14, 14]
        assert scatter.levels[0].diagonal
        await front(app, pilot, "winners")
        await press(pilot, "down")
        assert "clusters better beyond chance" in str(app.screen.query_one("#note").render())
        for table in app.screen.tables():
            cursor = app.reader.cursor()
            assert table.query(cursor).fetchall(), table.name
            cursor.close()


async def test_one_run_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    """The screen says what to run, and no key does harm."""
    path = build(tmp_path / "one.db", Shape(blocks=1), RICH_RUNS[:2])
    async with running(path, SMALL, screen="compare", link=Selection(run_id=2)) as (app, pilot):
        assert "prune by several" in screen_text(app)
        await press(pilot, "x", "f", "w", "o", "J", "L", "t")
        assert "no two pruned runs" in notes_of(app)


def test_winners_need_to_stand_above_chance(rich_database: Path) -> None:
    """Wanda's planted clusters win every matrix by pairs against magnitude's random mask, both ways round."""
    reader = Reader(rich_database)
    views = Views(reader.cursor())
    for first, second, winner in ((3, 2, "a"), (2, 3, "b")):
        rows = views.rows(contests(views, first, second), Contest)
        assert len(rows) == 28
        assert {row.winner for row in rows} == {winner}
    reader.close()


def contest(**figures: object) -> Contest:
    """Return a contest that A wins by the macro ratio and B by pairs."""
    values = {
        "matrix_id": 1, "layer": 0, "projection": "q", "algorithm": "kmeans", "distance": "euclidean", "k": 4,
        "excess_a": 1.0, "excess_b": 1.5, "z_score_a": 0.0, "z_score_b": 9.0, "macro_a": 4.0, "macro_b": 2.0,
        "null_macro_a": 1.0, "null_macro_b": 1.0, "singletons_a": 0.0, "singletons_b": 0.0, "winner": "b",
        "winner_macro": "a",
    }  # fmt: skip
    return Contest(**(values | figures))


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({"singletons_a": 3.0}, "3 clusters of one"),
        ({"is_macro_at_chance_a": True, "null_macro_a": 3.9}, "at chance (3.90)"),
        ({"winner": "nobody"}, "within chance"),
        ({}, "chance level"),
        ({"winner_macro": "b"}, ""),
    ],
)
def test_why_the_published_winner_is_another(figures: dict, reason: str) -> None:
    """The first reason that explains the published figure is given; none where both agree."""
    said = why_they_differ(contest(**figures))
    assert reason in said
    assert bool(said) is bool(reason)


def test_a_database_of_older_views_is_told(rich_database: Path, tmp_path: Path) -> None:
    """A view that is not there makes a sentence that names what brings it back."""
    path = tmp_path / "old.db"
    path.write_bytes(rich_database.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW separation_winners")
    reader = Reader(path)
    with pytest.raises(MissingViewError, match="sparsity-etl run"):
        Views(reader.cursor())["separation_winners"]
    reader.close()
