"""Copying whole database files, and keeping a version of which DuckDB could not read everything."""

import itertools
import os
import subprocess
from pathlib import Path

from warehouse.files import sync
from warehouse.locking import NotWritableError
from warehouse.versions import beside, log_of

_CHUNK = 2**20


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its mode and times, sharing its blocks where the file system can.

    Another process does it: reading a database here and closing it again would drop the lock that this
    process holds on it.

    Raises:
        NotWritableError: it cannot be copied.
    """
    for options in (["-p", "--reflink=auto"], ["-p"]):
        copied = subprocess.run(
            ["cp", *options, str(source), str(target)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LC_ALL": "C"},
        )
        if copied.returncode == 0:
            return
    msg = f"cannot copy {source} to {target}: {copied.stderr.strip()}"
    raise NotWritableError(msg)


def holds_log(copy: Path, path: Path) -> bool:
    """Tell whether a copy with its log folded holds the whole log of the version it was made from.

    DuckDB passes over a log that it does not recognise, and over all that follows an entry cut short: it then
    leaves the file as it was, or writes its mark over what it has not read.
    """
    log, folded = log_of(path), log_of(copy)
    if not folded.exists():
        # DuckDB removes a log only where the file holds all of it.
        return True
    untouched = copy.stat().st_mtime_ns == path.stat().st_mtime_ns
    return _is_blank(log) or (not untouched and _begins_with(folded, log))


def keep(path: Path) -> Path:
    """Give a database and its log as they are a second name each, and return that of the database.

    Both are kept, since a log fits only the file it was written for.

    Raises:
        NotWritableError: they have no room under another name.
    """
    for number in itertools.count(1):
        kept = beside(path, f".kept{number}")
        pairs = ((path, kept), (log_of(path), log_of(kept)))
        if all(_is_new_name(target, source) for source, target in pairs):
            break
    for source, target in pairs:
        if not target.exists():
            _link(source, target)
    sync(path.parent)
    return kept


def kept_note(path: Path, kept: Path) -> str:
    """Say what was kept, and why."""
    return (
        f"DuckDB could not read all of {log_of(path)}: the database and its log as they were are kept as"
        f" {kept} and {log_of(kept)}; remove both if nothing is missing"
    )


def _is_new_name(target: Path, source: Path) -> bool:
    """Tell whether a name is free, or is what a job gave to the same file before it was killed."""
    return not os.path.lexists(target) or (target.exists() and target.samefile(source))


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        # A file system without hard links.
        copy_file(source, target)
        sync(target)


def _is_blank(log: Path) -> bool:
    with log.open("rb") as file:
        return not any(any(chunk) for chunk in iter(lambda: file.read(_CHUNK), b""))


def _begins_with(longer: Path, shorter: Path) -> bool:
    with longer.open("rb") as whole, shorter.open("rb") as part:
        return all(whole.read(len(chunk)) == chunk for chunk in iter(lambda: part.read(_CHUNK), b""))
