"""A version of the database is its file and its write-ahead log; neither is lost, whoever is killed when."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.copies import ask, publish_row
from warehouse import versions
from warehouse.opening import UnreadableDatabaseError, attach_read_only
from warehouse.publishing import Writer
from warehouse.versions import ChangedError, fold_log, identity, log_of, put_folded

#: What the log of a killed shell can hold; a plain open cannot replay the second.
COMMITS = {
    "rows": ["INSERT INTO mine VALUES (8)"],
    "a generated column with a comment": [
        "CREATE TABLE notes (i INTEGER, j INTEGER GENERATED ALWAYS AS (i + 1))",
        "COMMENT ON COLUMN notes.i IS 'mine'",
        "INSERT INTO notes (i) VALUES (1)",
    ],
    "a macro and a view": ["CREATE MACRO f(a, b := 2) AS a + b", "CREATE VIEW v AS SELECT f(1) AS three"],
}
SHELL = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA disable_checkpoint_on_shutdown")
for statement in sys.argv[2:]:
    connection.execute(statement)
os.kill(os.getpid(), 9)
"""
CHECKS = {
    "rows": ("SELECT count(*) FROM mine WHERE answer = 8", (1,)),
    "a generated column with a comment": ("FROM notes", (1, 2)),
    "a macro and a view": ("FROM v", (3,)),
}


def kill_shell_after(path: Path, statements: list[str]) -> None:
    """Commit in a shell that is then killed, which leaves the commits in the log alone."""
    subprocess.run([sys.executable, "-c", SHELL, str(path), *statements], check=False)
    assert log_of(path).exists()


def publish_after(path: Path, interfere: Callable[[], None], *statements: str) -> None:
    """Do a job in whose midst something happens outside."""
    with Writer(path) as writer:
        connection = writer.begin()
        for statement in statements:
            connection.execute(statement)
        interfere()
        writer.publish()


def ask_shell(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as shell:
        return shell.execute(query).fetchall()


@pytest.mark.parametrize("what", COMMITS)
@pytest.mark.parametrize("resuming", [False, True])
def test_what_a_killed_shell_committed_is_published(database: Path, what: str, resuming: bool) -> None:
    """Commits in the log alone survive a job, also one that finds the copy of a killed job from before."""
    if resuming:
        with Writer(database) as writer:
            writer.begin().execute("INSERT INTO mine VALUES (43)")
    kill_shell_after(database, COMMITS[what])
    publish_row(database, 44)
    query, row = CHECKS[what]
    assert ask(database, query) == [row]
    assert (44,) in ask(database, "FROM mine")
    # The copy of the killed job was of an older version.
    assert (43,) not in ask(database, "FROM mine")
    assert not log_of(database).exists()
    with duckdb.connect(str(database)) as shell:
        assert shell.execute(query).fetchall() == [row]


def states_of_a_folded_log(database: Path, statements: list[str], folder: Path) -> list[Path]:
    """Return the database as a job leaves it that is killed before, between and after the two renames."""
    kill_shell_after(database, statements)
    states = []
    for kept in range(4):
        path = folder / f"state{kept}" / "sparsity.db"
        path.parent.mkdir()
        for suffix in ("", ".wal"):
            shutil.copy2(f"{database}{suffix}", f"{path}{suffix}")
            shutil.copy2(f"{database}{suffix}", f"{path}.work{suffix}")
        work = Path(f"{path}.work")
        fold_log(work)
        if kept >= 1:
            log_of(work).replace(log_of(path))
        if kept >= 2:
            work.replace(path)
        if kept >= 3:
            log_of(path).unlink()
        states.append(path)
    return states


@pytest.mark.parametrize("what", COMMITS)
def test_a_kill_between_the_renames_tears_nothing(database: Path, what: str, tmp_path: Path) -> None:
    """File and log belong together at every moment of folding, for readers and for the next job."""
    query, row = CHECKS[what]
    for path in states_of_a_folded_log(database, COMMITS[what], tmp_path):
        assert ask(path, query) == [row]
        publish_row(path, 44)
        assert ask(path, query) == [row]
        assert ask(path, "SELECT answer FROM mine WHERE answer = 44") == [(44,)]
        assert not log_of(path).exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 60])
