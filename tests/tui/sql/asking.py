"""What the tests of the SQL screen do to ask, and what they look at."""

from textual.pilot import Pilot

from tests.tui.conftest import settle
from tui.app import SparsityApp
from tui.sql.editor import SqlEditor
from tui.sql.query_pane import QueryPane
from tui.sql.result_table import ResultTable

WIDE = (110, 30)


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
