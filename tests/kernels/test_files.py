"""Files of results are whole, and rows are appended to nothing but rows."""

import stat
from pathlib import Path

import pytest

from kernels.errors import UsageError
from kernels.files import append_row, check_rows_file, replace_whole


def test_a_replaced_file_keeps_its_mode_and_leaves_nothing(tmp_path):
    """The text is new, all else as before."""
    path = tmp_path / "tuned.json"
    path.write_text("old")
    path.chmod(0o640)
    replace_whole(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    assert [entry.name for entry in tmp_path.iterdir()] == ["tuned.json"]


def test_a_link_is_followed(tmp_path):
    """The file that the link leads to is replaced."""
    (tmp_path / "far.json").write_text("old")
    (tmp_path / "link.json").symlink_to("far.json")
    replace_whole(tmp_path / "link.json", "new")
    assert (tmp_path / "far.json").read_text() == "new"
    assert (tmp_path / "link.json").is_symlink()


def test_what_cannot_be_written_leaves_the_file(tmp_path):
    """A text that has no bytes fails half-way."""
    path = tmp_path / "tuned.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_whole(path, "new \ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["tuned.json"]


def test_rows_are_appended_to_rows(tmp_path):
    """A new file, an empty one and one of rows are fine; looking makes no file."""
    path = tmp_path / "bench.jsonl"
    check_rows_file(path)
    assert not path.exists()
    append_row(path, {"a": 1})
    check_rows_file(path)
    append_row(path, {"a": 2})
    assert path.read_text() == '{"a": 1}\n{"a": 2}\n'


@pytest.mark.parametrize("content", [b"DUCK\0\0", b"text\n", b'{"a": 1}\n{"a":', b"[1]\n"])
def test_other_files_are_refused(tmp_path, content):
    """A database, a text or a row cut short: nothing is appended, and the file stays."""
    path = tmp_path / "bench.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no whole file of JSON lines"):
        check_rows_file(path)
    assert path.read_bytes() == content


def test_a_dash_is_no_file(tmp_path, monkeypatch):
    """Rows go to standard output without --out; a file of that name would surprise."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="leave --out away"):
        check_rows_file(Path("-"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".", "none/bench.jsonl", "a" * 300])
def test_where_nothing_can_be_written(tmp_path, name):
    """It is told before anything is measured."""
    with pytest.raises(UsageError, match="cannot write"):
        check_rows_file(tmp_path / name)
