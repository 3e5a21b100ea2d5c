"""Putting models, runs, masks and figures into the warehouse's tables."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from warehouse.bits import pack_columns, pack_masks
from warehouse.printable import utf8_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from etl.model.checkpoint import Checkpoint
    from etl.pruning.result import PrunedBlock, PrunedMatrix

#: Tables with rows of a pruning run, in the order of deletion; its clusterings are deleted before.
_RUN_TABLES = (
    "structure_tests",
    "perplexities",
    "slices",
    "feature_metrics",
    "feature_masks",
    "matrix_prunings",
    "block_allocations",
    "expert_loads",
    "pruning_runs",
)


def utc_now() -> datetime.datetime:
    """Return the time in UTC, without a zone, as the warehouse stores it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def insert(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Any]) -> Counter[str]:
    """Insert columns into a table by name and return the number of rows, by table.

    A column is an array of all rows, or one value that every row shares.
    """
    lengths = [len(value) for value in columns.values() if _is_array(value)]
    count = lengths[0] if lengths else 1
    batch = pa.table(
        {
            name: value if _is_array(value) else pa.array([_storable(value)] * count)
            for name, value in columns.items()
        }
    )
    return insert_table(connection, table, batch)


def insert_table(connection: duckdb.DuckDBPyConnection, table: str, batch: pa.Table) -> Counter[str]:
    """Insert an Arrow table into a table by column name and return the number of rows, by table."""
    connection.register("batch", batch)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM batch")  # noqa: S608  # our own table names
    finally:
        connection.unregister("batch")
    return Counter({table: batch.num_rows})


