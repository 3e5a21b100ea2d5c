"""The record of what the ETL did: one row per invocation, one row per step, kept with the data itself."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.load.tables import insert, next_id, utc_now
from warehouse.errors import is_interruption

if TYPE_CHECKING:
    from collections.abc import Generator

    import duckdb

    from etl.plan import Step


class Ledger:
    """The rows of one invocation in `etl_runs` and `etl_steps`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, command: str) -> None:
        """Record the start of the invocation; earlier ones that still count as running were killed."""
        self._connection = connection
        self._rows = 0
        connection.execute("UPDATE etl_runs SET state = 'interrupted' WHERE state = 'running'")
        self._id = next_id(connection, "etl_runs", "etl_run_id")
        columns = {"etl_run_id": self._id, "command": command, "state": "running"}
        insert(connection, "etl_runs", {**columns, "started_at": utc_now(), "rows_written": 0})

    @contextmanager
    def step(self, step: Step) -> Generator[Counter[str]]:
        """Commit everything written inside the block together with the step's own row, or nothing of it.

        Yields a counter for the rows written, by table.
        """
        written: Counter[str] = Counter()
        columns = {
            "etl_run_id": self._id,
            "step": step.kind,
            "subject": step.subject,
            "fingerprint": step.fingerprint,
            "started_at": utc_now(),
        }
        self._connection.execute("BEGIN")
        try:
            yield written
            self._record({**columns, "state": "finished", "finished_at": utc_now()}, written.total())
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._connection.execute("ROLLBACK")
            ended = {"state": _state(error), "finished_at": utc_now(), "error": _first_line(error)}
            self._record({**columns, **ended}, 0)
            raise
        self._rows += written.total()

    def close(self, error: BaseException | None = None) -> None:
        """Record how the invocation ended: finished, or failed or interrupted by `error`."""
        state = _state(error) if error else "finished"
        self._connection.execute(
            "UPDATE etl_runs SET state = ?, finished_at = ?, rows_written = ?, error = ?"
            " WHERE etl_run_id = ?",
            [state, utc_now(), self._rows, _first_line(error) if error else None, self._id],
        )

    def _record(self, columns: dict[str, object], rows: int) -> None:
        insert(self._connection, "etl_steps", {**columns, "rows_written": rows})


def _state(error: BaseException) -> str:
    return "interrupted" if is_interruption(error) else "failed"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
