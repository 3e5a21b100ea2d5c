"""The SQL screen, driven by keys: asking, completing, cancelling, and its pictures."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tests.tui.sql.asking import ENDLESS, WIDE, ask, editor_text, pane, rows, write
from tui.frame.bars import KeyLine
from tui.sql.editor import CompletionList, SqlEditor
from tui.sql.result_table import ResultTable
from tui.sql.shelf import SqlShelf
from warehouse.completion import CatalogColumn, Relation, Vocabulary
from warehouse.sql_files import saved_queries

QUESTIONS = {
    "cost": ("How much does every run cost in perplexity?", "-- How much?\nFROM run_overview;\n"),
    "depth": ("How do errors change with depth, block by block, in all runs?", "FROM layer_trends"),
}
VOCABULARY = Vocabulary(
    (
        Relation("run_overview", "view", "One row per run", (CatalogColumn("run_id", "INTEGER", None),)),
        Relation("models", "table", "One row per model", (CatalogColumn("model_id", "VARCHAR", None),)),
    ),
    ("sum",),
)


async def test_a_saved_question_is_one_key_away(database: Path) -> None:
    """The shelf has the focus; Enter loads the first question, runs it and goes to its rows."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        name, (question, text) = next(iter(saved_queries().items()))
        assert question[:30] in screen_text(app)
        await pilot.press("enter")
        await settle(pilot)
        assert editor_text(app) == text.strip(), name
        assert isinstance(app.focused, ResultTable)
        assert f"result: {len(rows(app))} rows" in screen_text(app)


async def test_the_bottom_line_dims_what_would_be_refused(database: Path) -> None:
    """Without a result there is nothing to plot or sort; with one of names alone nothing to plot."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        line = app.screen.query_one(KeyLine)
        assert {"sql.plot", "sql.sort"} <= line.refused
        await ask(pilot, "SELECT 1 AS one, 2 AS two")
        assert not {"sql.plot", "sql.sort"} & line.refused
        await ask(pilot, "SELECT 'a' AS name")
        assert line.refused & {"sql.plot", "sql.sort", "sql.run"} == {"sql.plot"}


async def test_completion_fills_in_names(database: Path) -> None:
    """Tab takes what is offered; Enter does once the arrows have moved; Esc closes the list and stays."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await write(pilot, "FROM run_", "ov")
        assert app.screen.query_one(CompletionList).display
        assert "run_overview" in screen_text(app)
        await pilot.press("tab")
        assert editor_text(app) == "FROM run_overview"
        await write(pilot, "FROM run_overview WHERE perplexity_", "r")
        await pilot.press("enter")
        assert editor_text(app).endswith("perplexity_r\n")
        assert not app.screen.query_one(CompletionList).display
        await write(pilot, "FROM run", "_")
        await pilot.press("down", "enter")
        assert editor_text(app) == "FROM run_labels"
        await write(pilot, "FROM run", "_")
        await pilot.press("escape")
        assert not app.screen.query_one(CompletionList).display
        assert isinstance(app.focused, SqlEditor)
        await pilot.press("ctrl+@")
        assert app.screen.query_one(CompletionList).display


async def test_a_failing_query_says_why(database: Path, tmp_path: Path) -> None:
    """DuckDB's message is shown and the editor has the focus; the console is the locked one."""
    async with running(database, (80, 24), screen="sql") as (app, pilot):
        await ask(pilot, "SELECT no_such_column FROM models")
        assert 'Referenced column "no_such_column" not found' in screen_text(app)
        assert "the query failed" in screen_text(app)
        assert isinstance(app.focused, SqlEditor)
        assert pane(app).page is None
        await ask(pilot, f"COPY models TO '{tmp_path}/out.csv'")
        assert "Permission Error" in screen_text(app)
        assert not (tmp_path / "out.csv").exists()


async def test_esc_cancels_a_running_query(database: Path) -> None:
    """While a query runs the title tells so, no other can be started, and Esc ends it."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        pilot.app.screen.query_one(SqlEditor).load(ENDLESS)
        await pilot.press("f5")
        await wait_for(pilot, lambda: "running" in screen_text(app))
        assert "Esc cancels" in screen_text(app)
        assert app.screen.why_not("run") == "a query is running; Esc cancels it"
        # The first moments of a query go to planning, which DuckDB does not interrupt.
        while pane(app).running:
            await pilot.press("escape")
            await pilot.pause(0.05)
        await settle(pilot)
        assert "result: cancelled" in screen_text(app)
        await ask(pilot, "SELECT 3 AS three")
        assert rows(app) == [{"three": 3}]


async def test_an_app_that_ends_takes_its_query_along(database: Path) -> None:
    """Leaving while a query runs neither waits for it nor leaves a thread behind."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        pilot.app.screen.query_one(SqlEditor).load(ENDLESS)
        await pilot.press("f5")
        await wait_for(pilot, lambda: "running" in screen_text(app))
        await pilot.pause(0.3)
        workers = list(app.workers)
    assert all(worker.is_finished for worker in workers)


