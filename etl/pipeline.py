"""Carrying out a plan in the private copy of the database, one committed step after the other."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from etl.ledger import Ledger
from etl.load.benchmarks import load_benchmarks
from etl.load.measurements import read_measurements
from etl.load.tables import load_model
from etl.plan import is_finished, load_step, make_plan
from etl.preflight import check_ready
from warehouse.opening import is_present, missing_database
from warehouse.publishing import Writer

if TYPE_CHECKING:
    import duckdb

    from etl.plan import Plan, Step
    from etl.progress import Progress
    from etl.settings.read import Settings
    from etl.workbench import Workbench


def run_pipeline(database: Path, settings: Settings, command: str, device: str, progress: Progress) -> None:
    """Compute what is new in a pipeline and publish it.

    Steps are committed to a private copy one by one; when the job is killed, the next one resumes in
    that copy. Where nothing is new, nothing is written at all.

    Raises:
        SparsityError: bad input, a locked or foreign database, a failed check; nothing is published then.
    """
    with Writer(database) as writer:
        # Bad input is found before anything is copied.
        plan = make_plan(settings, writer.published)
        if not writer.resumable and writer.published is not None and not plan.pending:
            progress.ended("unchanged", [], {})
            return
        check_ready(plan, device)
        connection = _begin(writer, progress)
        plan = plan.against(connection)
        rows = _Execution(connection, database, plan, device, progress).carry_out(Ledger(connection, command))
        run_ids = _run_ids(connection, plan)
        writer.publish()
        progress.ended("published", run_ids, dict(rows))


def load_file(database: Path, file: Path, command: str, progress: Progress) -> None:
    """Load a file of kernel measurements and publish; a file loaded before adds nothing.

    Raises:
        SparsityError: the file is no file of measurements, a locked or foreign database, a failed check.
    """
    # Bad input is found before anything is copied.
    measured = read_measurements(file)
    with Writer(database) as writer:
        step = load_step(measured)
        if not writer.resumable and writer.published is not None and is_finished(step, writer.published):
            progress.ended("unchanged", [], {})
            return
        connection = _begin(writer, progress)
        ledger = Ledger(connection, command)
        progress.started(1, 1, step)
        began = time.monotonic()
        try:
            with ledger.step(step) as written:
                written.update(load_benchmarks(connection, measured.rows, progress.note))
        except BaseException as error:
            ledger.close(error)
            writer.abandon()
            raise
        ledger.close()
        progress.finished(step, time.monotonic() - began, written.total())
        writer.publish()
        progress.ended("published", [], dict(written))


def upgrade(database: Path, progress: Progress) -> None:
    """Bring a database that an older version has made up to date; one that is current stays as it is.

    Raises:
        MissingDatabaseError: there is none.
        SparsityError: a locked, foreign or newer database, a failed check; nothing is published then.
    """
    if not is_present(database):
        raise missing_database(database)
    with Writer(database) as writer:
        if writer.published is not None:
            progress.ended("unchanged", [], {})
            return
        _begin(writer, progress)
        writer.publish()
        progress.ended("published", [], {})


def _begin(writer: Writer, progress: Progress) -> duckdb.DuckDBPyConnection:
    connection = writer.begin()
    for note in writer.notes:
        progress.note(note)
    return connection


class _Execution:
    """One pass over the pending steps of a plan."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        database: Path,
        plan: Plan,
        device: str,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._database = database
        self._plan = plan
        self._device = device
        self._progress = progress
        self._bench: Workbench | None = None

    def carry_out(self, ledger: Ledger) -> Counter[str]:
        """Do every pending step and return the rows written, by table."""
        rows: Counter[str] = Counter()
        pending = self._plan.pending
        try:
            for number, step in enumerate(pending, start=1):
                self._progress.started(number, len(pending), step)
                began = time.monotonic()
                with ledger.step(step) as written:
                    written.update(self._do(step))
                self._progress.finished(step, time.monotonic() - began, written.total())
                rows += written
        except BaseException as error:
            ledger.close(error)
            raise
        finally:
            if self._bench is not None:
                self._bench.close()
        ledger.close()
        return rows

    def _do(self, step: Step) -> Counter[str]:
        if step.kind == "model":
            return load_model(self._connection, self._plan.checkpoint, self._plan.inputs.model)
        if step.kind == "load":
            rows = read_measurements(Path(step.subject)).rows
            return load_benchmarks(self._connection, rows, self._progress.note)
        if self._bench is None:
            # torch, transformers and scikit-learn take seconds to import, which a plan without work spares.
            from etl.workbench import Workbench  # noqa: PLC0415

            self._bench = Workbench(
                self._connection, self._database, self._plan, self._device, self._progress
            )
        return self._bench.do(step)


def _run_ids(connection: duckdb.DuckDBPyConnection, plan: Plan) -> list[int]:
    touched = sorted({step.run for step in plan.pending if step.run})
    rows = connection.execute(
        "SELECT run_id FROM pruning_runs WHERE list_contains(?, fingerprint) ORDER BY run_id", [touched]
    ).fetchall()
    return [row[0] for row in rows]
