"""The database in view: when its file is read, and when it is left alone."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sample_shapes import RUNS
from tui.state.database import Database
from warehouse import reading
from warehouse.errors import SparsityError
from warehouse.locking import LockedError
from warehouse.opening import MissingDatabaseError
from warehouse.reading import Reader

WAITING_SECONDS = 10
Counter = list[Path]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Return the paths that are opened, in order."""
    paths: Counter = []

    def counted(path: Path, *arguments: object) -> Reader:
        paths.append(path)
        return Reader(path, *arguments)

    monkeypatch.setattr(reading, "Reader", counted)
    return paths


def refuse(monkeypatch: pytest.MonkeyPatch, error: SparsityError, first: Callable[[], None]) -> Counter:
    """Have every attempt to open a file fail after `first`; return the paths that were tried."""
    paths: Counter = []

    def refused(path: Path, *_: object) -> Reader:
        paths.append(path)
        first()
        raise error

    monkeypatch.setattr(reading, "Reader", refused)
    return paths


def test_a_refused_file_is_left_alone_until_it_changes(
    database: Path, tmp_path: Path, opened: Counter
) -> None:
    """Looking every second at a file that is no database costs one attempt; its replacement is read."""
    path = tmp_path / "sparsity.db"
    path.write_text("no database")
    watched = Database(path)
    with pytest.raises(SparsityError):
        watched.look()
    assert [watched.look() for _ in range(3)] == [None] * 3
    assert len(opened) == 1
    path.unlink()
    path.write_bytes(database.read_bytes())
    overview = watched.look()
    assert overview is not None
    assert len(overview.runs) == len(RUNS)
    assert len(opened) == 2


def test_a_refused_file_is_tried_again_when_asked_to(tmp_path: Path, opened: Counter) -> None:
    """The reload key tries the same file once more."""
    path = tmp_path / "sparsity.db"
    path.write_text("no database")
    watched = Database(path)
    for count in (1, 2):
        with pytest.raises(SparsityError):
            watched.look(again=True)
        assert len(opened) == count


def test_a_file_replaced_while_it_is_refused_is_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was refused is the file that was opened, not the one that lies there afterwards."""
    path = tmp_path / "sparsity.db"
    path.write_text("old")

    def replace() -> None:
        (tmp_path / "new").write_text("new")
        (tmp_path / "new").replace(path)

    tried = refuse(monkeypatch, SparsityError("no database"), replace)
    watched = Database(path)
    for count in (1, 2):
        with pytest.raises(SparsityError):
            watched.look()
        assert len(tried) == count


@pytest.mark.parametrize("error", [LockedError("held"), MissingDatabaseError("gone")], ids=["held", "gone"])
def test_what_passes_by_itself_is_tried_every_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: SparsityError
) -> None:
    """A file that another program holds, or that is not there yet, is looked at every second."""
    path = tmp_path / "sparsity.db"
    path.write_text("held")
    tried = refuse(monkeypatch, error, lambda: None)
    watched = Database(path)
    for count in (1, 2, 3):
        with pytest.raises(type(error)):
            watched.look()
        assert len(tried) == count


def test_an_unchanged_file_is_not_read_again(database: Path, opened: Counter) -> None:
    """The first look reads it, the next ones find nothing new, unless asked to read it in any case."""
    watched = Database(database)
    assert watched.look() is not None
    assert watched.look() is None
    assert watched.look(again=True) is not None
    assert len(opened) == 1


def test_what_was_read_ahead_is_given_once(database: Path, opened: Counter) -> None:
    """The look that the command line begins is the first one of the app."""
    watched = Database(database)
    watched.prefetch()
    assert watched.look() is not None
    assert watched.look() is None
    assert len(opened) == 1


def test_one_look_at_a_time(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that comes while another one reads the file finds nothing, and does not wait."""
    seen = []
    watched = Database(database)

    def look_within(path: Path, *arguments: object) -> Reader:
        second = threading.Thread(target=lambda: seen.append(watched.look()), daemon=True)
        second.start()
        second.join(WAITING_SECONDS)
        return Reader(path, *arguments)

    monkeypatch.setattr(reading, "Reader", look_within)
    assert watched.look() is not None
    assert seen == [None]
