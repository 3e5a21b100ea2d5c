"""The person's own keys: keymap.toml in the configuration folder."""

import difflib
import tomllib
from pathlib import Path

from tui.state.folders import config_folder
from tui.state.registry import all_actions
from warehouse.errors import UsageError

FILE_NAME = "keymap.toml"
MODIFIERS = {"ctrl": "^", "shift": "⇧"}


def read_keymap(path: Path | None = None) -> dict[str, str]:
    """Return the keys of the file by action name; empty where there is no file.

    The file has one table, `[keys]`: `"overview.next_figure" = "f"`, or a list of keys.

    Raises:
        UsageError: the file is no TOML, or names an action that does not exist.
    """
    path = path or config_folder() / FILE_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        msg = f"cannot read {path}: {error}; correct the file or move it away"
        raise UsageError(msg) from error
    keys = content.get("keys", {})
    if not isinstance(keys, dict):
        msg = f'{path}: keys must be a table; write [keys] and below it "app.quit" = "Q"'
        raise UsageError(msg)
    known = {action.name for action in all_actions()}
    for name, value in keys.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f'; did you mean "{nearest[0]}"?' if nearest else "; press ? in the app for the names"
            msg = f'{path}: there is no action "{name}"{hint}'
            raise UsageError(msg)
        if not isinstance(value, str | list) or not all(isinstance(key, str) for key in value):
            msg = f'{path}: the keys of "{name}" must be a text or a list of texts'
            raise UsageError(msg)
        if not all(key.strip() for key in _joined(value).split(",")):
            msg = f'{path}: one of the keys of "{name}" is empty; the key , is written comma'
            raise UsageError(msg)
    return {name: _joined(value) for name, value in keys.items()}


def _joined(keys: str | list[str]) -> str:
    return keys if isinstance(keys, str) else ",".join(keys)


def key_name(key: str) -> str:
    """Return a key as a person would write it: `question_mark` as ?, `ctrl+p` as ^p, `escape` as Esc."""
    from textual.keys import format_key  # noqa: PLC0415  # the command line reads keymaps without Textual

    key = key.strip()
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    name = format_key(last)
    written = name if len(name) == 1 else name.capitalize()
    return "".join(MODIFIERS.get(modifier, f"{modifier}+") for modifier in modifiers) + written
