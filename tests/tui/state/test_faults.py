"""Work in threads: what it raises is told, what it imports comes whole, it can be stopped at any time."""

import asyncio
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.tui.conftest import running, screen_text, settle, wait_for
from tui.dialogs.choose import ChooseScreen
from tui.sql.query_pane import QueryPane
from tui.sql.session import SqlSession
from tui.state import fetching
from tui.state.fetching import Fetcher
from tui.state.registry import SCREEN_NAMES

ROOT = Path(__file__).resolve().parents[3]
# Every thread begins at another module; with this interval they take turns hundreds of times in each import.
IMPORTS = """
import sys, threading
sys.setswitchinterval(1e-6)
from tui.state.fetching import load_query_packages
def other(module):
    load_query_packages()
    __import__(module)
modules = ("matrices", "clusters", "compare", "kernels", "recommendations")
errors = []
threading.excepthook = lambda told: errors.append(told.exc_value)
threads = [threading.Thread(target=other, args=(f"warehouse.expressions.{name}",)) for name in modules]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(str(errors) if errors else 0)
"""


def unforeseen(*_: object, **__: object) -> None:
    """Fail as no code of ours does on purpose."""
    msg = "a value nobody thought of"
    raise ZeroDivisionError(msg)


def told(app: object) -> str:
    """Return everything the app has told."""
    return "\n".join(f"{note.title} {note.message}" for note in app._notifications)


@pytest.mark.parametrize("screen", [name for name in SCREEN_NAMES if name not in {"overview", "visualizer"}])
async def test_an_error_of_a_screen_is_told(
    screen: str, rich_database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a query raises, there is a line about it, and the whole of it in a file."""
    monkeypatch.setattr(Fetcher, "_run", unforeseen)
    monkeypatch.setattr(SqlSession, "vocabulary", unforeseen, raising=False)
    async with running(rich_database, screen=screen) as (app, pilot):
        if screen == "sql":
            app.screen.query_one(QueryPane).session.run = unforeseen
            app.screen.query_one(QueryPane).run("SELECT 1")
            await settle(pilot)
            assert not app.screen.query_one(QueryPane).running
            assert "nobody thought of" in screen_text(app)
        else:
            await wait_for(pilot, lambda: "nobody thought of" in told(app))
            assert "ZeroDivisionError" in told(app)
        log = tmp_path / "state" / "sparsity-tui" / "faults.log"
        assert "unforeseen" in log.read_text()


async def test_errors_of_dialogs_and_of_the_app_are_told(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dialogs have nothing that tells of errors, and the look at the database comes every second."""
    async with running(database) as (app, pilot):
        dialog = ChooseScreen("Which?", [("a", "A", "")], "a")
        app.push_screen(dialog)
        await settle(pilot)
        Fetcher(dialog).compute("devices", unforeseen, asyncio.Event)
        await wait_for(pilot, lambda: "devices failed a value nobody thought of" in told(app))
        monkeypatch.setattr(app.database, "look", unforeseen)
        for _ in range(3):
            app.look()
            await settle(pilot)
        assert told(app).count("database failed a value nobody thought of") == 1


async def test_an_error_of_a_widget_that_has_gone_is_told(database: Path) -> None:
    """A dialog may be left while its work fails."""
    async with running(database) as (app, pilot):
        dialog = ChooseScreen("Which?", [("a", "A", "")], "a")
        app.push_screen(dialog)
        await settle(pilot)

        def late() -> None:
            while dialog.is_running:
                pass
            unforeseen()

        fetching.run_in_thread(app, "late", late)
        dialog.dismiss(None)
        await wait_for(pilot, lambda: "late failed" in told(app))


def test_a_closed_cursor_is_interrupted_without_a_word() -> None:
    """The thread of a query may close its cursor while it is cancelled."""
    cursor = duckdb.connect().cursor()
    cursor.close()
    fetching.interrupt(cursor)


@pytest.mark.parametrize("attempt", range(2))
def test_threads_that_import_at_once_meet_whole_modules(attempt: int) -> None:
    """Ibis is imported by whichever worker comes first, the others wait."""
    result = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b""), attempt
