"""The sample warehouse with more runs, features compared and placed, a second seed, a kernel that failed."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tests import sample_warehouse
from tests.sample_shapes import RUNS, Run, Shape, keep_mask, list_matrices
from warehouse import schema
from warehouse.publishing import Writer

SHAPE = Shape(blocks=2)
RICH_RUNS = (
    *RUNS,
    Run(5, "sparsegpt", 0.5, "unstructured", 9.05),
    Run(6, "wanda", 0.7, "unstructured", 31.5),
)
FIRST, SECOND = 3, 5


def build_rich(path: Path) -> Path:
    """Publish the sample with every table that the screens of panels read."""
    sample_warehouse.build(path, SHAPE, RICH_RUNS)
    with Writer(path) as writer:
        connection = writer.begin()
        schema.build(connection)  # brings back the published figures, which the plain sample leaves out
        _compare_features(connection)
        _place_features(connection)
        _cluster_again(connection)
        _fail_a_kernel(connection)
        writer.publish()
    return path


def run_named(run_id: int) -> Run:
    """Return a run of the sample."""
    return next(run for run in RICH_RUNS if run.run_id == run_id)


def jaccard(run_id: int, other_run_id: int, layer: int, projection: str) -> np.ndarray:
    """Return the Jaccard similarity of every feature (column; row of `down`) of a matrix in two runs."""
    matrix = next(m for m in list_matrices(SHAPE) if (m.layer, m.projection) == (layer, projection))
    masks = [keep_mask(run_named(number), matrix) for number in (run_id, other_run_id)]
    axis = 1 if matrix.cluster_axis == "output" else 0
    both, either = (masks[0] & masks[1]).sum(axis=axis), (masks[0] | masks[1]).sum(axis=axis)
    return np.where(either == 0, 1.0, both / np.maximum(either, 1))


def _compare_features(connection: duckdb.DuckDBPyConnection) -> None:
    rows = []
    for matrix in list_matrices(SHAPE):
        similar = jaccard(FIRST, SECOND, matrix.layer, matrix.projection)
        for feature, value in enumerate(similar.tolist()):
            row = (
                FIRST,
                SECOND,
                matrix.matrix_id,
                matrix.cluster_axis,
                feature,
                value,
                value**0.5,
                1 - value,
            )
            rows.append(row)
    columns = {f"c{place}": values for place, values in enumerate(zip(*rows, strict=True))}
    connection.register("arriving", pa.table(columns))
    connection.execute("INSERT INTO feature_comparisons SELECT * FROM arriving")


def _place_features(connection: duckdb.DuckDBPyConnection) -> None:
    """Place the clustered features of wanda on a circle, a feature's angle by its number."""
    connection.execute(
        """
        INSERT INTO feature_embeddings
        SELECT DISTINCT
            clusterings.run_id, clusterings.matrix_id, clusterings.axis, clusterings.reference_feature,
            embedding, 0, assignments.feature_index,
            cos(assignments.feature_index), sin(assignments.feature_index) * radius
        FROM clusterings
        INNER JOIN cluster_assignments AS assignments USING (clustering_id)
        CROSS JOIN (VALUES ('pca', 1), ('tsne', 2)) AS embeddings (embedding, radius)
        WHERE clusterings.run_id = 3 AND clusterings.null_replicate IS NULL
        """
    )


def _cluster_again(connection: duckdb.DuckDBPyConnection) -> None:
    """Give wanda a second seed that finds the same clusters."""
    for table, columns in (
        ("clusterings", "* REPLACE (clustering_id + 1000000 AS clustering_id, 1 AS seed)"),
        ("cluster_assignments", "* REPLACE (clustering_id + 1000000 AS clustering_id)"),
        ("cluster_pair_distances", "* REPLACE (clustering_id + 1000000 AS clustering_id)"),
    ):
        connection.execute(
            f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE clustering_id IN"
            " (SELECT clustering_id FROM clusterings WHERE run_id = 3 AND seed = 0)"
        )


def _fail_a_kernel(connection: duckdb.DuckDBPyConnection) -> None:
    """Add a kernel with a wrong result: no time, and what went wrong."""
    connection.execute(
        """
        INSERT INTO kernel_benchmarks BY NAME
        SELECT * REPLACE (
            'bsr' AS kernel, NULL AS latency_us_p20, NULL AS latency_us_p50, NULL AS latency_us_p80,
            NULL AS speedup, 'wrong result' AS error, 0.3 AS relative_error
        )
        FROM kernel_benchmarks LIMIT 1
        """
    )
