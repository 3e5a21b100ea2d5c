"""Answering SQL that anyone may type: on a read-only database, reaching no file and no network."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse.errors import SparsityError
from warehouse.opening import Config, attach_read_only

# Set before the configuration is locked: no Python variable is read as a table.
LOCKED_DOWN = (
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
# A log file that may not be written fails every later statement, and the process itself when it ends.
_LOGGING = re.compile(r"enable_logging", re.IGNORECASE)


class QueryError(SparsityError):
    """DuckDB refused the query."""


class CancelledError(QueryError):
    """The query was interrupted."""


class translated_query_errors:  # noqa: N801  # reads as a statement: with translated_query_errors()
    """Turn what DuckDB raises while a query runs into one clear error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.InterruptException):
            msg = "cancelled"
            raise CancelledError(msg) from error
        if isinstance(error, duckdb.Error):
            raise QueryError(str(error)) from error


def open_shell(
    path: Path, config: Config | None = None, settings: tuple[str, ...] = ()
) -> duckdb.DuckDBPyConnection:
    """Attach the database read-only in an instance that can reach nothing else and cannot be reconfigured.

    `config` holds for the instance, `settings` are SET statements that DuckDB takes on a connection alone.
    """
    connection = attach_read_only(path, config)
    for statement in (*settings, *LOCKED_DOWN):
        connection.execute(statement)
    return connection


def read_statements(connection: duckdb.DuckDBPyConnection, text: str) -> list[duckdb.Statement]:
    """Return the statements of a text in order; PIVOT is two, of the same text.

    Raises:
        QueryError: with DuckDB's message, which names the place in the text.
    """
    if _LOGGING.search(text):
        msg = "enable_logging is not available here: nothing may be written to files"
        raise QueryError(msg)
    with translated_query_errors():
        return connection.extract_statements(text)


def certain_results(statements: list[duckdb.Statement]) -> int:
    """Return how many statements give rows for certain, which is known before they run."""
    return sum(kind.expected_result_type == [duckdb.ExpectedResultType.QUERY_RESULT] for kind in statements)


def run_statements(
    connection: duckdb.DuckDBPyConnection, statements: list[duckdb.Statement]
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Run statements in order and yield the result of each that returns rows.

    Raises:
        QueryError: with DuckDB's message.
    """
    with translated_query_errors():
        for statement in statements:
            relation = connection.sql(statement)
            if relation is not None:
                yield relation
