"""The runs screen: the ledger, starting after a plan, watching, cancelling, and finding runs again."""

import shlex
import sys
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.sample_shapes import RUNS, Shape
from tests.sample_warehouse import build
from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.app import SparsityApp
from tui.dialogs.confirm import ConfirmScreen
from tui.runs.run_request import RunRequest
from tui.runs.screen import RunsScreen
from tui.runs.start_dialog import StartRunScreen
from tui.state import jobs
from tui.widgets.table import Table
from warehouse.locking import writer_lock

SIZE = (110, 26)
# An ETL that plans two steps and runs the first until it is told to go on.
FAKE_ETL = """
import json, pathlib, sys, time
def tell(**event):
    print(json.dumps(event), flush=True)
if "plan" in sys.argv:
    if "bad" in sys.argv:
        sys.exit('error: method "bad" is not known')
    tell(event="plan", step="model", subject="tiny-llama", state="done", reason="")
    tell(event="plan", step="prune", subject="tiny-llama wanda 0.5", state="new", reason="")
else:
    tell(event="step", state="started", number=1, count=2, step="prune", subject="tiny-llama wanda 0.5")
    tell(event="progress", done=1, total=2, detail="block 0")
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    tell(event="finished", state="published", run_ids=[3], rows_written={"models": 1})
"""


@pytest.fixture
def etl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a database of its own, where `sparsity-etl` is the fake one."""
    script = tmp_path / "etl.py"
    script.write_text(FAKE_ETL)
    monkeypatch.setattr(jobs, "program", lambda *_: (sys.executable, str(script)))
    monkeypatch.setattr("tui.runs.start_dialog.ASK_AFTER_SECONDS", 0.01)
    monkeypatch.setattr("tui.runs.screen.WATCH_SECONDS", 0.2)
    monkeypatch.setattr("tui.runs.start_dialog.list_gpus", list)
    return build(tmp_path / "sparsity.db", Shape(blocks=1), RUNS[:2])


def runs_screen(app: SparsityApp) -> RunsScreen:
    assert isinstance(app.base_screen, RunsScreen)
    return app.base_screen


async def agree(pilot: Pilot) -> StartRunScreen:
    """Open the dialog and wait until the ETL has agreed."""
    await pilot.press("b")
    await wait_for(pilot, lambda: isinstance(pilot.app.screen, StartRunScreen))
    dialog = pilot.app.screen
    assert isinstance(dialog, StartRunScreen)
    await wait_for(pilot, lambda: dialog.agreed is not None)
    return dialog


async def until(app: SparsityApp, pilot: Pilot, state: str) -> None:
    """Wait until the line on top of the ledger has a state."""
    await wait_for(pilot, lambda: bool(runs_screen(app).rows) and runs_screen(app).rows[0].state == state)


async def test_the_ledger_shows_runs_and_their_steps(database: Path) -> None:
    """Each invocation is a line; what is under the cursor has its steps, its log and its command."""
    async with running(database, SIZE, screen="runs") as (app, pilot):
        await wait_for(pilot, lambda: bool(runs_screen(app).history.invocations))
        text = screen_text(app)
        assert "✓ finished" in text
        assert "1,234" in text
        assert "No log: this run was not started from the app" in text
        await pilot.press("y")
        assert app.clipboard == "sparsity-etl run"
        assert [table.name for table in app.screen.tables()] == ["etl-runs", "etl-steps"]


async def test_a_run_is_started_watched_and_finished(etl: Path) -> None:
    """The dialog shows command, place and plan; the run its progress; what it published appears."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        dialog = await agree(pilot)
        assert "It runs on the CPU" in screen_text(app)
        assert "1 of 2 steps to do (1 prune)" in " ".join(screen_text(app).split())
        command = f"sparsity-etl run --db {etl} --method magnitude wanda sparsegpt"
        assert dialog.request.written().startswith(command)
        await pilot.press("ctrl+s")
        await until(app, pilot, "running")
        await wait_for(pilot, lambda: "block 0" in screen_text(app))
        assert "step 1 of 2: prune tiny-llama wanda 0.5" in screen_text(app)
        assert "25%" in screen_text(app)
        assert app.screen.why_not("start") == "a run is in progress; a database has one writer at a time"
        build(etl, Shape(blocks=1))
        (etl.parent / "go").touch()
        await until(app, pilot, "published")
        await wait_for(pilot, lambda: app.overview is not None and len(app.overview.runs) == len(RUNS))
        assert not app.screen.query_one("#run-progress", Static).display
        assert "the run has ended: published" in [notice.title for notice in app._notifications]


