"""The command that `y` copies leads back to what is shown, on every screen."""

import shlex
from pathlib import Path

import pytest

from tests.tui.conftest import running, screen_text, settle
from tui.app import SparsityApp
from tui.cli import app_options, command_line, passed_on
from tui.state.folders import state_folder
from tui.state.memory import FILE_NAME
from tui.state.selection import Selection

SIZE = (160, 50)
PLACE = Selection(run_id=3, layer=1, projection="k")
# What is turned, panel by panel and figure by figure, before the command is copied.
KEYS = {
    "overview": "f f l",
    "matrix": "right_square_bracket o plus plus l",
    "compare": "right_square_bracket f x w",
    "clusters": "right_square_bracket right_square_bracket f w",
    "kernels": "right_square_bracket w",
    "recommendations": "right_square_bracket plus plus J",
    "visualizer": "right_square_bracket full_stop c m down plus",
}


def seen(app: SparsityApp) -> str:
    """Return the command and what is drawn; no pane has the focus, which a command does not bring back."""
    return f"{app.base_screen.command()}\n{screen_text(app)}"


@pytest.mark.parametrize("screen", KEYS)
async def test_the_copied_command_opens_what_is_shown(screen: str, rich_database: Path) -> None:
    """A session that the command starts draws the same, whatever was remembered meanwhile."""
    async with running(rich_database, SIZE, screen=screen, link=PLACE) as (app, pilot):
        before = seen(app)
        for key in KEYS[screen].split():
            await pilot.press(key)
            await settle(pilot)
        copied = app.screen.copied_text()
        app.clear_notifications()
        app.screen.set_focus(None)
        await settle(pilot)
        shown = seen(app)
        assert shown != before
    arguments = command_line().parse_args(shlex.split(copied)[1:])
    (state_folder() / FILE_NAME).unlink()
    async with running(rich_database, SIZE, **app_options(arguments)) as (app, pilot):
        app.screen.set_focus(None)
        await settle(pilot)
        assert seen(app) == shown
        assert not app._notifications


async def test_a_view_that_is_not_there_is_told(rich_database: Path) -> None:
    """The screen opens as it does without."""
    view = {"panel": "cellar", "budget": "0.3"}
    async with running(rich_database, SIZE, screen="recommendations", view=view) as (app, _):
        assert [note.message for note in app._notifications] == ["this screen has no panel 'cellar'"]
        assert app.screen.budget == 0.3


@pytest.mark.parametrize("text", ["panel", "=spy"])
def test_a_view_is_a_name_and_a_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        command_line().parse_args(["--view", text])
    assert ended.value.code == 2
    assert "is no NAME=VALUE" in capsys.readouterr().err


def test_the_server_passes_the_view_on() -> None:
    """The served app starts where its link says."""
    given = ["serve", "--figure", "z", "--compared-run", "2", "--view", "device=NVIDIA H200"]
    passed = passed_on(command_line().parse_args(given))
    assert passed[2:] == ["--figure=z", "--compared-run=2", "--view=device=NVIDIA H200"]
