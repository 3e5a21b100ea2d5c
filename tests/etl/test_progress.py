"""What the pipeline tells, on a terminal and elsewhere."""

import io
import json
import os
import re
import sys

import pytest

from etl.plan import Step
from etl.progress import BarProgress, JsonProgress, PlainProgress, Progress

HOSTILE = "\x1b]52;c;eA==\x07[/bold]\u202e"
SHOWN = "\\u001b]52;c;eA==\\u0007[/bold]\\u202e"


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def tell_everything(progress: Progress) -> None:
    """Tell each kind of line about a model whose name is an attack."""
    step = Step("prune", HOSTILE, run="", fingerprint="")
    progress.started(1, 1, step)
    progress.advanced(1, 2, HOSTILE)
    progress.note(HOSTILE)
    progress.finished(step, 1.0, 2)
    progress.ended("published", [1], {"models": 1})
    progress.close()


@pytest.mark.parametrize("kind", [PlainProgress, BarProgress])
def test_names_reach_a_terminal_in_printable_form(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither control characters nor markup of a name are obeyed, in lines or bars."""
    output = Terminal()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setenv("COLUMNS", "300")
    tell_everything(kind())
    text = re.sub(r"\x1b\[[\d;]*m", "", output.getvalue())  # colours are ours
    assert f"note: {SHOWN}" in text
    assert "\x1b]52" not in text
    assert "\u202e" not in text


def test_json_lines_are_plain(capsys: pytest.CaptureFixture) -> None:
    """A program gets the name as it is, out of a line that no terminal obeys."""
    tell_everything(JsonProgress())
    lines = capsys.readouterr().out.splitlines()
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert json.loads(lines[0])["subject"] == HOSTILE


@pytest.mark.parametrize("kind", [PlainProgress, JsonProgress])
def test_work_goes_on_when_the_reader_has_gone(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sparsity-etl run | head -1` still publishes."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        tell_everything(kind())
