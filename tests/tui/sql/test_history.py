"""Queries that were run are remembered, in the file that keeps them and in the editor."""

from pathlib import Path

from tests.tui.conftest import running, screen_text
from tests.tui.sql.asking import WIDE, ask, editor_text
from tui.sql.history import Entry, add_to_history, read_history


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
