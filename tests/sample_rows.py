"""Rows for the tests of views: one model, runs, matrices, masks and clusterings, written in a line each."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.clusters.loading import pair_distances
from etl.load.tables import insert
from warehouse.bits import pack_masks

STARTED = datetime.datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001  # the tables hold UTC without a zone
BENCHMARK = {
    "device": "GPU",
    "variant": "a",
    "batch": 1,
    "dtype": "bfloat16",
    "mask_source": "random",
    "cache": "cold",
    "measured_at": STARTED,
}


@contextmanager
def scratch(db: duckdb.DuckDBPyConnection) -> Iterator["Rows"]:
    """Write rows that are gone after the block, however it ends."""
    db.execute("BEGIN")
    try:
        yield Rows(db)
    finally:
        db.execute("ROLLBACK")


class Rows:
    """Writes rows of every kind; keys count from 1."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        self.model("m")
        self._clusterings = 0

    def model(self, model_id: str) -> None:
        """Write a model."""
        insert(self.db, "models", {
            "model_id": model_id, "architecture": "L", "layer_count": 2, "parameter_count": 1,
            "dtype": "float32", "source": "s", "fingerprint": "f",
        })  # fmt: skip

    def run(
        self,
        run_id: int,
        method: str = "wanda",
        sparsity: float = 0.5,
        pattern: str = "unstructured",
        model_id: str = "m",
    ) -> None:
        """Write a pruning run."""
        insert(self.db, "pruning_runs", {
            "run_id": run_id, "model_id": model_id, "method": method, "sparsity": sparsity,
            "pattern": pattern, "scope": "row", "settings": "{}", "seed": 0, "code_version": "1",
            "fingerprint": f"r{run_id}", "started_at": STARTED,
        })  # fmt: skip

    def matrix(
        self,
        matrix_id: int,
        shape: tuple[int, int],
        projection: str = "q",
        layer: int = 0,
        head_count: int | None = None,
    ) -> None:
        """Write a matrix of shape (out, in)."""
        insert(self.db, "matrices", {
            "matrix_id": matrix_id, "model_id": "m", "layer": layer,
            "component": f"self_attn.{projection}_proj", "projection": projection,
            "out_features": shape[0], "in_features": shape[1],
            "head_count": pa.array([head_count], pa.int32()),
        })  # fmt: skip

    def pruning(
        self, run_id: int, matrix_id: int, kept: int = 1, weights: int = 2, error: float = 0.1
    ) -> None:
        """Write the figures of one matrix of a run."""
        insert(self.db, "matrix_prunings", {
            "run_id": run_id, "matrix_id": matrix_id, "kept_count": kept, "weight_count": weights,
            "reconstruction_error": error, "elapsed_seconds": 1.0,
        })  # fmt: skip

    def masks(self, run_id: int, matrix_id: int, mask: NDArray[np.bool_], axis: str = "input") -> None:
        """Write the (out, in) mask of a run and matrix along one axis."""
        features = np.ascontiguousarray(mask.T if axis == "input" else mask)
        insert(self.db, "feature_masks", {
            "run_id": run_id, "matrix_id": matrix_id, "axis": axis,
            "feature_index": np.arange(len(features), dtype=np.int32), "keep_mask": pack_masks(features),
            "kept_count": features.sum(axis=1, dtype=np.int32),
        })  # fmt: skip

    def matrix_of_run(
        self, run_id: int, matrix_id: int, mask: NDArray[np.bool_], projection: str = "q"
    ) -> None:
        """Write a matrix with its figures and masks for one run."""
        self.matrix(matrix_id, (mask.shape[0], mask.shape[1]), projection)
        self.pruning(run_id, matrix_id, int(mask.sum()), mask.size)
        self.masks(run_id, matrix_id, mask)

    def tests(self, q_value: float, run_id: int = 1, matrix_id: int = 1, axis: str = "input") -> None:
        """Write both tests of a mask; the neighbours have the q-value, the eigenvalue one near 1."""
        insert(self.db, "structure_tests", {
            "run_id": run_id, "matrix_id": matrix_id, "axis": axis,
            "test": ["nearest_neighbours", "top_eigenvalue"], "statistic": [0.3, 0.2],
            "null_mean": [0.4, 0.2], "null_sd": [0.01, 0.01], "replicates": [199, 20],
            "p_value": [q_value / 2, 0.9],
            "q_value": [q_value, 0.9], "effect": [0.25, 0.0], "effect_low": [0.2, -0.1],
            "effect_high": [0.3, 0.1],
        })  # fmt: skip

    def clustering(
        self,
        labels: list[int] | NDArray[np.integer],
        *,
        run_id: int = 1,
        matrix_id: int = 1,
        k: int = 2,
        reference: int = 0,
        seed: int = 0,
        null_replicate: int | None = None,
        features: list[int] | None = None,
        axis: str = "input",
        algorithm: str = "kmeans",
        distance: str = "euclidean",
    ) -> int:
        """Write a clustering and, for a real mask, its members in gradient order; return its key."""
        self._clusterings += 1
        insert(self.db, "clusterings", {
            "clustering_id": self._clusterings, "run_id": run_id, "matrix_id": matrix_id, "axis": axis,
            "algorithm": algorithm, "distance": distance, "k": k, "neighbour_count": len(labels),
            "reference_feature": reference, "seed": seed, "null_replicate": null_replicate,
        })  # fmt: skip
        if null_replicate is None:
            members = features if features is not None else range(len(labels))
            insert(self.db, "cluster_assignments", {
                "clustering_id": self._clusterings, "feature_index": list(members),
                "cluster": [int(label) for label in labels], "gradient_rank": list(range(len(labels))),
                "reference_distance": [0.1] * len(labels),
            })  # fmt: skip
        return self._clusterings

    def pairs(self, clustering_id: int, *rows: tuple[int | None, int | None, int, float]) -> None:
        """Write rows of (cluster a, cluster b, pairs, sum of distances)."""
        self.db.executemany(
            "INSERT INTO cluster_pair_distances VALUES (?, ?, ?, ?, ?)",
            [(clustering_id, *row) for row in rows],
        )

    def distances(
        self, clustering_id: int, distances: NDArray[np.float64], labels: NDArray[np.int32]
    ) -> None:
        """Write the pair distances of a clustering."""
        columns = pair_distances(distances, labels, merge_between=False)
        insert(self.db, "cluster_pair_distances", {"clustering_id": clustering_id, **columns})

    def benchmark(self, kernel: str, shape: tuple[int, int], latency: float, **columns: object) -> None:
        """Write a measurement against 10 µs of dense."""
        insert(self.db, "kernel_benchmarks", {
            **BENCHMARK, "kernel": kernel, "out_features": shape[0], "in_features": shape[1], "sparsity": 0.5,
            "pattern": "unstructured", "latency_us_p50": latency, "dense_latency_us_p50": 10.0,
            "speedup": 10.0 / latency, "bits_per_weight": 10.0, **columns,
        })  # fmt: skip

    def one(self, query: str) -> tuple:
        """Return the one row of a query."""
        found = self.db.execute(query).fetchall()
        assert len(found) == 1, found
        return found[0]
