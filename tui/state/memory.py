"""What the app remembers from one start to the next: the theme, and per database what was looked at."""

import contextlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tui.state.folders import state_folder
from tui.state.selection import Selection
from warehouse.errors import SparsityError
from warehouse.files import PRIVATE, PRIVATE_FOLDER, written_whole

FILE_NAME = "state.json"
REMEMBERED_DATABASES = 50


@dataclass(frozen=True, slots=True)
class Remembered:
    """The state of the last session with one database."""

    theme: str | None = None
    screen: str | None = None
    selection: Selection = field(default_factory=Selection)


def recall(database: Path) -> Remembered:
    """Return what is remembered; a file that is missing or damaged counts as nothing remembered."""
    content = _read()
    entry = _mapping(_mapping(content, "databases"), str(database))
    chosen = _mapping(entry, "selection")
    try:
        selection = Selection(**{f.name: chosen[f.name] for f in fields(Selection) if f.name in chosen})
    except TypeError:
        selection = Selection()
    return Remembered(_text(content, "theme"), _text(entry, "screen"), selection)


def remember(database: Path, remembered: Remembered) -> None:
    """Write the state of this session; a folder that cannot be written costs no more than the memory."""
    content = _read()
    databases = _mapping(content, "databases")
    databases.pop(str(database), None)
    databases[str(database)] = {"screen": remembered.screen, "selection": asdict(remembered.selection)}
    kept = dict(list(databases.items())[-REMEMBERED_DATABASES:])
    path = state_folder() / FILE_NAME
    with contextlib.suppress(OSError, SparsityError):
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with written_whole(path, mode=PRIVATE) as arriving:
            arriving.write_text(json.dumps({"theme": remembered.theme, "databases": kept}, indent=1))


def _read() -> dict[str, Any]:
    try:
        content = json.loads((state_folder() / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _text(content: dict[str, Any], key: str) -> str | None:
    value = content.get(key)
    return value if isinstance(value, str) else None


def _mapping(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}
