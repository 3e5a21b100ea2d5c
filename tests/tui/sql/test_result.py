"""Results of queries: cut, sorted, drawn, shown whole, made wider, copied."""

from pathlib import Path

import pytest

from tests.sample_shapes import RUNS, Shape
from tests.sample_warehouse import build
from tests.tui.conftest import running, screen_text, settle
from tests.tui.sql.asking import WIDE, ask, pane, rows
from tui.sql.result_table import ResultTable
from tui.state.folders import state_folder


async def test_long_results_are_cut_honestly_and_sorted_whole(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The title counts all rows; sorting and exporting cover those that are not shown."""
    monkeypatch.setattr("warehouse.console.PAGE_ROWS", 100)
    total = 1007
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, f"SELECT range AS n FROM range({total})")
        assert "100 of 1,007 rows" in screen_text(app)
        for first in (0, total - 1, 0):
            await pilot.press("S")
            await settle(pilot)
            assert rows(app)[0] == {"n": first}
        await pilot.press("S", "S")
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("tab", "enter")
        await settle(pilot)
    written = (tmp_path / "sparsity-query.csv").read_text().splitlines()
    assert len(written) == total + 1


async def test_sorting_marks_the_column(database: Path) -> None:
    """An arrow beside the name shows what the rows are sorted by; the cursor stays in the column."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT run_id, perplexity FROM run_overview ORDER BY run_id")
        await pilot.press("l", "S")
        await settle(pilot)
        assert "perplexity ↑" in screen_text(app)
        assert app.screen.query_one(ResultTable).cursor_column == 1
        assert [row["perplexity"] for row in rows(app)] == sorted(run.perplexity for run in RUNS)
        await pilot.press("S")
        await settle(pilot)
        assert "perplexity ↓" in screen_text(app)


async def test_a_result_is_drawn_as_bars_and_as_points(database: Path) -> None:
    """Key p draws the column under the cursor by the texts of the rows; x and v turn the axes."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT method, sparsity, perplexity FROM run_overview ORDER BY run_id")
        await pilot.press("l", "l", "p")
        await settle(pilot)
        assert "perplexity by labels" in screen_text(app)
        line = next(line for line in screen_text(app).splitlines() if "magnitude" in line and "█" in line)
        assert line.rstrip().endswith("14.9")
        await pilot.press("x")
        await settle(pilot)
        assert "perplexity by sparsity" in screen_text(app)
        assert "sparsity →" in screen_text(app)
        assert "●" in screen_text(app)
        await pilot.press("v")
        await settle(pilot)
        assert "sparsity by" in screen_text(app)
        await pilot.press("p")
        assert isinstance(app.focused, ResultTable)


async def test_a_replaced_database_is_read_by_the_next_query(tmp_path: Path) -> None:
    """The result in view stays; the next query sees the new file."""
    path = build(tmp_path / "sparsity.db", Shape(blocks=1), RUNS[:2])
    async with running(path, WIDE, screen="sql", link=None) as (app, pilot):
        await ask(pilot, "SELECT count(*) AS n FROM pruning_runs")
        assert rows(app) == [{"n": 2}]
        build(path, Shape(blocks=1))
        app.look(again=True)
        await settle(pilot)
        assert rows(app) == [{"n": 2}]
        await ask(pilot, "SELECT count(*) AS n FROM pruning_runs")
        assert rows(app) == [{"n": 4}]


async def test_a_column_of_nulls_can_be_drawn(database: Path) -> None:
    """There is nothing to draw, beside labels or along row numbers, and the screen says so."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        for query in (
            "SELECT 'a' AS name, NULL::INT AS n",
            "SELECT NULL::DOUBLE AS n",
            "SELECT 'NaN'::DOUBLE AS n",
        ):
            await ask(pilot, query)
            app.action_perform("sql.plot")
            await settle(pilot)
            for _ in range(3):
                app.action_perform("sql.plot_x")
                await settle(pilot)
            assert pane(app).axes is not None


async def test_numbers_are_shown_whole(database: Path) -> None:
    """A column is as wide as its widest number, whatever its first row holds."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(
            pilot, "SELECT unnest([0.0, 0.5, -0.123456, NULL])::DOUBLE AS a_long_name, 1::DOUBLE / 3 AS x"
        )
        shown = screen_text(app)
        assert "-0.123456" in shown
        assert "0.333333" in shown
        assert "a_long_name" in shown
        assert "0.…" not in shown


async def test_a_column_is_made_wider_and_stays_so(database: Path) -> None:
    """Text that was cut shows; the width stays when the rows are sorted."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT repeat('0123456789', 7) AS long, 1 AS other")
        await pilot.press("escape")
        await settle(pilot)
        assert "0123456789" * 7 not in screen_text(app)
        await pilot.press(*["greater_than_sign"] * 2)
        await settle(pilot)
        assert "0123456789" * 7 in screen_text(app)
        await pilot.press("S")
        await settle(pilot)
        assert "0123456789" * 7 in screen_text(app)
        await pilot.press(*["less_than_sign"] * 20)
        await settle(pilot)
        assert "01234567890" not in screen_text(app)
        assert "other" in screen_text(app)


async def test_cells_are_copied_as_commands_are(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no terminal says that it took them, they lie in a file as well."""
    monkeypatch.setenv("TERM", "linux")
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT 'one' AS a UNION ALL SELECT 'two' ORDER BY 1")
        await pilot.press("escape")
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert [note.title for note in app._notifications][-1] == "sent to the terminal"
    assert (state_folder() / "copied.txt").read_text() == "one\n"