async def test_what_cannot_be_done_says_why(database: Path) -> None:
    """Actions on a result need one, and a plot needs numbers."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        for verb in ("sort", "plot", "rows", "export"):
            assert app.screen.why_not(verb) == "there is no result yet; run a query first"
        await ask(pilot, "SELECT 'text' AS words")
        assert app.screen.why_not("plot") == "no column of this result holds numbers"
        assert app.screen.why_not("plot_x") == "there is no plot; p draws one"
        await ask(pilot, "SET VARIABLE x = 1")
        assert "no statement gave rows" in screen_text(app)
        app.screen.query_one(SqlEditor).load("  ")
        await pilot.press("f5")
        await settle(pilot)
        assert "write a query first" in [notice.message for notice in app._notifications]


async def test_relations_and_columns_come_from_the_shelf(database: Path) -> None:
    """Enter on a view shows its rows; Enter on a column inserts its name; the search finds both."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await pilot.press("slash", *"views", "enter")
        await pilot.press("l")
        await pilot.press("slash", *"layer", "enter")
        shelf = app.screen.query_one(SqlShelf)
        assert shelf.cursor_node is not None
        await pilot.press("enter")
        await settle(pilot)
        assert editor_text(app).startswith("FROM ")
        assert "layer" in editor_text(app)
        await pilot.press("o", "l", "j", "enter")
        await settle(pilot)
        assert isinstance(app.focused, SqlEditor)
        assert not editor_text(app).startswith("FROM ")


async def test_one_column_terminal_shows_shelf_or_result(database: Path) -> None:
    """At 80 columns the shelf and the result take turns over the same place."""
    async with running(database, (80, 24), screen="sql") as (app, pilot):
        assert not app.screen.query_one("#sql-result").display
        await ask(pilot, "SELECT 1 AS one")
        assert app.screen.query_one("#sql-result").display
        assert not app.screen.query_one("#sql-shelf").display
        await pilot.press("o")
        assert app.screen.query_one("#sql-shelf").display
        await pilot.press("r")
        assert app.screen.query_one("#sql-result").display
        assert isinstance(app.focused, ResultTable)


async def test_copy_gives_the_shell_command(database: Path) -> None:
    """Key y copies what runs the same query without the app."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT 'it''s' AS word,\n  2 AS two")
        await pilot.press("y")
        command = shlex.split(app.clipboard)
        assert command == ["sparsity-sql", "--db", str(database), "SELECT 'it''s' AS word, 2 AS two"]


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["start", "result", "plot"])
def test_pictures(
    snap_compare, database: Path, size: tuple[int, int], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shelf, a result and its plot look as they did when they were last looked at."""
    monkeypatch.setattr("warehouse.console.time", SimpleNamespace(monotonic=lambda: 0.0))
    # A question or view that is added to the project should not change these pictures.
    monkeypatch.setattr("warehouse.sql_files.saved_queries", lambda: QUESTIONS)
    monkeypatch.setattr("warehouse.completion.read_vocabulary", lambda _cursor: VOCABULARY)

    async def prepare(pilot: Pilot) -> None:
        await settle(pilot)
        if state != "start":
            await ask(pilot, "SELECT run_id, method, pattern, perplexity FROM run_overview ORDER BY run_id")
        if state == "plot":
            await pilot.press("p")
            await settle(pilot)

    assert snap_compare(make_app(database, screen="sql"), terminal_size=size, run_before=prepare)


async def test_the_bottom_line_offers_no_key_that_is_typed(database: Path) -> None:
    """In the editor only keys that no text takes are offered; elsewhere the usual ones are."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        assert " i edit " in screen_text(app).splitlines()[-1]
        assert " q quit " in screen_text(app).splitlines()[-1]
        await pilot.press("i")
        await settle(pilot)
        line = screen_text(app).splitlines()[-1]
        assert " F5 run " in line
        assert " ^q quit " in line
        assert " F1 help " in line
        for action in app.actions.available():
            for key in (key for key in app.actions.key_names(action) if len(key) == 1):
                assert f" {key} {action.label} " not in line
