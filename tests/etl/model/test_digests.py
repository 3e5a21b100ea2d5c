"""Digests of files: right whatever was remembered, and remembered only while that is safe."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from etl.model import digests
from etl.model.digests import file_digests


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files count as large from 10 bytes on; the cache lies in the test's own folder."""
    monkeypatch.setattr(digests, "_REMEMBERED", 10)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file was written long ago."""
    now = time.time
    monkeypatch.setattr(digests.time, "time", lambda: now() + 100)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, one entry for every piece."""
    read = []
    original = digests._hash

    def spy(file: Path, start: int, length: int) -> bytes:
        read.append(file)
        return original(file, start, length)

    monkeypatch.setattr(digests, "_hash", spy)
    return read


def written(path: Path, content: bytes) -> Path:
    """Write a file so that its times differ from those of all files before it."""
    probe = path.with_name("probe")
    probe.touch()
    before = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns == before:
        probe.touch()
    path.write_bytes(content)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("later")
def test_a_large_file_is_read_once(tmp_path: Path, hashed: list[Path]) -> None:
    """A small one every time; the digests are those of hashlib."""
    large, small = written(tmp_path / "large", b"x" * 20), written(tmp_path / "small", b"x")
    for _ in range(3):
        assert file_digests([large, small]) == [sha256(b"x" * 20), sha256(b"x")]
    assert hashed == [large, small, small, small]
    assert file_digests([written(tmp_path / "empty", b"")]) == [sha256(b"")]


@pytest.mark.usefixtures("later")
def test_a_file_is_checked_until_it_is_remembered(tmp_path: Path) -> None:
    """One that fails the check stays unknown, and is checked again."""
    path = written(tmp_path / "a", b"x" * 20)

    def refuse(file: Path) -> None:
        raise ValueError(file.name)

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            file_digests([path], refuse)
    checked: list[Path] = []
    for _ in range(2):
        file_digests([path], checked.append)
    assert checked == [path]


@pytest.mark.usefixtures("later")
def test_whatever_changes_a_file_makes_it_read_again(tmp_path: Path) -> None:
    """Its content with or without its size, another file under its name, and a time set back by hand."""
    path = written(tmp_path / "a", b"x" * 20)
    assert file_digests([path]) == [sha256(b"x" * 20)]
    before = path.stat()
    written(path, b"y" * 20)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digests([path]) == [sha256(b"y" * 20)]
    written(tmp_path / "b", b"z" * 20).replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digests([path]) == [sha256(b"z" * 20)]
    written(path, b"x" * 21)
    assert file_digests([path]) == [sha256(b"x" * 21)]


@pytest.mark.usefixtures("later")
def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    """As in a hub's cache, whose snapshots are links."""
    first, second = written(tmp_path / "a", b"x" * 20), written(tmp_path / "b", b"y" * 20)
    link = tmp_path / "link"
    link.symlink_to(first)
    assert file_digests([link]) == [sha256(b"x" * 20)]
    link.unlink()
    link.symlink_to(second)
    assert file_digests([link]) == [sha256(b"y" * 20)]


def test_a_file_written_just_now_is_not_remembered(tmp_path: Path, hashed: list[Path]) -> None:
    """Another change within the granularity of its times would not show."""
    path = written(tmp_path / "a", b"x" * 20)
    for _ in range(2):
        assert file_digests([path]) == [sha256(b"x" * 20)]
    assert hashed == [path, path]


@pytest.mark.usefixtures("later")
def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest may be of neither content."""
    path = written(tmp_path / "a", b"x" * 20)
    original = digests._hash

    def change(file: Path, start: int, length: int) -> bytes:
        digest = original(file, start, length)
        written(path, b"y" * 20)
        return digest

    monkeypatch.setattr(digests, "_hash", change)
    file_digests([path])
    monkeypatch.setattr(digests, "_hash", original)
    assert file_digests([path]) == [sha256(b"y" * 20)]


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', "\0", "[" * 10**5])
def test_a_damaged_cache_is_written_anew(tmp_path: Path, content: str) -> None:
    """And never believed."""
    path = written(tmp_path / "a", b"x" * 20)
    cache = tmp_path / "cache" / "sparsity-tui" / "digests.json"
    cache.parent.mkdir(parents=True)
    cache.write_text(content)
    assert file_digests([path]) == [sha256(b"x" * 20)]
    assert list(json.loads(cache.read_text()).values()) == [sha256(b"x" * 20)]
    assert cache.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("later")
def test_the_cache_of_somebody_else_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashed: list[Path]
) -> None:
    """Nor is a folder that nothing can be written to a failure."""
    path = written(tmp_path / "a", b"x" * 20)
    file_digests([path])
    monkeypatch.setattr(digests.os, "getuid", lambda: 12345)
    assert file_digests([path]) == [sha256(b"x" * 20)]
    assert len(hashed) == 2
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert file_digests([path]) == [sha256(b"x" * 20)]


def test_small_files_are_never_looked_up(tmp_path: Path) -> None:
    """Not even where the cache holds a digest under no identity at all."""
    cache = tmp_path / "cache" / "sparsity-tui" / "digests.json"
    cache.parent.mkdir(parents=True)
    cache.write_text('{"": "0123"}')
    assert file_digests([written(tmp_path / "small", b"x")]) == [sha256(b"x")]


@pytest.mark.usefixtures("later")
def test_the_newest_entries_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache does not grow for ever."""
    monkeypatch.setattr(digests, "_MOST_ENTRIES", 2)
    for number in range(4):
        file_digests([written(tmp_path / str(number), b"x" * 20)])
    kept = json.loads((tmp_path / "cache" / "sparsity-tui" / "digests.json").read_text())
    assert [Path(identity.split("\0")[0]).name for identity in kept] == ["2", "3"]


def test_large_files_are_hashed_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest of 25 bytes in pieces of 10 is that of three digests, whatever the size of a read."""
    monkeypatch.setattr(digests, "_WHOLE", 20)
    monkeypatch.setattr(digests, "_PIECE", 10)
    monkeypatch.setattr(digests, "_CHUNK", 3)
    content = bytes(range(25))
    pieces = [hashlib.sha256(content[start : start + 10]).digest() for start in (0, 10, 20)]
    assert file_digests([written(tmp_path / "a", content)]) == [sha256(b"".join(pieces))]
    assert file_digests([written(tmp_path / "b", content[:20])]) == [sha256(content[:20])]
