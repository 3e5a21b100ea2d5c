"""What the app remembers between sessions."""

import json
import stat
from pathlib import Path

import pytest

from tui.sql.history import Entry, add_to_history
from tui.state.folders import config_folder, state_folder
from tui.state.jobs import start, stop
from tui.state.memory import FILE_NAME, Remembered, recall, remember
from tui.state.selection import Selection

DATABASE = Path("/data/sparsity.db")


def test_nothing_is_remembered_at_first() -> None:
    """A first session starts from nothing."""
    assert recall(DATABASE) == Remembered()


def test_a_session_is_remembered_per_database() -> None:
    """Each database has its own place; the theme is the same everywhere."""
    state = Remembered("nord", "matrix", Selection("m", 3, 1, "q", "z", 2))
    remember(DATABASE, state)
    assert recall(DATABASE) == state
    assert recall(Path("/data/other.db")) == Remembered(theme="nord")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b'{"databases": 3}',
        b"\xff\xfe",
        b'{"databases": {"/data/sparsity.db": []}}',
    ],
)
def test_a_damaged_file_counts_as_nothing(content: bytes) -> None:
    """A broken state file costs the memory and nothing else."""
    state_folder().mkdir(parents=True)
    (state_folder() / FILE_NAME).write_bytes(content)
    assert recall(DATABASE) == Remembered()
    remember(DATABASE, Remembered(screen="matrix"))
    assert recall(DATABASE).screen == "matrix"


def test_a_folder_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The app ends as usual where nothing can be remembered."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    remember(DATABASE, Remembered(screen="matrix"))
    assert recall(DATABASE) == Remembered()


def test_relative_base_folders_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The XDG rules want absolute paths."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert config_folder() == Path.home() / ".config" / "sparsity-tui"


def test_what_is_remembered_is_the_persons_own() -> None:
    """Others on the machine read neither the state, nor what was asked, nor the logs of jobs."""
    remember(DATABASE, Remembered("nord"))
    add_to_history(Entry("SELECT 'secret'", 1.0))
    job = start(["true"], Path.cwd() / "s.db")
    files = [path for path in state_folder().rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(state_folder().stat().st_mode) == 0o700
    stop(job)


def test_state_that_others_could_read_becomes_private() -> None:
    """A file of an earlier version is made anew with its own mode."""
    state_folder().mkdir(parents=True)
    path = state_folder() / FILE_NAME
    path.write_text("{}")
    path.chmod(0o644)
    remember(DATABASE, Remembered("nord"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in state_folder().iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("damage", [7, [], {}, None, True])
def test_a_damaged_state_is_no_state(damage: object) -> None:
    """Whatever stands in the place of a name, the app starts as at first."""
    path = state_folder() / FILE_NAME
    path.parent.mkdir(parents=True)
    entry = {"screen": damage, "selection": damage}
    path.write_text(json.dumps({"theme": damage, "databases": {str(DATABASE): entry}}))
    assert recall(DATABASE) == Remembered()
