"""What the app remembers between sessions."""

from pathlib import Path

import pytest

from tui.state.folders import config_folder, state_folder
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
