"""Publishing: one writer, readers undisturbed, nothing half-written, nothing of the user's lost."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse import keeping, publishing, sql_files
from warehouse.locking import LockedError
from warehouse.publishing import AuditError, Writer


def write_row(writer: Writer, value: int) -> None:
    writer.begin().execute("INSERT INTO mine VALUES (?)", [value])


def answers(path: Path) -> list[int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [row[0] for row in connection.execute("SELECT answer FROM mine ORDER BY ALL").fetchall()]


def test_publish_replaces_the_file_and_keeps_tables_of_the_user(database: Path) -> None:
    """A second publication has a new inode, the user's table, and leaves no working files behind."""
    inode = database.stat().st_ino
    with Writer(database) as writer:
        write_row(writer, 43)
        writer.publish()
    assert answers(database) == [42, 43]
    assert database.stat().st_ino != inode
    assert sorted(path.name for path in database.parent.iterdir()) == ["sparsity.db", "sparsity.db.lock"]


def test_nothing_is_published_without_publish(database: Path) -> None:
    """Leaving the block early leaves the published bytes as they were."""
    before = database.read_bytes()
    with Writer(database) as writer:
        write_row(writer, 43)
    assert database.read_bytes() == before


def test_killed_writer_is_resumed(database: Path) -> None:
    """What a killed writer had committed is there for the next one, and is published by it."""
    with Writer(database) as writer:
        write_row(writer, 43)
    with Writer(database) as writer:
        assert writer.resumable
        rows = writer.begin().execute("SELECT count(*) FROM mine").fetchone()
        assert rows == (2,)
        writer.publish()
    assert answers(database) == [42, 43]


def test_private_copy_of_an_older_file_is_thrown_away(database: Path) -> None:
    """When the user has written to the database since, a private copy made before would lose that row."""
    with Writer(database) as writer:
        write_row(writer, 43)
    with duckdb.connect(str(database)) as connection:
        connection.execute("INSERT INTO mine VALUES (99)")
    with Writer(database) as writer:
        assert not writer.resumable
        writer.begin()
        writer.publish()
    assert answers(database) == [42, 99]


def test_copy_that_was_cut_short_is_made_again(database: Path) -> None:
    """A private copy without its marker may be half a file and is never opened."""
    Path(f"{database}.work").write_bytes(b"half a file")
    with Writer(database) as writer:
        assert not writer.resumable
        write_row(writer, 43)
        writer.publish()
    assert answers(database) == [42, 43]


def test_writing_shell_gets_the_job_refused_and_keeps_its_tables(database: Path, hold) -> None:
    """A process that has the file open for writing is named, and its table survives."""
    holder = hold(database, "write")
    with pytest.raises(LockedError, match=f"process {holder.pid}"), Writer(database):
        pass
    assert holder.poll() is None
    holder.kill()
    holder.wait()
    assert answers(database) == [42]


def test_reading_shell_stays_open_through_a_publication(database: Path, hold) -> None:
    """A reader with the file open does not disturb the writer, nor the writer the reader."""
    holder = hold(database, "read")
    with Writer(database) as writer:
        write_row(writer, 43)
        writer.publish()
    assert holder.poll() is None
    assert answers(database) == [42, 43]


def test_nobody_can_start_writing_while_a_writer_works(database: Path) -> None:
    """The read-only hold makes a duckdb shell that opens the file for writing fail until the job is over."""
    shell = Path(sys.executable).with_name("duckdb")
    command = [str(shell), str(database), "INSERT INTO mine VALUES (7)"]
    with Writer(database) as writer:
        writer.begin()
        during = subprocess.run(command, capture_output=True, text=True, check=False)
        read = subprocess.run(
            [str(shell), "-readonly", "-csv", str(database), "FROM mine"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert during.returncode != 0
    assert "lock" in during.stderr
    assert read.stdout.split() == ["answer", "42"]
    subprocess.run(command, check=True)
    assert answers(database) == [7, 42]


def test_two_writers_do_not_meet(database: Path) -> None:
    """The second writer is told which process works."""
    with Writer(database), pytest.raises(LockedError, match="another job"), Writer(database):
        pass


def test_stray_write_ahead_log_is_taken_over(database: Path) -> None:
    """Rows a killed shell left in the write-ahead log survive, and no log stays to block the new file."""
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('SET checkpoint_threshold = \"1GB\"'); c.execute('INSERT INTO mine VALUES (8)');"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(database)], check=False)
    log = Path(f"{database}.wal")
    assert log.exists()
    with Writer(database) as writer:
        write_row(writer, 9)
        writer.publish()
    assert not log.exists()
    assert answers(database) == [8, 9, 42]


def test_failed_check_publishes_nothing(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that returns rows stops the publication and says which one it was."""
    original = sql_files.read_folder
    checks = {"answers_are_small": "SELECT answer FROM mine WHERE answer > 100"}
    monkeypatch.setattr(
        publishing.sql_files, "read_folder", lambda name: checks if name == "checks" else original(name)
    )
    before = database.read_bytes()
    with Writer(database) as writer:
        write_row(writer, 1000)
        with pytest.raises(AuditError, match="answers_are_small"):
            writer.publish()
    assert database.read_bytes() == before


def test_copying_works_without_reflinks(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cp that knows no --reflink is asked again without it."""
    run = subprocess.run

    def old_cp(command: list[str], **options: object) -> subprocess.CompletedProcess:
        if "--reflink=auto" in command:
            return subprocess.CompletedProcess(command, 1, "", "unknown option")
        return run(command, **options)

    monkeypatch.setattr(keeping.subprocess, "run", old_cp)
    with Writer(database) as writer:
        write_row(writer, 43)
        writer.publish()
    assert answers(database) == [42, 43]


def test_lock_survives_the_copy(database: Path, hold) -> None:
    """Making the private copy does not drop the hold on the published file."""
    with Writer(database) as writer:
        writer.begin()
        script = "import duckdb, sys; duckdb.connect(sys.argv[1])"
        opened = subprocess.run(
            [sys.executable, "-c", script, str(database)], capture_output=True, text=True, check=False
        )
    assert opened.returncode != 0
    assert "Conflicting lock" in opened.stderr


def test_symbolic_link_stays_a_link(database: Path, tmp_path: Path) -> None:
    """A database reached through a link is replaced where it lies."""
    from warehouse.location import database_path

    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    with Writer(database_path(link)) as writer:
        write_row(writer, 43)
        writer.publish()
    assert link.is_symlink()
    assert answers(link) == [42, 43]
    shutil.rmtree(link.parent)