def next_id(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """Return the first free integer key of a table, from 1."""
    row = connection.execute(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").fetchone()  # noqa: S608
    return int(row[0]) if row else 1


def load_model(
    connection: duckdb.DuckDBPyConnection, checkpoint: Checkpoint, fingerprint: str
) -> Counter[str]:
    """Insert a model and its matrices; return the rows by table, none where the model is known."""
    known = connection.execute("SELECT model_id, fingerprint FROM models").fetchall()
    if fingerprint in {row[1] for row in known}:
        return Counter()
    name = checkpoint.name
    model_id = f"{name}-{fingerprint[:8]}" if name in {row[0] for row in known} else name
    rows = insert(
        connection,
        "models",
        {
            "model_id": model_id,
            "architecture": checkpoint.architecture,
            "layer_count": checkpoint.layer_count,
            "parameter_count": checkpoint.parameter_count,
            "dtype": checkpoint.dtype,
            "source": str(checkpoint.folder),
            "fingerprint": fingerprint,
        },
    )
    first = next_id(connection, "matrices", "matrix_id")
    matrices = checkpoint.matrices
    return rows + insert(
        connection,
        "matrices",
        {
            "matrix_id": np.arange(first, first + len(matrices), dtype=np.int32),
            "model_id": model_id,
            "layer": [matrix.layer for matrix in matrices],
            "component": [matrix.component for matrix in matrices],
            "projection": [matrix.projection for matrix in matrices],
            "out_features": [matrix.out_features for matrix in matrices],
            "in_features": [matrix.in_features for matrix in matrices],
            "head_count": pa.array(
                [checkpoint.head_count(matrix.projection) for matrix in matrices], pa.int32()
            ),
        },
    )


def model_keys(
    connection: duckdb.DuckDBPyConnection, fingerprint: str
) -> tuple[str, dict[tuple[int, str], int]]:
    """Return the key of a loaded model, and of its matrices by layer and component."""
    model_id = connection.execute(
        "SELECT model_id FROM models WHERE fingerprint = ?", [fingerprint]
    ).fetchall()[0][0]
    rows = connection.execute(
        "SELECT layer, component, matrix_id FROM matrices WHERE model_id = ?", [model_id]
    ).fetchall()
    return model_id, {(layer, component): matrix_id for layer, component, matrix_id in rows}


def load_calibration(
    connection: duckdb.DuckDBPyConnection, fingerprint: str, columns: Mapping[str, Any]
) -> tuple[int, Counter[str]]:
    """Insert a calibration set unless it is known; return its key and the rows written."""
    row = connection.execute(
        "SELECT calibration_id FROM calibrations WHERE fingerprint = ?", [fingerprint]
    ).fetchone()
    if row:
        return int(row[0]), Counter()
    key = next_id(connection, "calibrations", "calibration_id")
    rows = insert(connection, "calibrations", {"calibration_id": key, "fingerprint": fingerprint, **columns})
    return key, rows


def start_run(connection: duckdb.DuckDBPyConnection, fingerprint: str, columns: dict[str, Any]) -> int:
    """Insert a pruning run, which replaces an earlier one with the same fingerprint; return its key."""
    row = connection.execute(
        "SELECT run_id FROM pruning_runs WHERE fingerprint = ?", [fingerprint]
    ).fetchone()
    if row:
        delete_run(connection, row[0])
    key = int(row[0]) if row else next_id(connection, "pruning_runs", "run_id")
    settings = json.dumps(columns.pop("settings"), sort_keys=True)
    insert(
        connection,
        "pruning_runs",
        {"run_id": key, "fingerprint": fingerprint, "settings": settings, "started_at": utc_now(), **columns},
    )
    return key


def finish_run(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Record the time at which a run was complete."""
    connection.execute("UPDATE pruning_runs SET finished_at = ? WHERE run_id = ?", [utc_now(), run_id])


def delete_run(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Delete a run and all rows that refer to it."""
    delete_clusterings(connection, run_id)
    connection.execute("DELETE FROM feature_comparisons WHERE ? IN (run_id_a, run_id_b)", [run_id])
    for table in _RUN_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [run_id])  # noqa: S608


def delete_clusterings(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Delete the clusterings of a run and all rows that refer to them."""
    connection.execute("DELETE FROM feature_embeddings WHERE run_id = ?", [run_id])
    for table in ("cluster_assignments", "cluster_pair_distances", "cluster_centroids", "clusterings"):
        connection.execute(
            f"DELETE FROM {table} WHERE clustering_id IN"  # noqa: S608  # our own table names
            " (SELECT clustering_id FROM clusterings WHERE run_id = ?)",
            [run_id],
        )


def load_matrix(
    connection: duckdb.DuckDBPyConnection, run_id: int, matrix_id: int, pruned: PrunedMatrix, *, metrics: bool
) -> Counter[str]:
    """Insert one pruned matrix: its figures, its masks and, if asked for, its per-feature metrics.

    The columns of every matrix are stored as features. Of `down` the rows are stored as well: its outputs,
    not its inputs, are features of the residual stream.
    """
    mask = pruned.keep_mask.numpy()
    weight = pruned.weight.float().numpy()
    rows = insert(
        connection,
        "matrix_prunings",
        {
            "run_id": run_id,
            "matrix_id": matrix_id,
            "kept_count": pruned.kept_count,
            "weight_count": mask.size,
            "reconstruction_error": pruned.reconstruction_error,
            "elapsed_seconds": pruned.elapsed_seconds,
            "threshold": pruned.threshold,
        },
    )
    norms = {"input": pruned.input_weight_norm.numpy(), "output": pruned.output_weight_norm.numpy()}
    for axis in axes(pruned.matrix.projection):
        # Features are columns or rows, and their positions lie along the other dimension.
        along = 0 if axis == "input" else 1
        kept = mask.sum(axis=along, dtype=np.int32)
        bits = pack_columns(mask) if axis == "input" else pack_masks(mask)
        keys = {"run_id": run_id, "matrix_id": matrix_id, "axis": axis}
        index = np.arange(len(kept), dtype=np.int32)
        rows += insert(
            connection,
            "feature_masks",
            {**keys, "feature_index": index, "keep_mask": bits, "kept_count": kept},
        )
        if metrics:
            activation = (
                pruned.activation_norm.numpy() if axis == "input" else pa.nulls(len(kept), pa.float32())
            )
            rows += insert(
                connection,
                "feature_metrics",
                {
                    **keys,
                    "feature_index": index,
                    "weight_norm": norms[axis],
                    "pruned_weight_norm": np.linalg.norm(weight, axis=along),
                    "activation_norm": activation,
                    "density": (kept / mask.shape[along]).astype(np.float32),
                },
            )
    return rows


def load_share(connection: duckdb.DuckDBPyConnection, run_id: int, block: PrunedBlock) -> Counter[str]:
    """Insert what an allocation gave a block; nothing where sparsity is uniform."""
    if block.share is None:
        return Counter()
    share = {"sparsity": block.share.sparsity, "outlier_ratio": block.share.outlier_ratio}
    return insert(connection, "block_allocations", {"run_id": run_id, "layer": block.layer, **share})


def load_expert_loads(connection: duckdb.DuckDBPyConnection, run_id: int, block: PrunedBlock) -> Counter[str]:
    """Insert how many calibration tokens each expert of a block saw; nothing where it has none."""
    if not block.expert_loads:
        return Counter()
    return insert(
        connection,
        "expert_loads",
        {
            "run_id": run_id,
            "layer": block.layer,
            "component": [load.component for load in block.expert_loads],
            "expert": [load.expert for load in block.expert_loads],
            "token_count": [load.token_count for load in block.expert_loads],
        },
    )


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, keys: Mapping[str, Any], columns: Mapping[str, Any]
) -> Counter[str]:
    """Put rows in the place of those of a table that have these keys; return the rows written, by table."""
    condition = " AND ".join(f'"{name}" = ?' for name in keys)
    connection.execute(f"DELETE FROM {table} WHERE {condition}", list(keys.values()))  # noqa: S608
    return insert(connection, table, {**keys, **columns})


def axes(projection: str) -> tuple[str, ...]:
    """Return the axes along which a projection's features are stored."""
    return ("input", "output") if projection == "down" else ("input",)


def cluster_axis(projection: str) -> str:
    """Return the axis whose features are compared and clustered: rows for down, columns elsewhere."""
    return "output" if projection == "down" else "input"


def _storable(value: object) -> object:
    return utf8_text(value) if isinstance(value, str) else value


def _is_array(value: object) -> bool:
    return isinstance(value, list | np.ndarray | pa.Array)