def test_a_blank_log_blocks_nothing(database: Path, content: bytes) -> None:
    """What a kill left before anything was written neither stops a job nor reaches the next file."""
    log_of(database).write_bytes(content)
    publish_row(database, 43)
    assert not list(database.parent.glob("*.kept*"))
    assert ask(database, "FROM mine ORDER BY ALL") == [(42,), (43,)]
    assert not log_of(database).exists()


def test_readers_see_the_log_while_it_is_folded(database: Path) -> None:
    """A reader that has opened file and log goes on as if nothing happened."""
    kill_shell_after(database, COMMITS["rows"])
    with attach_read_only(database) as reader:
        publish_row(database, 44)
        assert reader.execute("FROM mine ORDER BY ALL").fetchall() == [(8,), (42,)]


@pytest.mark.parametrize("statements", [[], ["CREATE TABLE theirs AS SELECT 1 AS one"]])
def test_a_file_that_appears_during_the_first_job_is_left_alone(
    tmp_path: Path, statements: list[str]
) -> None:
    """A shell made a database of that name meanwhile: it stays, and the job goes on once it is moved away."""
    path = tmp_path / "sparsity.db"

    def make() -> None:
        with duckdb.connect(str(path)) as shell:
            for statement in statements:
                shell.execute(statement)

    with pytest.raises(ChangedError, match="move it away"):
        publish_after(path, make, "CREATE TABLE computed AS SELECT 7 AS seven")
    assert ask_shell(path, "SELECT count(*) FROM duckdb_tables()") == [(len(statements),)]
    path.rename(tmp_path / "theirs.db")
    with Writer(path) as writer:
        assert writer.resumable
        writer.begin()
        writer.publish()
    assert ask(path, "FROM computed") == [(7,)]


def test_a_file_that_appears_at_the_last_moment_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look and the publication there is still no overwriting."""
    path = tmp_path / "sparsity.db"
    monkeypatch.setattr(versions, "_check", lambda path, expected: path.write_bytes(b"theirs"))
    with pytest.raises(ChangedError):
        publish_after(path, lambda: None)
    assert path.read_bytes() == b"theirs"


def test_a_first_publication_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without them gets the file by a rename."""

    def link(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(versions.os, "link", link)
    path = tmp_path / "sparsity.db"
    with Writer(path) as writer:
        writer.begin()
        writer.publish()
    assert ask(path, "SELECT count(*) FROM models") == [(0,)]
    assert not Path(f"{path}.work").exists()


def replaced(path: Path) -> None:
    other = path.with_name("other.db")
    shutil.copy(path, other)
    other.replace(path)


def logged(path: Path) -> None:
    log_of(path).write_bytes(b"a log")


@pytest.mark.parametrize("change", [replaced, logged, Path.unlink])
def test_a_version_that_changed_meanwhile_is_left_alone(database: Path, change) -> None:
    """File or log are other ones than those the job began with: nothing is published, nothing removed."""
    after = []

    def interfere() -> None:
        change(database)
        after.append(identity(database))

    with pytest.raises(ChangedError, match="changed by another program"):
        publish_after(database, interfere)
    assert [identity(database)] == after
    assert not list(database.parent.glob("*.work*"))


def test_a_log_without_its_database_is_left_alone(tmp_path: Path) -> None:
    """A database published beside it could not be opened, and the log may be all that is left of another."""
    path = tmp_path / "sparsity.db"
    log_of(path).write_bytes(b"a log")
    with pytest.raises(UnreadableDatabaseError, match="without the database it belongs to"), Writer(path):
        pass
    assert log_of(path).read_bytes() == b"a log"


def test_folding_is_refused_for_another_version(database: Path) -> None:
    """The log of a version that is not the one copied stays."""
    kill_shell_after(database, COMMITS["rows"])
    before = identity(database)
    with pytest.raises(ChangedError):
        put_folded(Path(f"{database}.work"), database, expected="another")
    assert identity(database) == before


def test_a_duckdb_that_removes_the_log_itself_is_noticed(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folding rests on a checkpoint that stops; without it the log of the database would be lost."""
    kill_shell_after(database, COMMITS["rows"])
    connect = duckdb.connect

    class Heedless:
        def __init__(self) -> None:
            self.connection = connect()

        def execute(self, text: str) -> None:
            if "debug" not in text:
                self.connection.execute(text)

        def close(self) -> None:
            self.connection.close()

    monkeypatch.setattr(versions.duckdb, "connect", lambda *_args, **_options: Heedless())
    with pytest.raises(RuntimeError, match="does not stop a checkpoint"):
        fold_log(database)
