"""The pruned weights of a run that is in the warehouse: those kept beside it, or pruned again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import ExportError
from etl.plan import make_plan
from etl.pruning.weights import kept_fingerprint, weights_folder
from etl.settings.flags import recorded_settings
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from etl.export.record import RunRecord
    from etl.progress import Progress
    from etl.settings.read import Settings


def kept_weights(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    record: RunRecord,
    device: str,
    progress: Progress,
) -> tuple[Path, str]:
    """Return the folder of the weights kept beside the database, and their fingerprint; prune again if gone.

    Pruning again repeats the command that the ledger has for the run, as far as this run is concerned: its
    plan must lead to the very fingerprint of the run, so that nothing else can be taken for it.

    Raises:
        ExportError: the weights are gone and that command does not lead to the run any more.
    """
    folder = weights_folder(database, record.fingerprint)
    kept = kept_fingerprint(folder)
    if kept in record.steps:
        return folder, kept
    progress.note(
        f"the pruned weights of run {record.run_id} are not kept beside the database; pruning again"
    )
    try:
        plan = make_plan(_settings(record), connection)
    except SparsityError as error:
        raise _gone(record, str(error)) from error
    step = next((s for s in plan.steps if s.kind == "prune" and s.run == record.fingerprint), None)
    if step is None:
        raise _gone(record, "the command that made it now leads to other runs")
    from etl.prunings import Prunings  # noqa: PLC0415  seconds of import that kept weights do without

    Prunings(database, plan, device, progress).keep(step)
    return folder, step.fingerprint


def _settings(record: RunRecord) -> Settings:
    if record.command is None:
        msg = "the ledger does not say which command made it"
        raise ExportError(msg)
    return recorded_settings(record.command)


def _gone(record: RunRecord, reason: str) -> ExportError:
    again = (
        "" if record.command is None else f", or make them in a new database: {record.command} --db new.db"
    )
    msg = (
        f"the pruned weights of run {record.run_id} are not kept beside the database and cannot be made "
        f"again ({reason}); call this command from the folder the run was started in{again}"
    )
    return ExportError(msg)
