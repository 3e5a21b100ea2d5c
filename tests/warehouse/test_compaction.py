"""A file with much free space is written anew, and nothing in it changes."""

from pathlib import Path

import duckdb
import pytest

from warehouse import schema
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
