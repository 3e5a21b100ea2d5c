"""Questions about what the ETL did."""

import datetime
from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from warehouse.expressions.views import Views


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


def invocations(views: Views) -> Table:
    """Return every invocation, the latest first."""
    return views["run_history"].order_by(ibis.desc("etl_run_id"))


def steps(views: Views) -> Table:
    """Return every step of every invocation, in the order they were begun."""
    return views["etl_steps"].order_by("etl_run_id", "started_at")
