"""The SQL texts that were run, kept from one session to the next."""

import contextlib
import json
from dataclasses import asdict, dataclass

from tui.state.folders import state_folder
from warehouse.errors import SparsityError
from warehouse.files import PRIVATE, PRIVATE_FOLDER, written_whole

FILE_NAME = "sql_history.jsonl"
KEPT = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that was run, and when (seconds since 1970)."""

    text: str
    at: float


def read_history() -> list[Entry]:
    """Return what was run, the oldest first; lines that are damaged are passed over."""
    try:
        lines = (state_folder() / FILE_NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    entries = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            entry = Entry(**json.loads(line))
            if isinstance(entry.text, str):
                entries.append(entry)
    return entries


def add_to_history(entry: Entry) -> list[Entry]:
    """Write down a text, once however often it is run, and return the history.

    A folder that cannot be written costs no more than the memory of later sessions.
    """
    # Read again: another session may have added to it meanwhile.
    entries = [known for known in read_history() if known.text != entry.text][-(KEPT - 1) :]
    entries.append(entry)
    path = state_folder() / FILE_NAME
    with contextlib.suppress(OSError, SparsityError):
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with written_whole(path, mode=PRIVATE) as arriving:
            arriving.write_text(
                "".join(json.dumps(asdict(known)) + "\n" for known in entries), encoding="ascii"
            )
    return entries
