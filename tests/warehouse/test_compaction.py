"""A file with much free space is written anew, and nothing in it changes."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse import compaction, schema
from warehouse.compaction import compact


@pytest.fixture
def roomy(tmp_path: Path) -> Path:
    """A database that held two million numbers and now holds ten."""
    path = tmp_path / "it's.db"
    with duckdb.connect(str(path)) as connection:
        schema.build(connection)
        connection.execute("CREATE TABLE numbers AS SELECT hash(i) AS n FROM range(2_000_000) AS t (i)")
        connection.execute("CHECKPOINT")
        connection.execute("CREATE TABLE few AS FROM numbers LIMIT 10")
        connection.execute("DROP TABLE numbers")
        connection.execute("CHECKPOINT")
    return path


def contents(path: Path) -> list[list[tuple]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "FROM few",
                "FROM warehouse_info ORDER BY ALL",
                "FROM reference_results",
                "SELECT table_name, column_name, comment FROM duckdb_columns() ORDER BY ALL",
                "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
                "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
            )
        ]


def test_free_space_is_given_back(roomy: Path) -> None:
    """Rows, views, macros and comments stay; most of the file goes."""
    before, size = contents(roomy), roomy.stat().st_size
    assert compact(roomy)
    assert roomy.stat().st_size < size / 2
    assert contents(roomy) == before
    assert list(roomy.parent.iterdir()) == [roomy]


def test_a_dense_file_is_left_alone(roomy: Path) -> None:
    """Nothing is written where nothing is to be gained."""
    compact(roomy)
    inode = roomy.stat().st_ino
    assert not compact(roomy)
    assert roomy.stat().st_ino == inode


def test_mode_owner_and_attributes_stay(roomy: Path) -> None:
    """What only its owner may read is not opened to others by being written anew."""
    roomy.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(roomy, 12345, 12345)
    before = roomy.stat()
    assert compact(roomy)
    after = roomy.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_an_owner_that_cannot_be_given_stops_nothing(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root may give files away."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(compaction.os, "chown", refuse)
    assert compact(roomy)


def test_what_is_not_carried_over_stops_compaction(roomy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that lacks anything is thrown away, and the file stays as it was."""
    connect = duckdb.connect

    class Forgetful:
        """Copies a database without one of its tables."""

        def __init__(self, *arguments: object, **options: object) -> None:
            self.connection = connect(*arguments, **options)

        def execute(self, text: str) -> duckdb.DuckDBPyConnection:
            done = self.connection.execute(text)
            return self.connection.execute("DROP TABLE dense.few") if text.startswith("COPY") else done

        def __enter__(self) -> "Forgetful":
            return self

        def __exit__(self, *_: object) -> None:
            self.connection.close()

    before = roomy.read_bytes()
    monkeypatch.setattr(compaction.duckdb, "connect", Forgetful)
    assert not compact(roomy)
    assert roomy.read_bytes() == before
    assert list(roomy.parent.iterdir()) == [roomy]


def test_no_room_skips_compaction(roomy: Path) -> None:
    """A limit on the size of files stands for a full disk: the file stays, and nothing lies beside it."""
    script = (
        "import resource, sys; from pathlib import Path; from warehouse.compaction import compact;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); print(compact(Path(sys.argv[1])))"
    )
    before = roomy.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", script, str(roomy)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    assert roomy.read_bytes() == before
    assert list(roomy.parent.iterdir()) == [roomy]
