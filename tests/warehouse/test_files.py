"""Files that appear whole or not at all."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from warehouse.errors import SparsityError, UsageError
from warehouse.files import PRIVATE, ExistingFileError, read_finite, written_whole


def write(path: Path, text: str = "new", **options: object) -> None:
    with written_whole(path, **options) as partial:
        partial.write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """While it is written nothing has its name; afterwards nothing else is left."""
    path = tmp_path / "a.csv"
    with written_whole(path) as partial:
        partial.write_text("half")
        assert not path.exists()
    assert (path.read_text(), names(tmp_path)) == ("half", ["a.csv"])


@pytest.mark.parametrize("error", [ValueError("half-way"), KeyboardInterrupt(), OSError(28, "No space left")])
def test_what_fails_half_way_changes_and_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """An old file stays as it was, whatever ended the writing."""
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write_half() -> None:
        with written_whole(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises((SparsityError, ValueError, KeyboardInterrupt)):
        write_half()
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.csv"])


def test_the_mode_of_what_is_replaced_is_kept(tmp_path: Path) -> None:
    """A private file stays private; a new one follows the umask."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o640)
    umask = os.umask(0o027)
    try:
        write(old)
        write(new)
    finally:
        os.umask(umask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, 0o640]


def test_a_private_file_is_private_from_the_start(tmp_path: Path) -> None:
    """Nobody else reads it, not even what others could read before."""
    path = tmp_path / "history"
    path.write_text("old")
    path.chmod(0o644)
    with written_whole(path, mode=PRIVATE) as partial:
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to is replaced, also where that is not there yet."""
    (tmp_path / "far").mkdir()
    for name in ("there", "missing"):
        link, target = tmp_path / name, tmp_path / "far" / name
        if name == "there":
            target.write_text("old")
        link.symlink_to(target)
        write(link)
        assert link.is_symlink()
        assert target.read_text() == "new"


def test_an_existing_file_is_kept_unless_told(tmp_path: Path) -> None:
    """It is known before anything is written."""
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ExistingFileError, match=r"a\.csv is there already.*--force"):
        write(path, replace=False)
    assert path.read_text() == "old"
    write(path)
    assert path.read_text() == "new"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    """Between the first look and the last step another program may write the same name."""
    path = tmp_path / "a.csv"

    def write_beside_another() -> None:
        with written_whole(path, replace=False) as partial:
            partial.write_text("mine")
            path.write_text("theirs")

    with pytest.raises(ExistingFileError):
        write_beside_another()
    assert (path.read_text(), names(tmp_path)) == ("theirs", ["a.csv"])


def test_a_device_without_end_is_not_read() -> None:
    """Reading it would fill the memory."""
    with pytest.raises(OSError, match="it is a device and no file"):
        read_finite(Path("/dev/zero"))


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    """Opening it otherwise waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="nothing comes through this pipe"):
        read_finite(pipe)


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    """The file beside it has a short name of its own."""
    path = tmp_path / ("a" * 251 + ".csv")
    write(path)
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none/a.csv", "No such file"),
        ("folder", "it is a folder"),
        ("file/a.csv", "Not a directory"),
        ("a" * 300, "too long"),
        ("loop", "symbolic links"),
        ("nul\0", "null"),
    ],
)
def test_where_nothing_can_be_written(tmp_path: Path, name: str, reason: str) -> None:
    """It is wrong usage, told before any work, and names the path."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=f"cannot write .*{reason}"), written_whole(tmp_path / name):
        pytest.fail("it begins")


def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    """A named pipe, or what >(gzip) gives, stays what it is."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_text()))
    reader.start()
    write(path, replace=False)
    reader.join()
    assert got == ["new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_standard_output_by_its_name_appends(tmp_path: Path) -> None:
    """/dev/stdout is no file to replace, even where the shell sends it into one."""
    target = tmp_path / "log"
    target.write_text("before\n")
    script = (
        "from pathlib import Path\nfrom warehouse.files import written_whole\n"
        "with written_whole(Path('/dev/stdout'), replace=False) as path, path.open('a') as file:\n"
        "    file.write('after\\n')"
    )
    with target.open("a") as output:
        subprocess.run([sys.executable, "-c", script], stdout=output, check=True)
    assert target.read_text() == "before\nafter\n"


def test_a_write_protected_file_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename would pass over the protection, as writing into the file does not."""
    path = tmp_path / "a.csv"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda target, how: False)
    with pytest.raises(UsageError, match="write-protected"):
        write(path)
    assert path.read_text() == "old"
