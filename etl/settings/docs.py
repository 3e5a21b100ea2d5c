"""The table of settings in docs/pipeline.md, brought up to date by `python -m etl.settings.docs FILE`."""

import sys
from pathlib import Path

from etl.settings.keys import KEYS, TABLES, SettingKey

BEGIN, END = "<!-- keys:begin -->\n", "<!-- keys:end -->"


def updated(text: str) -> str:
    """Return the text of the page with the table between its markers made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + settings_table() + END + after


def settings_table() -> str:
    """Return every key with its table, default and meaning, as Markdown."""
    lines = ["| table | key | default | meaning |", "|---|---|---|---|"]
    lines += [_row(key) for table in TABLES for key in KEYS if key.table == table]
    return "\n".join(lines) + "\n"


def _row(key: SettingKey) -> str:
    table = f"[[{key.table}]]" if key.table == "prune" else f"[{key.table}]"
    return f"| `{table}` | `{key.name}` | {_shown(key.default)} | {key.help.replace('|', chr(92) + '|')} |"


def _shown(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, tuple):
        return "`[" + ", ".join(_toml(item) for item in value) + "]`"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
