"""What no job publishes over: files of others, of newer versions, damaged or write-protected ones."""

from pathlib import Path

import duckdb
import pytest

from warehouse import publishing
from warehouse.locking import NotWritableError
from warehouse.opening import UnreadableDatabaseError
from warehouse.publishing import Writer
from warehouse.reading import Reader
from warehouse.schema import SCHEMA_VERSION, ForeignDatabaseError, NewerSchemaError


def test_foreign_database_is_refused(tmp_path: Path) -> None:
    """A DuckDB file with tables of another program is not touched."""
    path = tmp_path / "other.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE customers (name VARCHAR)")
    before = path.read_bytes()
    with pytest.raises(ForeignDatabaseError, match="not a sparsity-tui database"), Writer(path):
        pass
    assert path.read_bytes() == before


def test_empty_database_is_taken_as_new(tmp_path: Path) -> None:
    """A DuckDB file without a table belongs to nobody yet."""
    path = tmp_path / "sparsity.db"
    duckdb.connect(str(path)).close()
    with Writer(path) as writer:
        writer.begin()
        writer.publish()
    Reader(path).close()


def test_newer_schema_is_refused(database: Path) -> None:
    """A database of a later version is neither read nor written."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "UPDATE warehouse_info SET value = ? WHERE key = 'schema_version'", [str(SCHEMA_VERSION + 1)]
        )
    with pytest.raises(NewerSchemaError, match="upgrade sparsity-tui"), Writer(database):
        pass
    with pytest.raises(NewerSchemaError):
        Reader(database)


@pytest.mark.parametrize("content", [b"", b"no pages of a database" * 200], ids=["empty", "text"])
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file of another kind gives one clear error and keeps its bytes."""
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(UnreadableDatabaseError, match="is not a DuckDB database"), Writer(path):
        pass
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [20_000, None])
def test_damage_is_called_damage(database: Path, size: int | None) -> None:
    """A file cut short, or with other bytes than were written, is said to need a copy; it keeps its bytes."""
    content = database.read_bytes()[:size]
    content = content[:15_000] + bytes(100) + content[15_100:]
    database.write_bytes(content)
    with (
        pytest.raises(UnreadableDatabaseError, match="is damaged; put a copy of it in its place"),
        Writer(database),
    ):
        pass
    assert database.read_bytes() == content


def test_folder_that_cannot_be_written_is_named() -> None:
    """Where no file can be made, the message says so and asks for another place."""
    with pytest.raises(NotWritableError, match="cannot write in /proc"), Writer(Path("/proc/sparsity.db")):
        pass


def test_write_protected_file_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file its owner has protected is not replaced behind their back."""
    # Root may write everything, so the answer of the system is given here.
    monkeypatch.setattr(publishing.os, "access", lambda path, mode: False)
    with pytest.raises(NotWritableError, match="write-protected"), Writer(database):
        pass
