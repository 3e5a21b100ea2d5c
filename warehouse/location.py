"""Where the database file is."""

import os
from pathlib import Path

from warehouse.errors import UsageError

ENVIRONMENT_VARIABLE = "SPARSITY_DB"
FILE_NAME = "sparsity.db"
#: What follows the name of the database in the names of its own files, such as sparsity.db.wal.
OWN_ENDINGS = frozenset({"wal", "lock", "work", "compact", "weights", "tmp", "kept"})


def database_path(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the absolute path of the database: the one given, else $SPARSITY_DB, else sparsity.db here.

    Symbolic links are followed, so that publishing replaces the file and not the link.

    Raises:
        UsageError: the path is relative to a folder that is gone, or is the root folder.
    """
    chosen = given or os.environ.get(ENVIRONMENT_VARIABLE) or FILE_NAME
    try:
        # Unlike Path.resolve, these accept circular links; opening the file then reports them.
        path = Path(os.path.realpath(os.path.expanduser(chosen)))  # noqa: PTH111
    except FileNotFoundError as error:
        msg = "the current folder was removed; go to another one, or name the database by its whole path"
        raise UsageError(msg) from error
    if not path.name:
        # It has no name that those of the files beside it could begin with.
        msg = f"{path} is a folder and no database; name a file with --db"
        raise UsageError(msg)
    return path


def belongs_to(path: Path, database: Path) -> bool:
    """Tell whether a path leads to the database or to a file that is kept beside it, by any name or link."""
    target = Path(os.path.realpath(path))
    if any(_is_own(place, database) for place in (target, *target.parents)):
        return True
    try:
        own = [place for place in database.parent.iterdir() if _is_own(place, database)]
    except OSError:
        return False  # nothing can be reached there
    return any(_is_same(target, place) for place in own)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False  # one of them is not there


def _is_own(path: Path, database: Path) -> bool:
    if path == database:
        return True
    beside = path.parent == database.parent and path.name.startswith(f"{database.name}.")
    return (
        beside
        and path.name.removeprefix(f"{database.name}.").split(".")[0].rstrip("0123456789") in OWN_ENDINGS
    )
