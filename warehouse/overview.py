"""What the first screen shows: every run and every pruned matrix, without loading Ibis."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from warehouse.rows import read_rows

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One row of the view `run_overview`, its columns by name; None where nothing was measured."""

    model_id: str
    run_id: int
    run_label: str
    method: str
    sparsity: float
    pattern: str
    scope: str | None
    matrix_count: int | None
    weight_count: int | None
    actual_sparsity: float | None
    mean_reconstruction_error: float | None
    elapsed_seconds: float | None
    dataset: str | None
    token_count: int | None
    perplexity: float | None
    dense_perplexity: float | None
    perplexity_ratio: float | None
    value_format: str | None = None
    refinement: str | None = None


@dataclass(frozen=True, slots=True)
class MatrixFigures:
    """One row of the view `model_overview`, its columns by name; None where nothing was measured."""

    model_id: str
    run_id: int
    matrix_id: int
    layer: int
    component: str
    projection: str
    out_features: int
    in_features: int
    actual_sparsity: float
    reconstruction_error: float | None
    k: int | None = None
    separation_ratio: float | None = None
    separation_ratio_macro: float | None = None
    null_ratio_mean: float | None = None
    null_ratio_macro_mean: float | None = None
    z_score: float | None = None
    singleton_count: float | None = None
    best_speedup: float | None = None
    best_kernel: str | None = None
    best_device: str | None = None
    q_value: float | None = None
    evidence: str | None = None
    is_structured: bool | None = None


PRUNING_COLUMNS = tuple(field.name for field in fields(MatrixFigures))[:10]
MATRIX_ORDER = "run_id, layer, matrix_id"


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """All runs and all pruned matrices; `complete` once structure and speed are among the figures."""

    runs: tuple[RunFigures, ...]
    matrices: tuple[MatrixFigures, ...]
    complete: bool = True


def read_prunings(cursor: "duckdb.DuckDBPyConnection") -> Overview:
    """Read what is there without computing distances: milliseconds for any number of clusterings."""
    return Overview(
        runs=_read_runs(cursor),
        matrices=read_rows(cursor, "pruned_matrices", MatrixFigures, MATRIX_ORDER, PRUNING_COLUMNS),
        complete=False,
    )


def read_overview(cursor: "duckdb.DuckDBPyConnection") -> Overview:
    """Read everything; the separation ratios of a whole warehouse take a second and more."""
    matrices = read_rows(cursor, "model_overview", MatrixFigures, MATRIX_ORDER)
    return Overview(_read_runs(cursor), matrices)


def run_table(cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
    """Return every column of every run."""
    return cursor.table("run_overview").order("model_id, run_id, dataset")


def matrix_table(cursor: "duckdb.DuckDBPyConnection", run_id: int) -> "duckdb.DuckDBPyRelation":
    """Return every column of every matrix of one run."""
    return cursor.table("model_overview").filter(f"run_id = {run_id:d}").order("layer, matrix_id")


def _read_runs(cursor: "duckdb.DuckDBPyConnection") -> tuple[RunFigures, ...]:
    return read_rows(cursor, "run_overview", RunFigures, "model_id, run_id, dataset")
