"""What the warehouse knows of a run that is to be exported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.errors import ExportError
from etl.plan import DENSE

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class RunRecord:
    """A pruning run as the warehouse holds it, each part by the names of its columns.

    - `run`: its row of `pruning_runs`, `settings` parsed.
    - `model`: its row of `models`.
    - `calibration`: its row of `calibrations`, empty where none was used.
    - `figures`: its rows of `run_overview`, one for each evaluation text.
    - `slices`: its rows of `slices`, none but for a sliced model.
    - `steps`: fingerprints of the finished pruning steps of this database.
    - `command`: the command that made the run, where the ledger has it.
    """

    run: dict[str, Any]
    model: dict[str, Any]
    calibration: dict[str, Any]
    figures: tuple[dict[str, Any], ...]
    slices: tuple[dict[str, Any], ...]
    steps: frozenset[str]
    command: str | None

    @property
    def run_id(self) -> int:
        """The key of the run."""
        return self.run["run_id"]

    @property
    def is_sliced(self) -> bool:
        """Whether whole dimensions are gone, so that there is a smaller model and no mask."""
        return self.run["pattern"] == "sliced"

    @property
    def fingerprint(self) -> str:
        """The hash that names the run, and the folder of its pruned weights."""
        return self.run["fingerprint"]


def read_record(connection: duckdb.DuckDBPyConnection, run_id: int) -> RunRecord:
    """Read all that an export needs to know of a run.

    Raises:
        ExportError: there is no such run, or it has pruned nothing.
    """
    run = _one(connection, "SELECT * FROM pruning_runs WHERE run_id = ?", run_id)
    if not run:
        msg = f"there is no run {run_id}; sparsity-sql 'FROM run_overview' lists the runs"
        raise ExportError(msg)
    model = _one(connection, "SELECT * FROM models WHERE model_id = ?", run["model_id"])
    if run["method"] == DENSE:
        msg = f"run {run_id} is the dense model itself, which lies in {model['source']}; name a pruning run"
        raise ExportError(msg)
    run["settings"] = json.loads(run["settings"])
    calibration = "SELECT * FROM calibrations WHERE calibration_id = ?"
    overview = 'SELECT * FROM run_overview WHERE run_id = ? ORDER BY dataset, "window"'
    steps = connection.execute(
        "SELECT fingerprint FROM etl_steps WHERE step = 'prune' AND state = 'finished'"
    ).fetchall()
    return RunRecord(
        run=run,
        model=model,
        calibration=_one(connection, calibration, run["calibration_id"]),
        figures=tuple(_rows(connection, overview, run_id)),
        slices=tuple(_rows(connection, "SELECT * FROM slices WHERE run_id = ? ORDER BY layer", run_id)),
        steps=frozenset(step[0] for step in steps),
        command=_command(connection, run),
    )


def _command(connection: duckdb.DuckDBPyConnection, run: dict[str, Any]) -> str | None:
    """Return the command whose invocation pruned the run: the one that was going on when the run began."""
    row = connection.execute(
        "SELECT any_value(etl_runs.command) FROM etl_runs INNER JOIN etl_steps USING (etl_run_id)"
        " WHERE etl_steps.step = 'prune' AND etl_steps.state = 'finished'"
        " AND ? BETWEEN etl_steps.started_at AND etl_steps.finished_at",
        [run["started_at"]],
    ).fetchone()
    return row[0] if row else None


def _one(connection: duckdb.DuckDBPyConnection, query: str, key: object) -> dict[str, Any]:
    return next(iter(_rows(connection, query, key)), {})


def _rows(connection: duckdb.DuckDBPyConnection, query: str, key: object) -> list[dict[str, Any]]:
    found = connection.execute(query, [key])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