async def test_a_run_outlives_the_app_and_is_cancelled_in_the_next(etl: Path) -> None:
    """A later session finds the run with its progress; x and y end it, n does not."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        await agree(pilot)
        await pilot.press("ctrl+s")
        await until(app, pilot, "running")
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        await until(app, pilot, "running")
        await wait_for(pilot, lambda: "block 0" in screen_text(app))
        for answer, state in (("n", "running"), ("enter", "running"), ("y", "failed")):
            if not isinstance(app.screen, ConfirmScreen):
                await pilot.press("x")
            await pilot.press(answer)
            await until(app, pilot, state)
        assert app.screen.why_not("cancel") == "this run has ended"
        assert "the run failed" in [notice.title for notice in app._notifications]


async def test_wrong_choices_are_not_started(etl: Path) -> None:
    """What the ETL says of a wrong choice is shown, and Ctrl+S does nothing until it agrees."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        dialog = await agree(pilot)
        dialog.query_one("#methods", Input).value = "bad"
        await wait_for(pilot, lambda: 'method "bad" is not known' in screen_text(app))
        await pilot.press("ctrl+s")
        assert app.screen is dialog
        assert jobs.find_jobs(etl) == []
        await pilot.press("escape")
        assert app.screen is runs_screen(app)


async def test_a_program_that_is_missing_is_said(etl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that cannot be started leaves a notice and no line."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        await agree(pilot)
        monkeypatch.setattr(jobs, "program", lambda *_: ("/no/such/etl",))
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert any("cannot start /no/such/etl" in notice.message for notice in app._notifications)
        assert len(runs_screen(app).rows) == 1


async def test_a_writer_outside_the_app_is_shown(etl: Path) -> None:
    """Cron's run is seen by its lock; it cannot be cancelled here, and nothing is started beside it."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        with writer_lock(etl):
            await until(app, pilot, "elsewhere")
            await pilot.press("home")
            assert "elsewhere" in screen_text(app)
            assert "is writing to this database" in str(app.screen.why_not("start"))
            assert "started outside the app" in str(app.screen.why_not("cancel"))
        await until(app, pilot, "finished")


async def test_read_only_starts_nothing(database: Path) -> None:
    """With --read-only there is no action that starts or cancels."""
    async with running(database, SIZE, screen="runs", read_only=True) as (app, pilot):
        await pilot.press("b", "x")
        assert app.screen is runs_screen(app)
        assert not any(action.writes for action in app.actions.available())


async def test_steps_and_log_take_turns_on_small_terminals(database: Path) -> None:
    """At 80 columns ] puts the log in front of the steps, and back."""
    async with running(database, (80, 24), screen="runs") as (app, pilot):
        steps, log = app.screen.query_one("#steps"), app.screen.query_one("#log")
        assert (steps.display, log.display) == (True, False)
        await pilot.press("right_square_bracket")
        assert (steps.display, log.display) == (False, True)


async def test_the_cursor_stays_on_its_run(etl: Path) -> None:
    """A run that starts while another line is looked at does not move the cursor."""
    async with running(etl, SIZE, screen="runs", link=None) as (app, pilot):
        await wait_for(pilot, lambda: len(runs_screen(app).rows) == 1)
        code = "import time; time.sleep(30)"
        job = jobs.start([sys.executable, "-c", code], etl)
        await until(app, pilot, "running")
        assert runs_screen(app).row is not None
        assert runs_screen(app).row.etl_run_id == 1
        assert app.screen.query_one("#ledger Table", Table).cursor_row == 1
        assert shlex.join([Path(sys.executable).name, "-c", code]) in screen_text(app)
        jobs.stop(job)
        await until(app, pilot, "failed")


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("dialog", [False, True], ids=["ledger", "start"])
def test_pictures(
    snap_compare, database: Path, size: tuple[int, int], dialog: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger and the dialog look as they did when they were last looked at."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("tui.runs.start_dialog.list_gpus", list)
    monkeypatch.setattr("tui.runs.start_dialog.ask_plan", lambda _request: [])
    monkeypatch.setattr("tui.runs.start_dialog.ASK_AFTER_SECONDS", 0.01)
    monkeypatch.setattr("tui.runs.screen.RunRequest", lambda _path: RunRequest(Path("/data/sparsity.db")))

    async def prepare(pilot: Pilot) -> None:
        await settle(pilot)
        if dialog:
            await agree(pilot)
            pilot.app.screen.query_one("#model", Input).cursor_blink = False

    assert snap_compare(make_app(database, screen="runs"), terminal_size=size, run_before=prepare)


async def test_the_ledger_is_exported_whole(database: Path) -> None:
    """Both tables come with all their columns, the number of the run first."""
    async with running(database, screen="runs") as (app, _):
        for table in app.screen.tables():
            cursor = app.reader.cursor()
            assert table.query(cursor).columns[0] == "etl_run_id", table.name
            cursor.close()
