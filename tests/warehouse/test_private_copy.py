"""The copy that a failed job leaves: kept while it can be resumed in, and otherwise gone."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.copies import FINISHED, answers, fail, leave_copy, publish_row, remains
from warehouse import keeping, schema
from warehouse.errors import SparsityError
from warehouse.opening import attach_read_only
from warehouse.private_copy import FullDiskError
from warehouse.publishing import Writer


@pytest.mark.parametrize(
    ("error", "raised", "statement", "kept"),
    [
        (SparsityError("bad input"), SparsityError, "INSERT INTO mine VALUES (43)", False),
        (SparsityError("bad input"), SparsityError, FINISHED, True),
        (KeyboardInterrupt(), KeyboardInterrupt, FINISHED, True),
        (OSError(errno.ENOSPC, "No space left on device"), FullDiskError, FINISHED, False),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FullDiskError, FINISHED, False),
    ],
    ids=["bad input", "bad input after a step", "interrupted", "full disk", "quota"],
)
def test_a_copy_is_kept_while_it_can_be_resumed_in(
    database: Path, error: BaseException, raised: type[BaseException], statement: str, kept: bool
) -> None:
    """Finished steps are worth their room, unless there is no room; bad input alone is not."""
    with pytest.raises(raised):
        fail(database, error, statement)
    assert bool(remains(database)) == kept
    with Writer(database) as writer:
        assert writer.resumable == kept


def test_abandoning_keeps_the_steps_of_a_killed_job(database: Path) -> None:
    """A failed load removes a copy of its own, and not the one that a killed job has worked in."""
    with Writer(database) as writer:
        writer.begin()
        writer.abandon()
    assert remains(database) == set()
    leave_copy(database, FINISHED)
    with Writer(database) as writer:
        writer.begin()
        writer.abandon()
    with Writer(database) as writer:
        assert writer.resumable


def test_a_copy_that_does_not_fit_is_removed(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copying stops half-way on a full disk: one line, no remains."""

    def full(command: list[str], **_: object) -> subprocess.CompletedProcess:
        Path(command[-1]).write_bytes(b"half")
        return subprocess.CompletedProcess(command, 1, "", "cp: error writing: No space left on device")

    monkeypatch.setattr(keeping.subprocess, "run", full)
    with pytest.raises(FullDiskError, match="free some room"), Writer(database) as writer:
        writer.begin()
    assert remains(database) == set()


def test_a_disk_that_fills_while_a_job_works(database: Path) -> None:
    """A limit on the size of files stands for the full disk: DuckDB fails, the copy goes, the file stays."""
    script = (
        "import resource, sys; from pathlib import Path; from warehouse.publishing import Writer;"
        "from tests.warehouse.test_private_copy import FINISHED\n"
        "with Writer(Path(sys.argv[1])) as writer:\n"
        "    connection = writer.begin(); connection.execute(FINISHED)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))\n"
        "    connection.execute('CREATE TABLE big AS SELECT hash(i) AS h FROM range(5000000) AS r (i)')\n"
        "    writer.publish()\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(database)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert done.stderr.splitlines()[-1].startswith("warehouse.private_copy.FullDiskError: the disk is full")
    assert remains(database) == set()
    assert answers(database) == [42]


def test_the_note_of_the_version_is_on_the_disk(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is synced before the note, the note before the job begins: a power cut halves neither."""
    synced = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    with Writer(database) as writer:
        writer.begin()
        assert synced == ["sparsity.db.work", "sparsity.db.work.base", database.parent.name]


def test_what_is_left_of_spilling_and_compacting_goes_too(database: Path) -> None:
    """A job killed while it compacted or spilled leaves files that nothing would ever look at again."""
    for name in (".work.compact", ".work.compact.wal"):
        Path(f"{database}{name}").write_bytes(b"half")
    Path(f"{database}.work.tmp").mkdir()
    (Path(f"{database}.work.tmp") / "duckdb_temp_storage-0.tmp").write_bytes(b"half")
    publish_row(database, 44)
    assert remains(database) == set()


def test_an_outdated_copy_is_brought_up_to_date(database: Path) -> None:
    """A program updated between a killed job and the next resumes in the copy, with today's views."""
    copy = leave_copy(database)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE warehouse_info SET value = 'other' WHERE key = 'sql_fingerprint'")
        connection.execute("DROP VIEW run_history")
    with Writer(database) as writer:
        connection = writer.begin()
        assert schema.is_current(connection, "sparsity")
        writer.publish()
    assert answers(database) == [42, 43]
    with attach_read_only(database) as connection:
        assert connection.execute("FROM run_history").fetchall() == []


def test_a_killed_first_job_is_resumed_where_nothing_appeared(tmp_path: Path) -> None:
    """Before there is a database, the copy alone carries the work on."""
    path = tmp_path / "sparsity.db"
    leave_copy(path, "CREATE TABLE mine AS SELECT 1 AS answer")
    with Writer(path) as writer:
        assert writer.resumable
        writer.begin()
        writer.publish()
    assert answers(path) == [1]
