"""Names that look like markup or that terminals obey: all screens and dialogs show them as they are."""

import re
from pathlib import Path

import pytest

from tests.tui.conftest import running, settle
from tests.tui.hostile import NAMES, build_hostile
from tests.tui.pseudo_terminal import Terminal, app_command
from tui.dialogs.choose import ChooseScreen
from tui.dialogs.confirm import ConfirmScreen
from tui.dialogs.export import ExportScreen
from tui.dialogs.search import SearchScreen
from tui.dialogs.tables import ExportTable
from tui.sql.query_pane import QueryPane
from tui.state import jobs
from tui.state.fetching import NoDatabase
from tui.state.registry import SCREEN_NAMES
from tui.state.selection import Selection

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Textual itself says colours, places, modes and the shape of the pointer; never the clipboard, nor C1.
FORBIDDEN = re.compile(
    rb"\x1b\](?!22;)|\xc2[\x80-\x9f]|\x1b\[2J\x1b\[Hb|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands of this installation be one that does nothing."""
    monkeypatch.setattr(jobs, "program", lambda script, module: ("true",))


def drawn(app: object) -> str:
    """Return what goes to the terminal as text, line by line without the line breaks."""
    return "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)


@pytest.mark.parametrize("name", NAMES)
async def test_all_screens_show_hostile_names(name: str, rich_database: Path, tmp_path: Path) -> None:
    """No screen fails on a name, and no control character leaves one."""
    size = (80, 24) if name in {"long", "empty"} else (160, 50)
    path = build_hostile(rich_database, tmp_path / "hostile.db", NAMES[name])
    async with running(path, size, link=Selection(run_id=3, layer=1, projection="q")) as (app, pilot):
        for screen in SCREEN_NAMES:
            app.action_perform(f"app.screen_{screen}")
            await settle(pilot)
            assert not CONTROL.search(drawn(app)), screen
            app.action_perform("app.copy")
        for action in ("app.doctor", "app.help", "app.palette"):
            app.action_perform(action)
            await settle(pilot)
            assert not CONTROL.search(drawn(app)), action
            await pilot.press("escape")
        assert app._exception is None


@pytest.mark.parametrize("name", NAMES)
async def test_texts_given_to_dialogs_and_the_console_are_shown(name: str, database: Path) -> None:
    """What a person or a file gives is text in every dialog, message, result and history."""
    text = NAMES[name]
    table = ExportTable("a", text, lambda cursor: cursor.sql("SELECT 1"))
    dialogs = [
        ChooseScreen(text, [("a", text, text)], "a"), ConfirmScreen(text, text), SearchScreen(text),
        ExportScreen([table], NoDatabase()),
    ]  # fmt: skip
    async with running(database, screen="sql") as (app, pilot):
        for dialog in dialogs:
            app.push_screen(dialog)
            await settle(pilot)
            assert not CONTROL.search(drawn(app)), type(dialog)
            dialog.dismiss(None)
            await settle(pilot)
        app.notify(text, title=text)
        app.screen.notify(text, title=text)
        quoted = text.replace("'", "''")
        app.screen.query_one(QueryPane).run(f"SELECT '{quoted}' AS \"{quoted.replace(chr(34), '')}\"")
        await settle(pilot)
        app.action_perform("sql.run")
        await settle(pilot)
        assert not CONTROL.search(drawn(app))
        assert app._exception is None


@pytest.mark.parametrize("name", ["markup", "terminal"])
def test_no_name_speaks_to_the_terminal(name: str, rich_database: Path, tmp_path: Path) -> None:
    """The bytes that the real program writes hold no sequence that came from a name."""
    folder = tmp_path / "[/bold]"
    folder.mkdir(parents=True)
    path = build_hostile(rich_database, folder / "hostile.db", NAMES[name])
    places = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    places["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    with Terminal(app_command(path, "--run=3"), columns=160, lines=50, **places) as terminal:
        assert terminal.shows("mean")
        for key in "23456789":
            terminal.press(key)
            terminal.read_for(0.4)
        terminal.press("1")
        terminal.read_for(0.3)
        terminal.press("q")
        assert terminal.wait() == 0
        found = FORBIDDEN.search(terminal.output)
        assert found is None, terminal.output[found.start() - 40 : found.end() + 20]
