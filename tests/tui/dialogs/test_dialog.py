"""What all dialogs share: one answer each, and lists that page before they are drawn."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList

import tui
from tests.tui.conftest import running
from tui.dialogs.choose import ChooseScreen
from tui.dialogs.confirm import ConfirmScreen
from tui.dialogs.dialog import AnsweredOnce, Options, Palette
from tui.dialogs.export import ExportScreen
from tui.dialogs.help import HelpScreen
from tui.dialogs.search import SearchScreen
from tui.dialogs.tables import ExportTable
from tui.kernels.benchmark_dialog import BenchmarkScreen
from tui.kernels.benchmarks import Request
from tui.runs.run_request import RunRequest
from tui.runs.start_dialog import StartRunScreen
from tui.state.fetching import NoDatabase

HERE = Path("sparsity.db")
DIALOGS: dict[str, Callable[[], Screen]] = {
    "choose": lambda: ChooseScreen("Which?", [("a", "A", "the first")], "a"),
    "confirm": lambda: ConfirmScreen("Sure?", "text"),
    "search": lambda: SearchScreen(""),
    "export": lambda: ExportScreen(
        [ExportTable("a", "A", lambda cursor: cursor.sql("SELECT 1"))], NoDatabase()
    ),
    "help": HelpScreen,
    "palette": Palette,
    "benchmark": lambda: BenchmarkScreen(Request(HERE, 3, 0, "q", ("csr",))),
    "start": lambda: StartRunScreen(RunRequest(HERE), ()),
}


def subclasses(base: type) -> set[type]:
    """Return all classes of the app that are made from a class."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name != "tui.__main__":
            import_module(module.name)
    found, waiting = set(), [base]
    while waiting:
        made = waiting.pop().__subclasses__()
        waiting += made
        found |= {kind for kind in made if kind.__module__.startswith("tui.")}
    return found


def test_every_dialog_is_answered_once() -> None:
    """No screen over another one, and no list in it, is Textual's own."""
    assert all(issubclass(kind, AnsweredOnce) for kind in subclasses(ModalScreen))
    assert len(subclasses(ModalScreen)) >= len(DIALOGS)


@pytest.mark.parametrize("name", DIALOGS)
async def test_a_second_answer_is_none(name: str, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two answers in the same moment: the first one counts, and answers nothing else."""
    monkeypatch.setattr("tui.runs.run_request.ask_plan", lambda request: [])
    async with running(database) as (app, pilot):
        answers: list[object] = []
        below = ConfirmScreen("below", "text")
        app.push_screen(below, answers.append)
        await pilot.pause()
        app.push_screen(DIALOGS[name](), answers.append)
        await pilot.pause()
        dialog = app.screen
        dialog.dismiss("first")
        dialog.dismiss("second")
        await pilot.pause()
        assert app.screen is below
        assert answers == ["first"]
        below.dismiss(None)
        dialog.dismiss("third")
        await pilot.pause()
        assert answers == ["first", None]
        assert app.screen is app.base_screen


@pytest.mark.parametrize("key", ["ctrl+p", "T"])
async def test_the_palettes_are_ours(key: str, database: Path) -> None:
    """Commands and themes are offered by a palette that two fast keys do not end twice."""
    async with running(database) as (app, pilot):
        await pilot.press(key)
        assert isinstance(app.screen, CommandPalette)
        assert isinstance(app.screen, Palette)
        await pilot.press("escape")
        assert app.screen is app.base_screen


@pytest.mark.parametrize("page", ["page_up", "page_down"])
def test_a_list_pages_before_it_is_drawn(page: str) -> None:
    """A key may come between the choice of a line and the first drawing of the list."""
    options = Options("first", "second")
    options.set_reactive(OptionList.highlighted, 0)
    getattr(options, f"action_{page}")()
    assert options.highlighted == 0
