"""The lock file is the owner's alone and is never reached through a link."""

import os
import stat
from pathlib import Path

import pytest

from warehouse.locking import NotWritableError, writer_lock


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "sparsity.db"


def lock_of(database: Path) -> Path:
    return Path(f"{database}.lock")


@pytest.mark.parametrize("before", [None, 0o666])
def test_only_the_owner_may_open_the_lock(database: Path, before: int | None) -> None:
    """A new lock file is made so, whatever the umask allows, and an older one is tightened."""
    if before is not None:
        lock_of(database).touch()
        lock_of(database).chmod(before)
    umask = os.umask(0)
    try:
        with writer_lock(database):
            assert stat.S_IMODE(lock_of(database).stat().st_mode) == 0o600
    finally:
        os.umask(umask)


def symbolic(lock: Path, target: Path) -> None:
    lock.symlink_to(target)


def dangling(lock: Path, target: Path) -> None:
    lock.symlink_to(target.with_name("nowhere"))


def hard(lock: Path, target: Path) -> None:
    lock.hardlink_to(target)


def pipe(lock: Path, target: Path) -> None:
    os.mkfifo(lock)


def folder(lock: Path, target: Path) -> None:
    lock.mkdir()


@pytest.mark.parametrize("place", [symbolic, dangling, hard, pipe, folder])
def test_what_is_no_plain_lock_file_is_refused(database: Path, tmp_path: Path, place) -> None:
    """Nothing that a link leads to is opened, emptied or made; the line says what to remove."""
    target = tmp_path / "precious"
    target.write_text("kept")
    place(lock_of(database), target)
    with pytest.raises(NotWritableError, match="remove it"), writer_lock(database):
        pass
    assert target.read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()
