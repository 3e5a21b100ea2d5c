"""What the doctor finds, from given variables, files and locks; and the command."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.sample_shapes import Shape
from tests.sample_warehouse import build
from tests.tui.test_terminal import run_without_terminal
from tui.doctor import examine as doctor
from tui.doctor import machine_findings, terminal_findings
from tui.doctor.database_findings import examine_database
from tui.doctor.findings import Finding
from tui.doctor.terminal_emulators import recognise
from tui.doctor.terminal_findings import Surroundings, examine_terminal
from tui.state.devices import Device
from warehouse.locking import writer_lock
from warehouse.migrations import SCHEMA_VERSION
from warehouse.reading import Reader

GOOD = {"TERM": "xterm-kitty", "COLORTERM": "truecolor", "LANG": "en_US.UTF-8"}
BROWSER = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "TEXTUAL_COLOR_SYSTEM": "truecolor"}


def found(environment: dict[str, str], topic: str, **settings) -> list[Finding]:
    """Return the findings of one topic."""
    where = Surroundings(environment, settings.get("encoding", "utf-8"), settings.get("size", (120, 40)))
    return [finding for finding in examine_terminal(where) if finding.topic == topic]


def test_a_good_terminal_has_nothing_to_mend() -> None:
    """Every line is good and none gives advice."""
    findings = examine_terminal(Surroundings(GOOD, "utf-8", (120, 40)))
    assert {finding.topic for finding in findings} == {"Terminal", "Colours", "Clipboard", "Text"}
    assert {(finding.state, finding.advice) for finding in findings} == {("good", "")}


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({"COLORTERM": "24bit"}, "good", "16.7 million"),
        ({"COLORTERM": "", "TERM": "xterm-256color"}, "limited", "256 colours"),
        ({"COLORTERM": "", "TERM": "xterm"}, "limited", "16 colours"),
        ({"COLORTERM": "", "TERM": "dumb"}, "missing", "no colours"),
        ({"NO_COLOR": ""}, "good", "NO_COLOR is set"),
    ],
)
def test_colours(changes: dict[str, str], state: str, text: str) -> None:
    """What Textual will draw with, by the variables it goes by."""
    (finding,) = found(GOOD | changes, "Colours")
    assert finding.state == state
    assert text in finding.sentence


@pytest.mark.parametrize(
    ("environment", "name", "state"),
    [
        ({"TERM": "xterm-kitty"}, "kitty", "good"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iTerm2", "limited"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "macOS Terminal", "missing"),
        ({"TERM": "xterm-256color", "WT_SESSION": "1"}, "Windows Terminal", "good"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "a VTE terminal", "limited"),
        ({"TERM": "xterm-256color"}, "this terminal", "limited"),
    ],
)
def test_the_clipboard_of_known_terminals(environment: dict[str, str], name: str, state: str) -> None:
    """Each is named, with what is to be set where copying does not work by itself."""
    (finding,) = found(environment, "Clipboard")
    assert finding.sentence.startswith(name)
    assert finding.state == state == recognise(environment).clipboard
    assert bool(finding.advice) == (state != "good")


@pytest.mark.parametrize(
    ("setting", "state"), [("on", "good"), ("external", "missing"), ("off", "missing"), (None, "limited")]
)
def test_tmux_is_asked(monkeypatch: pytest.MonkeyPatch, setting: str | None, state: str) -> None:
    """Inside tmux its own setting decides, whatever the terminal around it takes."""
    monkeypatch.setattr(terminal_findings, "_tmux_setting", lambda: setting)
    (finding,) = found(GOOD | {"TMUX": "/run/tmux-0/default,1,0"}, "Clipboard")
    assert finding.state == state
    assert ("set-clipboard on" in finding.advice) == (state != "good")


def test_what_stands_between_is_named() -> None:
    """SSH, tmux, GNU screen and a browser are recognised."""
    lines = found(GOOD | {"SSH_CONNECTION": "10.0.0.7 5 10.0.0.1 22", "STY": "1.pts"}, "Terminal")
    assert "10.0.0.7" in lines[1].sentence
    assert lines[2].sentence == "inside GNU screen"
    assert found(GOOD | {"STY": "1.pts"}, "Clipboard")[0].state == "missing"
    assert "web browser" in found(BROWSER, "Terminal")[0].sentence
    assert [found(BROWSER, topic)[0].state for topic in ("Colours", "Clipboard")] == ["good", "good"]


def test_size_and_characters() -> None:
    """A small window, no terminal, and an encoding without half-blocks are told with what to do."""
    assert found(GOOD, "Terminal", size=(79, 24))[0].state == "limited"
    assert found(GOOD, "Terminal", size=(80, 24))[0].state == "good"
    assert "no terminal" in found(GOOD, "Terminal", size=None)[0].sentence
    assert found(GOOD, "Text", encoding="ascii")[0].state == "missing"
    assert found({"TERM": "xterm", "TMUX": "x", "LANG": "C"}, "Text")[0].state == "limited"


def sentences(findings: list[Finding]) -> str:
    """Return what the findings say and advise."""
    return "\n".join(f"{finding.state}: {finding.sentence} {finding.advice}" for finding in findings)


@pytest.mark.parametrize("opened", [False, True])
def test_a_database_is_described(database: Path, opened: bool) -> None:
    """Path, size, version, runs by method and the folder, through the app's own connection or a new one."""
    text = sentences(examine_database(database, Reader(database) if opened else None))
    size = f"{database.stat().st_size / 1e6:.1f} MB"
    assert f"good: {database}, {size}, schema version {SCHEMA_VERSION}" in text
    assert "good: 4 runs: 1 dense, 1 magnitude, 1 sparsegpt, 1 wanda" in text
    assert "its folder can be written" in text


