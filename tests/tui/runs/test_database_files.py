"""Database files that appear, are locked, replaced, lost or closed to us while the app runs."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.sample_shapes import Shape
from tests.sample_warehouse import build
from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.state import jobs

REPOSITORY = Path(__file__).resolve().parents[3]


HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


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
