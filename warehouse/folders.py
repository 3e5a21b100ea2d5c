"""Writing a folder of files whole: it appears, or takes the place of another, only when it is complete."""

import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import SparsityError, UsageError, lacks_room
from warehouse.files import ExistingFileError, sync

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def folder_written_whole(path: Path, *, replace: bool = False, mark: str) -> "Generator[Path]":
    """Yield a new folder beside `path`, to be filled; it becomes `path` when the block ends well.

    An empty folder is filled without asking. Of the folders that hold something, `replace` takes away those
    that hold a file named `mark` alone, by which a command knows its own: no other folder is ever removed.

    Raises:
        ExistingFileError: something is there and `replace` is false.
        UsageError: what is there is no folder of this kind, or none can be made there; before the block.
        SparsityError: the block, or the step after it, could not write.
    """
    if str(path) == "-":
        msg = "cannot write -: name a folder"
        raise UsageError(msg)
    target = Path(os.path.realpath(path))
    with _told_as(UsageError, path):
        _check_replaceable(target, path, replace=replace, mark=mark)
        partial = target.with_name(f".{secrets.token_hex(8)}.partial")
        partial.mkdir()
    try:
        with _told_as(SparsityError, path):
            yield partial
            for entry in (*partial.rglob("*"), partial):
                sync(entry)
            _put_in_place(partial, target)
            sync(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_replaceable(target: Path, path: Path, *, replace: bool, mark: str) -> None:
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir() or not (target / mark).is_file():
        msg = (
            f"{path} is there already and was not made by this command, which leaves it; choose another name"
        )
        raise UsageError(msg)
    if not replace:
        raise ExistingFileError(path)


def _put_in_place(partial: Path, target: Path) -> None:
    """Rename a folder to its name; what has that name makes way first, and comes back if that fails."""
    if not target.is_dir() or not any(target.iterdir()):
        partial.rename(target)
        return
    replaced = partial.with_suffix(".replaced")
    target.rename(replaced)
    try:
        partial.rename(target)
    except OSError:
        replaced.rename(target)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def _told_as(kind: type[SparsityError], path: Path) -> "Generator[None]":
    try:
        yield
    except OSError as error:
        room = "; make room and try again" if lacks_room(error) else ""
        msg = f"cannot write {path}: {error.strerror or error}{room}"
        raise kind(msg) from error
