"""The SQL screen, driven by keys: asking, completing, cancelling, sorting, plotting, exporting."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot

from tests.sample_warehouse import RUNS, Shape, build
from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.app import SparsityApp
from tui.sql.editor import CompletionList, SqlEditor
from tui.sql.history import Entry, add_to_history, read_history
from tui.sql.query_pane import QueryPane
from tui.sql.result_table import ResultTable
from tui.sql.shelf import SqlShelf
from tui.state.folders import state_folder
from warehouse.completion import CatalogColumn, Relation, Vocabulary
from warehouse.sql_files import saved_queries

WIDE = (110, 30)
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
ENDLESS = "SELECT count(*) FROM range(4000000000) a, range(4000000000) b WHERE a.range * b.range % 7 = 1"


async def ask(pilot: Pilot, text: str) -> None:
    """Put a text into the editor and run it to its end."""
    pilot.app.screen.query_one(SqlEditor).load(text)
    await pilot.press("f5")
    await settle(pilot)


async def write(pilot: Pilot, before: str, typed: str) -> None:
    """Go to the editor and type behind a text that is there already."""
    editor = pilot.app.screen.query_one(SqlEditor)
    editor.load(before)
    editor.move_cursor(editor.document.end)
    if not editor.has_focus:
        await pilot.press("i")
    await pilot.press(*({"_": "underscore"}.get(character, character) for character in typed))


def pane(app: SparsityApp) -> QueryPane:
    return app.screen.query_one(QueryPane)


def rows(app: SparsityApp) -> list[dict]:
    return app.screen.query_one(ResultTable).page.rows.to_pylist()


def editor_text(app: SparsityApp) -> str:
    return app.screen.query_one(SqlEditor).text


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
        assert editor_text(app) == "FROM run_matrices"
        await write(pilot, "FROM run", "_")
        await pilot.press("escape")
        assert not app.screen.query_one(CompletionList).display
        assert isinstance(app.focused, SqlEditor)
        await pilot.press("ctrl+@")
        assert app.screen.query_one(CompletionList).display


async def test_history_outlives_the_app(database: Path) -> None:
    """What was run is offered in the next session, the latest in the editor; older ones come with keys."""
    async with running(database, WIDE, screen="sql") as (app, pilot):
        await ask(pilot, "SELECT 1 AS one")
        await ask(pilot, "SELECT 2 AS two")
        await ask(pilot, "SELECT 2 AS two")
    assert [entry.text for entry in read_history()] == ["SELECT 1 AS one", "SELECT 2 AS two"]
    async with running(database, WIDE, screen="sql") as (app, pilot):
        assert editor_text(app) == "SELECT 2 AS two"
        await pilot.press("ctrl+up", "ctrl+up")
        assert editor_text(app) == "SELECT 1 AS one"
        await pilot.press("ctrl+down")
        assert editor_text(app) == "SELECT 2 AS two"
        assert "SELECT 1 AS one" in screen_text(app)


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


def test_damaged_history_costs_only_its_damaged_lines(tmp_path: Path) -> None:
    """Lines that are no entries are passed over, and written over by the next query."""
    add_to_history(Entry("SELECT 1", 1.0))
    path = tmp_path / "state" / "sparsity-tui" / "sql_history.jsonl"
    path.write_text(path.read_text() + '{"text": 5, "at": 1}\nnonsense\n{"wrong": 1}\n', encoding="utf-8")
    assert read_history() == [Entry("SELECT 1", 1.0)]
    assert [entry.text for entry in add_to_history(Entry("SELECT 2", 2.0))] == ["SELECT 1", "SELECT 2"]
    assert len(path.read_text().splitlines()) == 2


def test_history_in_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Without a place to write, queries are remembered for the session alone."""
    (tmp_path / "state").write_text("a file where the folder should be")
    assert [entry.text for entry in add_to_history(Entry("SELECT 1", 1.0))] == ["SELECT 1"]
    assert read_history() == []


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
