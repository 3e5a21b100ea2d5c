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


@pytest.fixture
def masked(rows: Rows) -> Rows:
    """One run and one matrix of three features, of which the clustered pair keeps half of the positions."""
    rows.run(1)
    rows.matrix(1, (4, 3))
    rows.pruning(1, 1, 6, 12)
    rows.db.execute(
        "INSERT INTO feature_masks SELECT 1, 1, 'input', i, if(i < 2, '1100', '0011')::BIT, 2"
        " FROM range(3) AS features (i)"
    )
    return rows
