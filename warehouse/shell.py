"""Answering SQL that anyone may type: on a read-only database, reaching no file and no network."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse.errors import SparsityError
from warehouse.opening import Config, attach_read_only, damage_of, damaged
from warehouse.tokens import scan

# Set before the configuration is locked: no Python variable is read as a table.
LOCKED_DOWN = (
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_CHANGES = {
    duckdb.StatementType.INSERT,
    duckdb.StatementType.UPDATE,
    duckdb.StatementType.DELETE,
    duckdb.StatementType.MERGE_INTO,
}
# The end of a message: the line of the query that it is about, and a mark below it.
_PLACE = re.compile(r"\n\nLINE \d+: (.*)\n *\^\s*\Z")
# A log file that may not be written fails every later statement, and the process itself when it ends.
_LOGGING = re.compile(r"enable_logging", re.IGNORECASE)


class QueryError(SparsityError):
    """DuckDB refused the query."""


class CancelledError(QueryError):
    """The query was interrupted."""


class translated_query_errors:  # noqa: N801  # reads as a statement: with translated_query_errors(text)
    """Turn what DuckDB raises while a query runs into one clear error; places are quoted of `text` alone."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.InterruptException):
            msg = "cancelled"
            raise CancelledError(msg) from error
        if isinstance(error, duckdb.Error):
            damage = damage_of(error)
            msg = damaged("the database", damage) if damage else _without_other_texts(str(error), self.text)
            raise QueryError(msg) from error


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
    with translated_query_errors(text):
        return connection.extract_statements(text)


def certain_results(statements: list[duckdb.Statement]) -> int:
    """Return how many statements give rows for certain, which is known before they run."""
    return sum(map(_gives_rows, statements))


def _gives_rows(statement: duckdb.Statement) -> bool:
    if statement.expected_result_type == [duckdb.ExpectedResultType.QUERY_RESULT]:
        return True
    if statement.type not in _CHANGES:
        return False
    # A change gives rows where it has RETURNING, which is no name unless it is quoted.
    text = _text_of(statement)
    return any(text[token.start : token.end].upper() == "RETURNING" for token in scan(text))


def _text_of(statement: duckdb.Statement) -> str:
    try:
        return statement.query
    except IndexError:  # DuckDB miscounts after a PIVOT, which becomes two statements
        return ""


def run_statements(
    connection: duckdb.DuckDBPyConnection, statements: list[duckdb.Statement], text: str
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Run the statements of a text in order and yield the result of each that returns rows.

    Raises:
        QueryError: with DuckDB's message.
    """
    for statement in statements:
        with translated_query_errors(text):
            relation = connection.sql(statement)
        if relation is not None:
            yield relation


def _without_other_texts(message: str, text: str) -> str:
    """Leave out the line that DuckDB quotes where it is of a query made around the person's own."""
    place = _PLACE.search(message)
    if place is None or place[1].removeprefix("...").removesuffix("...") in text:
        return message
    return message[: place.start()]
