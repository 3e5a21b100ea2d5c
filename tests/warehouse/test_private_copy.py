"""The copy that a failed job leaves: kept while it can be resumed in, and otherwise gone."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse import keeping, schema
from warehouse.errors import SparsityError
from warehouse.locking import NotWritableError
from warehouse.opening import UnreadableDatabaseError, attach_read_only
from warehouse.private_copy import FullDiskError
from warehouse.publishing import AuditError, Writer

FINISHED = (
    "INSERT INTO etl_steps (etl_run_id, step, subject, fingerprint, state, started_at, rows_written)"
    " VALUES (1, 'prune', 'something', 'f', 'finished', now()::TIMESTAMP, 1)"
)


def leave_copy(path: Path, statement: str = "INSERT INTO mine VALUES (43)") -> Path:
    """Do a job that ends before it publishes; return its copy."""
    with Writer(path) as writer:
        writer.begin().execute(statement)
    return Path(f"{path}.work")


def publish_row(path: Path, value: int) -> None:
    with Writer(path) as writer:
        writer.begin().execute("INSERT INTO mine VALUES (?)", [value])
        writer.publish()


def fail(path: Path, error: BaseException, statement: str = "INSERT INTO mine VALUES (43)") -> None:
    with Writer(path) as writer:
        writer.begin().execute(statement)
        raise error


def answers(path: Path) -> list[int]:
    with attach_read_only(path) as connection:
        return [row[0] for row in connection.execute("SELECT answer FROM mine ORDER BY ALL").fetchall()]


def remains(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()} - {"sparsity.db", "sparsity.db.lock"}


def reject(path: Path) -> None:
    with Writer(path) as writer:
        connection = writer.begin()
        connection.execute("INSERT INTO perplexities VALUES (1, 'd', 1, 1, 'nan')")
        connection.execute(FINISHED)
        writer.publish()


def test_a_rejected_copy_is_never_resumed(database: Path) -> None:
    """A check that fails would fail for ever in the same copy; finished steps do not save it."""
    with pytest.raises(AuditError, match="nothing was published"):
        reject(database)
    assert remains(database) == set()
    publish_row(database, 44)
    assert answers(database) == [42, 44]


def overwrite(copy: Path) -> None:
    copy.write_bytes(b"garbage" * 5000)


def truncate(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:100])


def empty(copy: Path) -> None:
    copy.write_bytes(b"")


def make_foreign(copy: Path) -> None:
    copy.unlink()
    with duckdb.connect(str(copy)) as other:
        other.execute("CREATE TABLE customers (name VARCHAR)")


def make_newer(copy: Path) -> None:
    with duckdb.connect(str(copy)) as other:
        other.execute("UPDATE warehouse_info SET value = '9999' WHERE key = 'schema_version'")


def link(copy: Path) -> None:
    elsewhere = copy.with_name("elsewhere")
    copy.rename(elsewhere)
    copy.symlink_to(elsewhere)


def spoil_base(copy: Path) -> None:
    Path(f"{copy}.base").write_bytes(b"\xff\xfe garbage \x00")


def lose_base(copy: Path) -> None:
    Path(f"{copy}.base").unlink()


def lose_copy(copy: Path) -> None:
    copy.unlink()


def overwrite_published(copy: Path) -> None:
    with duckdb.connect(str(copy.with_suffix(""))) as shell:
        shell.execute("INSERT INTO mine VALUES (99)")


def link_base(copy: Path) -> None:
    base = Path(f"{copy}.base")
    base.rename(copy.with_name("elsewhere"))
    base.symlink_to(copy.with_name("elsewhere"))


@pytest.mark.parametrize(
    "spoil",
    [overwrite, truncate, empty, make_foreign, make_newer, link, spoil_base, lose_base, link_base],
)
def test_a_copy_that_cannot_be_resumed_in_blocks_nobody(database: Path, spoil) -> None:
    """Garbage in the copy or in its note of the version: the next job begins anew and says nothing."""
    spoil(leave_copy(database))
    publish_row(database, 44)
    assert answers(database) == [42, 44]
    assert remains(database) <= {"elsewhere"}


def test_damage_deep_inside_a_copy_costs_one_job(database: Path) -> None:
    """A damaged block shows when it is read; the copy is removed then, and the message says to run again."""
    copy = leave_copy(database, "CREATE TABLE large AS SELECT hash(i) AS h FROM range(300000) AS r (i)")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 255
    copy.write_bytes(content)
    with pytest.raises(UnreadableDatabaseError, match="run the job again"), Writer(database) as writer:
        writer.begin().execute("SELECT sum(h) FROM large").fetchall()
    assert remains(database) == set()
    publish_row(database, 44)
    assert answers(database) == [42, 44]


@pytest.mark.parametrize("suffix", [".work", ".work.base", ".work.wal"])
def test_a_folder_in_the_way_is_named(database: Path, suffix: str) -> None:
    """What is not the program's to remove stays, and the line says what to do."""
    Path(f"{database}{suffix}").mkdir()
    with pytest.raises(NotWritableError, match="move it away"), Writer(database) as writer:
        writer.begin()
    assert Path(f"{database}{suffix}").is_dir()
    assert answers(database) == [42]


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


@pytest.mark.parametrize("spoil", [overwrite_published, lose_base, lose_copy])
def test_a_job_with_nothing_to_do_clears_away_too(database: Path, spoil) -> None:
    """What can no longer be resumed in goes with the next job, even if that one computes nothing."""
    spoil(leave_copy(database))
    with Writer(database) as writer:
        assert not writer.resumable
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
