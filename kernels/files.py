"""Files of results: one is replaced whole, another grows by a line a measurement."""

from __future__ import annotations

import json
import os
import secrets
import stat
from typing import TYPE_CHECKING, Any

from kernels.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def replace_whole(path: Path, text: str) -> None:
    """Put a text in the place of a file, which is never seen half-written and keeps its mode.

    Raises OSError; the file is then as it was, and nothing is left beside it.
    """
    target = path.resolve()
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with partial.open("x", encoding="utf-8") as file:
            if target.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def check_rows_file(path: Path) -> None:
    """Refuse, before anything is measured, a file to which no rows can be appended.

    Raises UsageError: it cannot be written, or holds something else than JSON lines.
    """
    if str(path) == "-":
        raise UsageError("cannot write rows to -: leave --out away for standard output, or name a file")
    try:
        if path.exists() and not path.is_file():
            if path.is_dir():
                raise UsageError(f"cannot write {path}: it is a folder")
            return  # a pipe or a device
        new = not path.exists()
        with path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(0)
                first = file.read(1)
                file.seek(-1, os.SEEK_END)
                if first != b"{" or file.read(1) != b"\n":
                    raise UsageError(f"{path} is no whole file of JSON lines; name another file with --out")
        if new:
            path.unlink()
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row to a file of JSON lines."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
