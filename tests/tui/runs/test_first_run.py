"""Without a database: what the page says, and a build from it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.patience import PATIENCE_SECONDS
from tests.sample_warehouse import Shape, build
from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.state import jobs

REPOSITORY = Path(__file__).resolve().parents[3]
# Writes what `sparsity-etl run --json` writes, then publishes a small database.
BUILDER = """
import json, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tests.sample_warehouse import Shape, build
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
HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
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


async def test_a_database_made_elsewhere_opens_by_itself(tmp_path: Path) -> None:
    """The page watches for the file."""
    path = tmp_path / "later.db"
    app = make_app(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        assert app.current_mode == "first_run"
        build(path, Shape(blocks=1, chance_replicates=2))
        await wait_for(pilot, lambda: app.overview is not None)
        assert app.current_mode == "overview"


def make_foreign(path: Path) -> None:
    """Make a database of another program."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")


def make_garbage(path: Path) -> None:
    """Make a file that is no database."""
    path.write_bytes(b"not a database at all" * 1000)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [(make_foreign, "is not a sparsity-tui database"), (make_garbage, "is not a DuckDB database")],
)
async def test_files_that_cannot_be_read(tmp_path: Path, make, complaint: str) -> None:
    """The page says what is wrong, offers no build, and builds nothing when asked."""
    path = tmp_path / "odd.db"
    make(path)
    before = path.read_bytes()
    app = make_app(path)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert complaint in " ".join(screen_text(app).split())
        await pilot.press("b")
        await pilot.pause()
        assert jobs.find_running(path) is None
        assert any("there is a file already" in note.message for note in app._notifications)
    assert path.read_bytes() == before


async def test_a_locked_database_opens_when_it_is_free(database: Path, tmp_path: Path) -> None:
    """A shell that writes is named; when it closes the overview opens."""
    path = tmp_path / "locked.db"
    path.write_bytes(database.read_bytes())
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        app = make_app(path)
        async with app.run_test(size=(120, 30)) as pilot:
            await settle(pilot)
            assert f"(process {holder.pid})" in " ".join(screen_text(app).split())
            holder.stdin.close()
            holder.wait()
            await wait_for(pilot, lambda: app.overview is not None)


async def test_a_replaced_database_is_read_anew(tmp_path: Path) -> None:
    """New runs appear by themselves, with a toast, and the selection stays."""
    path = build(tmp_path / "live.db", Shape(blocks=1, chance_replicates=2))
    async with running(path) as (app, pilot):
        assert len(app.overview.matrices) == 21
        build(path, Shape(blocks=2, chance_replicates=2))
        await wait_for(pilot, lambda: len(app.overview.matrices) == 42)
        assert any("4 runs" in note.message for note in app._notifications)
        assert app.selection.run_id == 3


async def test_a_lost_database_keeps_what_is_shown(tmp_path: Path) -> None:
    """Removing the file under the app changes nothing on the screen, and a bad replacement is told."""
    path = build(tmp_path / "live.db", Shape(blocks=1, chance_replicates=2))
    async with running(path) as (app, pilot):
        path.unlink()
        await pilot.pause(1.2)
        await pilot.press("f")
        await settle(pilot)
        assert "sparsity, %" in screen_text(app)
        make_garbage(path)
        await wait_for(pilot, lambda: any("not a DuckDB" in note.message for note in app._notifications))
        assert "sparsity, %" in screen_text(app)


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


@pytest.mark.parametrize("kind", ["circle", "long", "below a file"])
async def test_a_path_nobody_can_look_at_is_told_once(tmp_path: Path, kind: str) -> None:
    """The page says that it cannot look there, in the words of the other commands."""
    path = {
        "circle": tmp_path / "circle.db",
        "long": tmp_path / ("x" * 300),
        "below a file": tmp_path / "file" / "x.db",
    }[kind]
    (tmp_path / "file").touch()
    (tmp_path / "circle.db").symlink_to(tmp_path / "circle.db")
    app = make_app(path)
    async with app.run_test(size=(200, 40)) as pilot:
        await wait_for(pilot, lambda: "cannot look at" in screen_text(app))
        assert app.current_mode == "first_run"
        assert not app._notifications


async def test_a_folder_that_closes_keeps_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking into it fails every second, which is no reason to say anything."""
    path = build(tmp_path / "live.db", Shape(blocks=1, chance_replicates=2))
    async with running(path) as (app, pilot):

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("warehouse.reading.os.stat", refuse)
        app.look()
        await settle(pilot)
        monkeypatch.undo()
        assert not app._notifications
        assert app.overview is not None
