"""A database with the schema and no rows; what a test writes into it is rolled back."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.sample_rows import Rows
from warehouse import schema


@pytest.fixture(scope="session")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, built once."""
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        schema.build(connection)
        yield connection


@pytest.fixture
def db(built: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The empty database, as it was before the test once the test has ended."""
    built.execute("BEGIN")
    yield built
    built.execute("ROLLBACK")


@pytest.fixture
def rows(db: duckdb.DuckDBPyConnection) -> Rows:
    """Writes rows into the empty database."""
    return Rows(db)
