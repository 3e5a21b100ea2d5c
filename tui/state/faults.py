"""Errors that nobody foresaw: told in a line, and kept whole in a file for whoever mends them."""

import contextlib
import datetime
import traceback
from pathlib import Path

from tui.state.folders import state_folder
from warehouse.errors import SparsityError

FILE_NAME = "faults.log"
MOST_BYTES = 1 << 20


def reason_of(error: Exception) -> str:
    """Say what went wrong in a line; an error not of ours is written down, in the file that it names."""
    told = (str(error).splitlines() or [""])[0] or type(error).__name__
    if isinstance(error, SparsityError):
        return told
    path = _write_down(error)
    return f"{told} ({type(error).__name__}; details in {path})" if path else told


def _write_down(error: Exception) -> Path | None:
    path = state_folder() / FILE_NAME
    moment = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    text = f"{moment}\n{''.join(traceback.format_exception(error))}\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if path.exists() and path.stat().st_size < MOST_BYTES else "w"
        with path.open(mode, encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    return None
