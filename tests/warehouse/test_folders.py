"""Folders that appear whole or not at all."""

from pathlib import Path

import pytest

from warehouse.errors import SparsityError, UsageError
from warehouse.files import ExistingFileError
from warehouse.folders import folder_written_whole

MARK = "SUMS"


def write(path: Path, text: str, *, replace: bool = False) -> None:
    with folder_written_whole(path, replace=replace, mark=MARK) as partial:
        (partial / "inner").mkdir()
        (partial / "inner" / "a").write_text(text)
        (partial / MARK).write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("prepare", [lambda path: None, Path.mkdir], ids=["absent", "empty"])
def test_a_folder_appears_when_it_is_whole(tmp_path: Path, prepare) -> None:
    """While it is filled nothing has its name, or what has it stays empty; nothing else is left."""
    path = tmp_path / "out"
    prepare(path)
    with folder_written_whole(path, mark=MARK) as partial:
        (partial / "a").write_text("half")
        assert not path.exists() or not names(path)
    assert (names(path), names(tmp_path)) == (["a"], ["out"])


@pytest.mark.parametrize("error", [ValueError("half-way"), KeyboardInterrupt(), OSError(28, "No space left")])
def test_what_fails_half_way_changes_and_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """An earlier folder stays as it was, whatever ended the writing; a full disk asks for room."""
    path = tmp_path / "out"
    write(path, "old")

    def write_half() -> None:
        with folder_written_whole(path, replace=True, mark=MARK) as partial:
            (partial / "a").write_text("half")
            raise error

    with pytest.raises((SparsityError, ValueError, KeyboardInterrupt)) as raised:
        write_half()
    if isinstance(error, OSError):
        assert str(raised.value) == f"cannot write {path}: No space left; make room and try again"
    assert (names(tmp_path), names(path), (path / MARK).read_text()) == (["out"], ["SUMS", "inner"], "old")


def test_an_earlier_folder_is_replaced_when_asked(tmp_path: Path) -> None:
    """Without that it stays; with it all of its files make way."""
    path = tmp_path / "out"
    write(path, "old")
    (path / "more").touch()
    with pytest.raises(ExistingFileError):
        write(path, "new")
    assert (path / MARK).read_text() == "old"
    write(path, "new", replace=True)
    assert (names(path), (path / "inner" / "a").read_text()) == (["SUMS", "inner"], "new")
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file", "dead link"])
def test_what_another_made_is_never_replaced(tmp_path: Path, kind: str) -> None:
    """A home folder is a slip of the tongue away: only a folder with the mark makes way."""
    path = tmp_path / "out"
    if kind == "folder":
        path.mkdir()
        (path / "precious").touch()
    elif kind == "file":
        path.touch()
    else:
        path.symlink_to(path.name)
    with pytest.raises(UsageError):
        write(path, "new", replace=True)
    assert names(tmp_path) == ["out"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename that fails is the one onto the name that has just become free."""
    path = tmp_path / "out"
    write(path, "old")
    rename = Path.rename

    def fail_for_new(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    with pytest.raises(SparsityError, match="Input/output error"):
        write(path, "new", replace=True)
    assert (names(tmp_path), (path / MARK).read_text()) == (["out"], "old")


def test_a_folder_that_is_missing_is_wrong_usage(tmp_path: Path) -> None:
    """The reason is told in the words of the system, before any work."""
    with pytest.raises(UsageError, match=r"cannot write .*No such file"):
        write(tmp_path / "none" / "out", "new")
