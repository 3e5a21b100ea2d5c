"""What this terminal, machine and database support: the same lines for the doctor page and the command."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.doctor.database_findings import examine_database
from tui.doctor.findings import ARROW, MARKS, PLAIN_MARKS, Finding, State
from tui.doctor.machine_findings import examine_gpus, examine_triton, examine_versions
from tui.doctor.terminal_findings import Surroundings, examine_terminal

if TYPE_CHECKING:
    from warehouse.reading import Reader


def this_terminal(size: tuple[int, int] | None = None) -> Surroundings:
    """Return the terminal this process is started in; the app gives its size in columns and lines."""
    # Textual replaces sys.stdout while the app runs.
    stream = sys.__stdout__
    if size is None and stream is not None and stream.isatty():
        size = tuple(os.get_terminal_size(stream.fileno()))
    return Surroundings(os.environ, stream.encoding if stream else "utf-8", size)


def examine(database: Path, surroundings: Surroundings, reader: "Reader | None" = None) -> list[Finding]:
    """Look at everything; takes as long as nvidia-smi does, so that the app calls it in a worker.

    A database that the app has open already is looked at through its `reader`.
    """
    return [
        *examine_terminal(surroundings),
        *examine_gpus(),
        examine_triton(),
        *examine_database(database, reader),
        *examine_versions(),
    ]


def as_text(findings: list[Finding], encoding: str = "utf-8") -> str:
    """Write the findings for a person; marks that the encoding lacks become ASCII."""
    text = "\n".join(_lines(findings, MARKS, ARROW))
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = "\n".join(_lines(findings, PLAIN_MARKS, "->"))
        return plain.encode(encoding, errors="replace").decode(encoding)
    return text


def _lines(findings: list[Finding], marks: dict[State, str], arrow: str) -> list[str]:
    lines = []
    topic = ""
    for finding in findings:
        heading = finding.topic if finding.topic != topic else ""
        topic = finding.topic
        lines.append(f"{heading:<10}{marks[finding.state]} {finding.sentence}")
        if finding.advice:
            lines.append(f"{'':<12}{arrow} {finding.advice}")
    return lines
