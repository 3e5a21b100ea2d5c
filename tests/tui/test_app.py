"""What is the same on every screen: help, palette, copying, saving, exporting, themes, links, read-only."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.dialogs.help import HelpScreen
from tui.drawing.themes import palette_of
from tui.state.folders import state_folder
from tui.state.memory import recall
from tui.state.registry import SCREEN_NAMES, actions_of, all_actions
from tui.state.selection import Selection


async def test_help_lists_and_filters_the_actions(database: Path) -> None:
    """? shows every key by where it applies; typing narrows the list; Esc leaves."""
    async with running(database, size=(100, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert all(section in screen_text(app) for section in ("Overview:", "Everywhere", "Move to the last"))
        await pilot.press(*"picture")
        await pilot.pause()
        assert "Save this screen" in screen_text(app)
        assert "Move to the last" not in screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_runs_an_action(database: Path) -> None:
    """An action can be found by words of what it does."""
    async with running(database) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.press(*"next figure")
        await wait_for(pilot, lambda: bool(app.screen.query(OptionList)) and found(app) > 0)
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert app.selection.figure == "sparsity"


def found(app) -> int:
    """Return how many actions the palette has found."""
    return app.screen.query_one(OptionList).option_count


async def test_copying_gives_a_command_that_opens_the_same_place(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Y puts the command with the whole selection on the clipboard."""
    async with running(database, link=Selection(run_id=3, layer=1, projection="o")) as (app, pilot):
        await pilot.press("y")
        assert app.clipboard == (
            f"sparsity-tui --db {database} --screen overview"
            " --model tiny-llama --run 3 --layer 1 --projection o --figure error"
        )


async def test_saving_writes_a_picture(database: Path, tmp_path: Path) -> None:
    """S writes the screen as SVG into the working folder."""
    async with running(database) as (_, pilot):
        await pilot.press("s")
        await pilot.pause()
    (picture,) = tmp_path.glob("sparsity-overview-*.svg")
    assert "tiny-llama" in picture.read_text()


@pytest.mark.parametrize("theme", ["sparsity-dark", "sparsity-light", "ansi-dark", "ansi-light", "nord"])
async def test_every_theme_shows_the_numbers(database: Path, theme: str) -> None:
    """No theme hides a figure; those of 16 colours put a bar beside each number instead of a colour."""
    async with running(database) as (app, pilot):
        app.theme = theme
        app.select(app.selection)
        await settle(pilot)
        assert "0.152" in screen_text(app)
        assert palette_of(app).plain == theme.startswith("ansi")


async def test_no_color_is_respected(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR figures are told by bars and numbers."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(database) as (app, _):
        assert palette_of(app).plain
        assert "▁ 0.154" in screen_text(app)


async def test_a_session_goes_on_where_the_last_ended(database: Path) -> None:
    """Screen, run, matrix, figure and theme are there again."""
    async with running(database, link=Selection(run_id=2, layer=1, projection="k", figure="z")) as (
        app,
        pilot,
    ):
        app.theme = "nord"
        await pilot.press("2")
        await settle(pilot)
    assert recall(database).screen == "matrix"
    async with running(database, link=Selection()) as (app, _):
        assert app.theme == "nord"
        assert app.current_mode == "matrix"
        assert app.selection == Selection("tiny-llama", 2, 1, "k", "z")


async def test_a_link_to_nowhere_says_so(database: Path) -> None:
    """The app opens all the same, on something that exists."""
    async with running(database, link=Selection(model_id="gone", layer=7)) as (app, _):
        assert app.selection.model_id == "tiny-llama"
        assert any("no model gone" in notification.message for notification in app._notifications)


async def test_read_only_removes_what_starts_work(tmp_path: Path) -> None:
    """Neither keys nor palette nor help know the build."""
    app = make_app(tmp_path / "none.db", read_only=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        assert not [action for action in app.actions.available() if action.writes]
        assert "build one from the bundled model" not in screen_text(app)
        assert "read-only" in screen_text(app)
        app.action_perform("first_run.build")
        await pilot.pause()
        assert not (tmp_path / "state" / "sparsity-tui" / "jobs").exists()


async def test_keys_after_leaving_do_nothing(database: Path) -> None:
    """What is typed behind `q` comes when there is no screen any more."""
    async with running(database) as (app, pilot):
        await pilot.press("q")
        for action in all_actions():
            app.action_perform(action.name)
        assert app._exception is None


@pytest.mark.parametrize("screen", SCREEN_NAMES)
async def test_keys_before_a_screen_is_there_do_nothing(screen: str, database: Path) -> None:
    """A key behind the one that opens a screen may come before the screen has its widgets."""
    async with running(database, screen="runs" if screen == "overview" else "overview") as (app, pilot):
        app.action_perform(f"app.screen_{screen}")
        for action in (*actions_of(screen), *actions_of("app")):
            if action.verb != "quit" and not action.verb.startswith("screen_"):
                app.action_perform(action.name)
        await settle(pilot)
        assert app._exception is None


@pytest.mark.parametrize("screen", SCREEN_NAMES)
async def test_a_screen_without_tables_says_so(screen: str, database: Path) -> None:
    """On the dense model most screens have nothing to export."""
    async with running(database, screen=screen, link=Selection(run_id=1)) as (app, pilot):
        nothing = not app.screen.tables()
        app.action_perform("app.export")
        await settle(pilot)
        refused = app.screen is app.base_screen
        assert refused or not nothing
        assert refused == bool(app._notifications)


@pytest.mark.parametrize(
    ("variables", "title"),
    [
        ({"TERM": "xterm-kitty"}, "copied"),
        ({"TERM": "xterm-256color"}, "sent to the terminal"),
        ({"TERM": "linux"}, "sent to the terminal"),
        ({"TERM": "xterm-kitty", "TMUX": "socket,1,0"}, "sent to the terminal"),
    ],
)
async def test_copying_says_what_was_done(
    variables: dict[str, str], title: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a terminal that is known to take a text has copied it; else the text lies in a file as well."""
    for name in ("TMUX", "STY", "TERM_PROGRAM", "KITTY_WINDOW_ID", "WT_SESSION", "TEXTUAL_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with running(database) as (app, pilot):
        await pilot.press("y")
        (note,) = [note for note in app._notifications if note.title in {"copied", "sent to the terminal"}]
        assert note.title == title
        kept = state_folder() / "copied.txt"
        assert kept.exists() == (title != "copied")
        assert (title == "copied") or kept.read_text() == app.screen.copied_text() + "\n"


async def test_names_that_are_no_text_are_copied_and_drawn(database: Path, tmp_path: Path) -> None:
    """Bytes that the locale cannot decode are copied as the UTF-8 they are, else replaced."""
    folder = tmp_path / "donn\udcc3\udca9es"
    async with running(database) as (app, pilot):
        app.database.path = folder / "odd\udcff.db"
        await pilot.press("y")
        assert "données/odd\ufffd.db" in app.clipboard
        assert app._exception is None