def test_a_missing_database_and_folder(tmp_path: Path) -> None:
    """What builds it, or makes the folder, is said."""
    text = sentences(examine_database(tmp_path / "none.db"))
    assert f"build one with: sparsity-etl run --db {tmp_path / 'none.db'}" in text
    assert "mkdir -p" in sentences(examine_database(tmp_path / "no" / "none.db"))


def test_a_file_lost_under_the_app(tmp_path: Path) -> None:
    """A reader keeps a removed file open; the doctor says that it is gone."""
    path = build(tmp_path / "lost.db", Shape(blocks=1, chance_replicates=2))
    reader = Reader(path)
    path.unlink()
    assert examine_database(path, reader)[0].state == "missing"


def test_garbage_is_told(tmp_path: Path) -> None:
    """The one line of the error stands on the page."""
    path = tmp_path / "odd.db"
    path.write_bytes(b"no database" * 1000)
    assert "is not a DuckDB database" in examine_database(path)[0].sentence


def test_the_writer_is_named(tmp_path: Path) -> None:
    """A job that writes is told with its process and command."""
    path = tmp_path / "written.db"
    with writer_lock(path):
        text = sentences(examine_database(path))
    assert f"process {os.getpid()} is writing to it: " in text
    assert "is writing" not in sentences(examine_database(path))


def test_too_little_room(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job needs room for a copy of the file."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 1000))
    assert "make room" in examine_database(database)[-1].advice


def test_gpus_and_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """GPUs are those of nvidia-smi; what is not installed has a line of its own."""
    monkeypatch.setattr(machine_findings, "list_gpus", lambda: [Device(0, "NVIDIA H200", "1 of 2 MiB used")])
    (gpu,) = machine_findings.examine_gpus()
    assert (gpu.state, gpu.sentence) == ("good", "GPU 0: NVIDIA H200, 1 of 2 MiB used")
    monkeypatch.setattr(machine_findings, "list_gpus", list)
    assert machine_findings.examine_gpus()[0].state == "limited"
    monkeypatch.setattr(machine_findings, "PACKAGES", ("duckdb", "no-such-package"))
    assert [finding.state for finding in machine_findings.examine_versions()] == ["good", "good", "missing"]


def test_a_triton_too_old_for_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told apart from one that is missing."""
    assert machine_findings.examine_triton().state == "good"
    monkeypatch.setattr(machine_findings, "_version", lambda _: "3.3.1")
    finding = machine_findings.examine_triton()
    assert (finding.state, finding.advice) == ("limited", "pip install --upgrade torch triton")
    monkeypatch.setattr(machine_findings, "_version", lambda _: None)
    assert machine_findings.examine_triton().state == "missing"


def test_the_text_survives_any_encoding() -> None:
    """Without ✓ and ✗ the marks are ASCII; nothing raises."""
    findings = [Finding("Text", "missing", "half-blocks ▀", "do this"), Finding("Text", "good", "fine")]
    assert doctor.as_text(findings) == "Text      ✗ half-blocks ▀\n            → do this\n          ✓ fine"
    plain = "Text      x half-blocks ?\n            -> do this\n          + fine"
    assert doctor.as_text(findings, "ascii") == plain


def test_the_command_needs_no_terminal(database: Path) -> None:
    """`sparsity-tui doctor` says the same in a pipe, as text and as one JSON object per line."""
    text = run_without_terminal("doctor", "--db", str(database))
    assert (text.returncode, text.stderr) == (0, "")
    assert "standard output is no terminal" in text.stdout
    assert str(database) in text.stdout
    lines = run_without_terminal("--db", str(database), "doctor", "--json").stdout.splitlines()
    findings = [json.loads(line) for line in lines]
    assert {"topic", "state", "sentence", "advice"} == set(findings[0])
    topics = list(dict.fromkeys(finding["topic"] for finding in findings))
    assert topics == ["Terminal", "Colours", "Clipboard", "Text", "GPU", "Triton", "Database", "Versions"]
