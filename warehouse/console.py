"""SQL as a person types it in the app: run, watched, cancelled, and its result paged, sorted and counted."""

import re
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.columns import uniquely_named
from warehouse.opening import memory_share
from warehouse.quoting import identifier
from warehouse.shell import QueryError, open_shell, read_statements, run_statements, translated_query_errors

PAGE_ROWS = 100_000
# Spilling would write beside the database or into the current folder: such a query fails instead.
LIMITS = {"memory_limit": memory_share(0.5), "temp_directory": ""}
PROGRESS = (
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
)
NUMERIC_TYPES = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "UHUGEINT", "FLOAT", "DOUBLE",
}  # fmt: skip
# Types that Arrow and its viewers show as DuckDB does; all others are turned into DuckDB's own text.
PLAIN_TYPES = (NUMERIC_TYPES - {"HUGEINT", "UHUGEINT"}) | {"VARCHAR", "BOOLEAN"}
DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")
EXPLANATION = ["explain_key", "explain_value"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result; names are unique in it."""

    name: str
    type_name: str

    @property
    def numeric(self) -> bool:
        """Whether its values can be drawn along an axis."""
        return self.type_name in NUMERIC_TYPES or bool(DECIMAL.fullmatch(self.type_name))


@dataclass(frozen=True, slots=True)
class Sort:
    """The column a result is sorted by, counted from 0."""

    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The first rows of a result; `complete` when there are no others."""

    columns: tuple[Column, ...]
    rows: pa.Table
    complete: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """How many statements gave rows, the rows of the last of them, and how long all took."""

    result_count: int
    page: Page | None
    seconds: float


class Console:
    """One locked-down instance of DuckDB on the published file; methods block, one at a time.

    `interrupt` and `progress` are for other threads while one of them runs.
    """

    def __init__(self, path: Path) -> None:
        """Attach the database.

        Raises:
            SparsityError: as `warehouse.opening.attach_read_only` does.
        """
        self._connection = open_shell(path, dict(LIMITS), PROGRESS)
        self._lock = threading.Lock()
        self._relation: duckdb.DuckDBPyRelation | None = None
        self._text = ""

    def run(self, text: str) -> Answer:
        """Run statements in order and return the first rows of the last result.

        Raises:
            QueryError: a statement failed, or was cancelled; those before it have been carried out.
        """
        began = time.monotonic()
        count = 0
        relation = None
        self._text = text
        with self._working():
            statements = read_statements(self._connection, text)
            for count, relation in enumerate(run_statements(self._connection, statements, text), start=1):  # noqa: B007
                pass
            self._relation = None if relation is None else uniquely_named(relation)
            page = None if self._relation is None else _page(self._relation)
        return Answer(count, page, time.monotonic() - began)

    def page(self, sort: Sort | None = None) -> Page | None:
        """Return the first rows of the last result, sorted over all its rows."""
        with self._working():
            relation = self._sorted(sort)
            return None if relation is None else _page(relation)

    def count(self) -> int:
        """Return how many rows the last result has."""
        with self._working():
            if self._relation is None:
                return 0
            row = self._relation.aggregate("count(*)").fetchone()
            return row[0] if row else 0

    @contextmanager
    def result(self, sort: Sort | None = None) -> "Generator[duckdb.DuckDBPyRelation]":
        """Yield the whole last result to be read; other calls wait until the block ends.

        A query that started meanwhile would cut the result short without an error.

        Raises:
            QueryError: no statement gave rows, or the query failed half-way.
        """
        with self._working():
            relation = self._sorted(sort)
            if relation is None:
                msg = "there is no result; run a query first"
                raise QueryError(msg)
            yield relation

    def interrupt(self) -> None:
        """Cancel the running query; one that is closed at the same moment has none."""
        with suppress(duckdb.ConnectionException):
            self._connection.interrupt()

    def progress(self) -> float | None:
        """Return the share of the running query that is done, in [0, 1]; None where DuckDB cannot tell."""
        try:
            done = self._connection.query_progress()
        except duckdb.ConnectionException:  # closed in the same moment
            return None
        return None if done < 0 else min(done / 100, 1.0)

    def close(self) -> None:
        """Detach once what runs is done."""
        with self._lock:
            self._connection.close()

    def _sorted(self, sort: Sort | None) -> duckdb.DuckDBPyRelation | None:
        if self._relation is None or sort is None:
            return self._relation
        name = identifier(self._relation.columns[sort.column])
        return self._relation.order(f"{name} {'DESC' if sort.descending else 'ASC'} NULLS LAST")

    @contextmanager
    def _working(self) -> "Generator[None]":
        with self._lock, translated_query_errors(self._text):
            try:
                yield
            except (duckdb.Error, QueryError):
                # In a transaction begun by the user, DuckDB refuses every statement after one that failed.
                with suppress(duckdb.Error):
                    self._connection.rollback()
                raise


def browse_text(name: str) -> str:
    """Return the statement that shows the rows of a table or view, given as a query writes its name."""
    return f"FROM {name}"


def _page(relation: duckdb.DuckDBPyRelation) -> Page:
    if relation.columns == EXPLANATION:
        return _explanation(relation)
    columns = tuple(
        Column(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)
    )
    shown = relation.limit(PAGE_ROWS + 1).project(", ".join(_shown(column) for column in columns))
    rows = shown.to_arrow_table()
    return Page(columns, rows.slice(0, PAGE_ROWS), complete=rows.num_rows <= PAGE_ROWS)


def _explanation(relation: duckdb.DuckDBPyRelation) -> Page:
    """Lay out a query plan, which is one cell of many lines, as a line a row."""
    lines = [line for _, text in relation.fetchall() for line in text.splitlines()]
    return Page((Column("plan", "VARCHAR"),), pa.table({"plan": lines}), complete=True)


def _shown(column: Column) -> str:
    name = identifier(column.name)
    if column.type_name in PLAIN_TYPES or DECIMAL.fullmatch(column.type_name):
        return name
    return f"CAST({name} AS VARCHAR) AS {name}"
