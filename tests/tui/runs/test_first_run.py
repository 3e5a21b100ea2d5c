"""Without a database: what the page says, and a build from it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.tui.conftest import make_app, screen_text, settle, wait_for
from tui.state import jobs

REPOSITORY = Path(__file__).resolve().parents[3]

# Writes what `sparsity-etl run --json` writes, then publishes a small database.
BUILDER = """
import json, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tests.sample_shapes import Shape
from tests.sample_warehouse import build
def tell(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)
tell("step", state="started", step="prune", subject="tiny wanda", number=1, count=2)
tell("progress", step="prune", subject="tiny wanda", done=1, total=2)
sys.stdin.read() if sys.argv[3] == "wait" else None
if sys.argv[3] == "fail":
    print("error: the disk is full; free some space", file=sys.stderr)
    sys.exit(1)
while not Path("go").exists():
    time.sleep(0.02)
build(Path(sys.argv[1]), Shape(blocks=1, chance_replicates=2))
tell("finished", state="published", run_ids=[1], rows_written={})
"""


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put a quick build in the place of the real one; its way of ending can be chosen."""
    how = {"ending": "publish"}

    def command(database: Path) -> list[str]:
        return [sys.executable, "-c", BUILDER, str(database), str(REPOSITORY), how["ending"]]

    monkeypatch.setattr(jobs, "build_command", command)
    return how


async def test_the_page_says_what_to_do(tmp_path: Path) -> None:
    """It explains the app, names the missing file and the command, and offers the build."""
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        text = screen_text(app)
    assert "No database yet" in text
    assert str(tmp_path / "none.db") in " ".join(text.split()).replace("\n", "")
    assert "sparsity-etl run --db" in text
    assert "b build" in text


async def test_a_build_shows_its_progress_and_opens_the_overview(tmp_path: Path, builder: dict) -> None:
    """B starts the job in a session of its own; the overview opens when the database is there."""
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("b")
        await wait_for(pilot, lambda: "step 1 of 2: prune tiny wanda" in screen_text(app))
        assert "25%" in screen_text(app)
        job = jobs.find_running(app.database.path)
        assert job is not None
        assert os.getsid(job.pid) == job.pid
        Path("go").touch()
        await wait_for(pilot, lambda: app.overview is not None)
        await settle(pilot)
        assert app.current_mode == "overview"
        assert "tiny-llama" in screen_text(app)


async def test_a_failed_build_says_why(tmp_path: Path, builder: dict) -> None:
    """The last line of the job and its log are shown; nothing is opened."""
    builder["ending"] = "fail"
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("b")
        await wait_for(pilot, lambda: "The build failed" in screen_text(app))
        assert "the disk is full; free some space" in screen_text(app)
        assert app.current_mode == "first_run"


async def test_a_build_outlives_the_app_and_is_found_again(tmp_path: Path, builder: dict) -> None:
    """An app that is started during a build follows it."""
    first = make_app(tmp_path / "none.db")
    async with first.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("b")
        await wait_for(pilot, lambda: "step 1 of 2" in screen_text(first))
    second = make_app(tmp_path / "none.db")
    async with second.run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, lambda: "step 1 of 2" in screen_text(second))
        Path("go").touch()
        await wait_for(pilot, lambda: second.overview is not None)


def test_a_job_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A missing program is one clear error."""
    with pytest.raises(jobs.JobError, match="cannot start /no/such/program"):
        jobs.start(["/no/such/program"], tmp_path / "none.db")


def test_a_dead_process_is_not_running(tmp_path: Path) -> None:
    """Neither a finished job nor a later process with its number counts as running."""
    job = jobs.start(
        [sys.executable, "-c", "print('{\"event\": \"note\"}'); print('bye')"], tmp_path / "x.db"
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not job.running
    assert job.events() == [{"event": "note"}]
    assert job.last_words() == "bye"
    assert not jobs.Job(os.getpid(), "0", [], "", "").running
    assert jobs.find_running(tmp_path / "x.db") is None


def test_the_command_builds_the_database(tmp_path: Path) -> None:
    """The real command is the ETL of this installation, as JSON lines."""
    command = jobs.build_command(tmp_path / "x.db")
    assert command[-4:] == ["run", "--json", "--db", str(tmp_path / "x.db")]
    helped = subprocess.run([*command[:-4], "run", "--help"], capture_output=True, text=True, check=True)
    assert "--json" in helped.stdout


@pytest.mark.parametrize("answer", ["n", "y"])
async def test_a_build_is_cancelled_after_a_yes(tmp_path: Path, builder: dict, answer: str) -> None:
    """The whole group of the job ends, the page says so, and another build can begin."""
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        assert [note.message for note in app._notifications] == ["no build is running"]
        await pilot.press("b")
        await wait_for(pilot, lambda: "step 1 of 2" in screen_text(app))
        job = jobs.find_running(app.database.path)
        assert job is not None
        await pilot.press("x")
        await pilot.pause()
        assert "Cancel this build?" in screen_text(app)
        await pilot.press(answer)
        if answer == "n":
            await pilot.pause(0.3)
            assert job.running
            jobs.stop(job)
        else:
            await wait_for(pilot, lambda: "The build was cancelled" in screen_text(app))
            with pytest.raises(ProcessLookupError):
                os.killpg(job.pid, 0)
            Path("go").touch()
            await pilot.press("b")
            await wait_for(pilot, lambda: app.overview is not None)
