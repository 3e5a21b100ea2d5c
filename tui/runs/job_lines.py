"""The log of a job, line by line, for a person: JSON events in words, everything else as it is."""

from typing import Any

from tui.state.jobs import json_object

KINDS_OF_TROUBLE = ("error:", "Traceback")


def read_lines(lines: list[str]) -> list[str]:
    """Return the log in words; of the progress inside a step only the last is kept."""
    written: list[str] = []
    in_progress = False
    for line in lines:
        event = json_object(line)
        is_progress = event is not None and event.get("event") == "progress"
        if in_progress and is_progress:
            written.pop()
        written.append(line if event is None else _words(event))
        in_progress = is_progress
    return written


def is_trouble(line: str) -> bool:
    """Whether a line says that something went wrong."""
    return line.startswith(KINDS_OF_TROUBLE)


def _words(event: dict[str, Any]) -> str:
    kind, subject = event.get("event"), f"{event.get('step', '')} {event.get('subject', '')}".strip()
    if kind == "step" and event.get("state") == "started":
        return f"▸ {event.get('number', '?')}/{event.get('count', '?')} {subject}"
    if kind == "step":
        return f"✓ {subject}: {event.get('rows_written', 0):,} rows in {event.get('seconds', 0):.1f} s"
    if kind == "progress":
        return f"  {event.get('done', 0)} of {event.get('total', 0)} {event.get('detail', '')}".rstrip()
    if kind == "note":
        return f"note: {event.get('message', '')}"
    if kind == "finished":
        rows = sum(event.get("rows_written", {}).values())
        runs = " ".join(map(str, event.get("run_ids", [])))
        return f"✓ {event.get('state', 'finished')}" + (f": {rows:,} rows, runs {runs}" if runs else "")
    return ", ".join(f"{key} {value}" for key, value in event.items())
