"""What the ETL did, read without loading Ibis."""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.rows import read_rows

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the ETL: a row of `run_history`. Times are UTC without a zone."""

    etl_run_id: int
    command: str
    state: str
    error: str | None
    step_count: int
    finished_step_count: int
    rows_written: int
    elapsed_seconds: float | None
    started_at: datetime.datetime
    finished_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """One step of an invocation: a row of `etl_steps`."""

    etl_run_id: int
    step: str
    subject: str
    state: str
    error: str | None
    rows_written: int
    started_at: datetime.datetime
    finished_at: datetime.datetime | None

    @property
    def seconds(self) -> float | None:
        """How long the step took; None while it runs, or where it never ended."""
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def read_invocations(cursor: "duckdb.DuckDBPyConnection") -> tuple[Invocation, ...]:
    """Return every invocation, the latest first."""
    return read_rows(cursor, "run_history", Invocation, "etl_run_id DESC")


def read_steps(cursor: "duckdb.DuckDBPyConnection") -> tuple[LedgerStep, ...]:
    """Return every step of every invocation, in the order they were begun."""
    return read_rows(cursor, "etl_steps", LedgerStep, "etl_run_id, started_at")


def invocation_table(cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
    """Return every invocation with all columns, the latest first."""
    return cursor.table("run_history").order("etl_run_id DESC")


def step_table(cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
    """Return every step of every invocation with all columns, in the order they were begun."""
    return cursor.table("etl_steps").order("etl_run_id, started_at")
