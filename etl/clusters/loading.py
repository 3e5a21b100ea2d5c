"""Inserting the clusterings of a run into the tables of the warehouse."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from etl.load.tables import insert_table, next_id
from warehouse.bits import pack_masks

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    from numpy.typing import NDArray

    from etl.clusters.clustering import ClusteringTask, Sample, Variant

Clustered = tuple["ClusteringTask", "list[Sample]"]
#: Types of columns that may be NULL throughout, or whose integers Arrow would make 64 bits wide.
_TYPES = {"null_replicate": pa.int32(), "cluster_a": pa.int32(), "cluster_b": pa.int32()}


def load_clusterings(
    connection: duckdb.DuckDBPyConnection, run_id: int, clustered: list[Clustered]
) -> Counter[str]:
    """Insert the clusterings of some tasks of a run; return the number of rows by table."""
    rows = _Rows(run_id, next_id(connection, "clusterings", "clustering_id"))
    for task, samples in clustered:
        rows.add_embeddings(task, samples[0])
        for sample in samples:
            for variant, labels in zip(task.variants, sample.labels, strict=True):
                rows.add(task, sample, variant, labels)
    return rows.insert(connection)


class _Rows:
    """The rows of every table, collected as columns: DuckDB inserts whole columns far faster than rows."""

    def __init__(self, run_id: int, first_id: int) -> None:
        self._run_id = run_id
        self._next_id = first_id
        self._parts: dict[str, list[dict[str, Any]]] = {}

    def add(self, task: ClusteringTask, sample: Sample, variant: Variant, labels: NDArray[np.int32]) -> None:
        """Add one clustering; its assignments and centroids only if the mask is real."""
        key = self._next_id
        self._next_id += 1
        self._append(
            "clusterings",
            1,
            clustering_id=key,
            run_id=self._run_id,
            matrix_id=task.matrix_id,
            axis=task.axis,
            algorithm=variant.algorithm,
            distance=variant.distance,
            k=variant.k,
            neighbour_count=len(task.features),
            reference_feature=task.reference_feature,
            seed=task.seed,
            null_replicate=sample.replicate,
        )
        pairs = pair_distances(sample.distances, labels, merge_between=sample.replicate is not None)
        self._append("cluster_pair_distances", len(pairs["pair_count"]), clustering_id=key, **pairs)
        if sample.replicate is None:
            count = len(labels)
            self._append(
                "cluster_assignments",
                count,
                clustering_id=key,
                feature_index=task.features,
                cluster=labels,
                gradient_rank=np.arange(count, dtype=np.int32),
                reference_distance=sample.distances[0],
            )
            centres = centroids(task.masks, labels)
            self._append("cluster_centroids", len(centres["cluster"]), clustering_id=key, **centres)

    def add_embeddings(self, task: ClusteringTask, sample: Sample) -> None:
        """Add the coordinates of the real neighbourhood."""
        for embedding, points in sample.coordinates.items():
            self._append(
                "feature_embeddings",
                len(points),
                run_id=self._run_id,
                matrix_id=task.matrix_id,
                axis=task.axis,
                reference_feature=task.reference_feature,
                embedding=embedding,
                seed=task.seed,
                feature_index=task.features,
                x=points[:, 0].astype(np.float32),
                y=points[:, 1].astype(np.float32),
            )

    def insert(self, connection: duckdb.DuckDBPyConnection) -> Counter[str]:
        """Insert everything and return the number of rows by table."""
        rows: Counter[str] = Counter()
        for table, parts in self._parts.items():
            columns = {name: [part[name] for part in parts] for name in parts[0]}
            batch = pa.table({name: _joined(arrays) for name, arrays in columns.items()})
            rows += insert_table(connection, table, batch)
        return rows

    def _append(self, table: str, count: int, **columns: Any) -> None:
        """Collect `count` rows of a table; a single value is shared by all of them."""
        part = {
            name: value
            if isinstance(value, np.ndarray | pa.Array)
            else pa.array([value] * count, type=_TYPES.get(name))
            for name, value in columns.items()
        }
        self._parts.setdefault(table, []).append(part)


def pair_distances(
    distances: NDArray[np.float64], labels: NDArray[np.int32], *, merge_between: bool
) -> dict[str, Any]:
    """Sum distances over the pairs of features within and between clusters.

    Args:
        distances: (features, features), symmetric, 0 on the diagonal.
        labels: (features,) clusters.
        merge_between: return a single row, whose clusters are NULL, for all pairs in different clusters.

    Returns:
        The columns `cluster_a`, `cluster_b`, `pair_count` and `distance_sum`, one row per pair of clusters.
    """
    clusters, members = np.unique(labels, return_inverse=True)
    belongs = np.eye(len(clusters))[members]
    sums = belongs.T @ distances @ belongs
    sizes = belongs.sum(axis=0)
    counts = np.outer(sizes, sizes)
    diagonal = np.arange(len(clusters))
    # The product counts each pair within a cluster twice, and each feature paired with itself.
    sums[diagonal, diagonal] /= 2
    counts[diagonal, diagonal] = sizes * (sizes - 1) / 2
    first, second = np.triu_indices(len(clusters))
    if not merge_between:
        order = [clusters[first], clusters[second], counts[first, second], sums[first, second]]
        return _pair_columns(*order)
    apart = np.triu_indices(len(clusters), k=1)
    between = [counts[apart].sum(), sums[apart].sum()] if len(clusters) > 1 else []
    names = pa.array([*clusters.tolist(), *([None] if between else [])], type=pa.int32())
    return _pair_columns(
        names,
        names,
        np.concatenate([counts[diagonal, diagonal], between[:1]]),
        np.concatenate([sums[diagonal, diagonal], between[1:]]),
    )


def centroids(masks: NDArray[np.bool_], labels: NDArray[np.int32]) -> dict[str, Any]:
    """Return the columns of `cluster_centroids`: per cluster, the positions most of its features keep."""
    clusters = np.unique(labels)
    shares = np.stack([masks[labels == cluster].mean(axis=0) for cluster in clusters])
    return {
        "cluster": clusters,
        "feature_count": np.array([(labels == cluster).sum() for cluster in clusters], dtype=np.int32),
        "majority_mask": pack_masks(shares > 0.5),
        "mean_density": shares.mean(axis=1).astype(np.float32),
        "majority_agreement": np.maximum(shares, 1 - shares).mean(axis=1).astype(np.float32),
    }


def _pair_columns(first: Any, second: Any, counts: NDArray, sums: NDArray) -> dict[str, Any]:
    return {
        "cluster_a": first,
        "cluster_b": second,
        "pair_count": counts.astype(np.int32),
        "distance_sum": sums,
    }


def _joined(arrays: Iterable[Any]) -> Any:
    return pa.chunked_array([array if isinstance(array, pa.Array) else pa.array(array) for array in arrays])
