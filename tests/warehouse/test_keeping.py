"""What DuckDB cannot read of a write-ahead log is kept, together with the file it was written for."""

import random
import shutil
from pathlib import Path

import pytest

from tests.warehouse.copies import ask, publish_row
from tests.warehouse.test_versions import kill_shell_after
from warehouse.keeping import keep
from warehouse.publishing import Writer
from warehouse.versions import log_of

NOISE = random.Random(0).randbytes(500)


def cut_short(log: bytes) -> bytes:
    return log[:-5]


def begun_wrongly(log: bytes) -> bytes:
    return b"\xff" + log[1:]


def followed_by_noise(log: bytes) -> bytes:
    return log + NOISE


def replaced_by_noise(_: bytes) -> bytes:
    return NOISE


def replaced_by_text(_: bytes) -> bytes:
    return b"notes of my own, in a file that happens to have this name\n"


@pytest.mark.parametrize(
    ("spoil", "read"),
    [
        (cut_short, {1}),
        (followed_by_noise, {1, 2}),
        (begun_wrongly, set()),
        (replaced_by_noise, set()),
        (replaced_by_text, set()),
    ],
)
def test_a_log_that_is_not_read_whole_is_kept_with_its_file(database: Path, spoil, read: set[int]) -> None:
    """A job goes on with what DuckDB reads; both files stay as they were, under names that are told."""
    kill_shell_after(database, ["INSERT INTO mine VALUES (1)", "INSERT INTO mine VALUES (2)"])
    log_of(database).write_bytes(spoil(log_of(database).read_bytes()))
    before = [path.read_bytes() for path in (database, log_of(database))]
    with Writer(database) as writer:
        writer.begin().execute("INSERT INTO mine VALUES (44)")
        writer.publish()
    kept = database.with_name("sparsity.db.kept1")
    assert [path.read_bytes() for path in (kept, log_of(kept))] == before
    assert [f"{kept} and {log_of(kept)}" in note for note in writer.notes] == [True]
    assert {row[0] for row in ask(database, "FROM mine")} == read | {42, 44}
    assert not log_of(database).exists()


def test_each_such_log_is_kept(database: Path) -> None:
    """A second one takes no name that is taken."""
    for content in (b"first", b"second"):
        log_of(database).write_bytes(content)
        publish_row(database, 44)
    kept = sorted(database.parent.glob("*.kept*.wal"))
    assert [path.read_bytes() for path in kept] == [b"first", b"second"]


def test_a_log_read_whole_is_not_kept(database: Path) -> None:
    """What a killed shell has committed is in the file afterwards; nothing is left to look through."""
    kill_shell_after(database, ["INSERT INTO mine VALUES (1)"])
    with Writer(database) as writer:
        writer.begin()
        writer.publish()
    assert not writer.notes
    assert not list(database.parent.glob("*.kept*"))


def test_a_job_killed_after_keeping_keeps_once(database: Path) -> None:
    """The next job finds the same files under both names."""
    log_of(database).write_bytes(NOISE)
    assert keep(database) == keep(database)


@pytest.mark.parametrize("name", ["sparsity.db.kept1", "sparsity.db.kept1.wal"])
def test_keeping_overwrites_nothing(database: Path, name: str) -> None:
    """Not even a link that leads nowhere."""
    log_of(database).write_bytes(NOISE)
    database.with_name(name).symlink_to("nowhere")
    assert keep(database).name == "sparsity.db.kept2"
    assert database.with_name(name).is_symlink()


def test_keeping_needs_no_hard_links(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without them gets copies."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    log_of(database).write_bytes(NOISE)
    original = shutil.copy(database, database.with_name("original.db"))
    kept = keep(database)
    assert log_of(kept).read_bytes() == NOISE
    assert kept.read_bytes() == Path(original).read_bytes()
