"""The table of settings in docs/pipeline.md, brought up to date by `python -m etl.settings.docs FILE`."""

import sys
from pathlib import Path

from etl.settings.keys import TABLES
from warehouse.files import written_whole

BEGIN, END = "<!-- keys:begin -->\n", "<!-- keys:end -->"


def updated(text: str) -> str:
    """Return the text of the page with the table between its markers made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + settings_table() + END + after


def settings_table() -> str:
    """Return every key with its table, default and meaning, as Markdown."""
    lines = ["| table | key | default | meaning |", "|---|---|---|---|"]
    for name, table in TABLES.items():
        shown = f"[[{name}]]" if name == "prune" else f"[{name}]"
        for key, field in table.model_fields.items():
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{shown}` | `{key}` | {_shown(field.default)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if value is None or value == ():
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
    fresh = updated(page.read_text(encoding="utf-8"))
    with written_whole(page) as partial:
        partial.write_text(fresh, encoding="utf-8")
