"""A small warehouse with every table the app reads, the same on every machine."""

import datetime
import itertools
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.sample_shapes import COMPONENTS, MODEL, RUNS, Matrix, Run, Shape, keep_mask, list_matrices
from warehouse.bits import pack_masks
from warehouse.publishing import Writer

STARTED = datetime.datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001  # the tables hold UTC without a zone


def build(path: Path, shape: Shape | None = None, runs: tuple[Run, ...] = RUNS) -> Path:
    """Publish a sample warehouse at `path` and return the path; a second build replaces the first."""
    if path.exists():
        _publish(path, shape or Shape(), runs)
    else:
        path.write_bytes(_published(shape or Shape(), runs))
    return path


@cache
def _published(shape: Shape, runs: tuple[Run, ...]) -> bytes:
    """Return the file of a sample, made once: many tests change a copy of the same one."""
    with TemporaryDirectory() as folder:
        return _publish(Path(folder) / "sparsity.db", shape, runs).read_bytes()


def _publish(path: Path, shape: Shape, runs: tuple[Run, ...]) -> Path:
    with Writer(path) as writer:
        connection = writer.begin()
        _clear(connection)
        content = _Content()
        _collect(content, shape, runs)
        content.insert(connection)
        writer.publish()
    return path


def _clear(connection: duckdb.DuckDBPyConnection) -> None:
    tables = connection.execute(
        "SELECT object_name FROM warehouse_objects"
        " WHERE kind = 'table' AND object_name NOT IN ('warehouse_info', 'warehouse_objects')"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"DELETE FROM {table}")


class _Content:
    """The rows of every table, gathered first: DuckDB takes whole columns far faster than single rows."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple]] = {}
        self.columns: dict[str, list[pa.Table]] = {}

    def add(self, table: str, rows: Iterable[tuple]) -> None:
        self.rows.setdefault(table, []).extend(rows)

    def add_columns(self, table: str, columns: dict) -> None:
        self.columns.setdefault(table, []).append(pa.table(columns))

    def insert(self, connection: duckdb.DuckDBPyConnection) -> None:
        for table, rows in self.rows.items():
            # Rows may end before the columns that later versions added, which have defaults.
            names = [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
            columns = dict(zip(names, zip(*rows, strict=True), strict=False))
            connection.register("arriving", pa.table(columns))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
        for table, parts in self.columns.items():
            connection.register("arriving", pa.concat_tables(parts))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")


def _collect(content: _Content, shape: Shape, runs: tuple[Run, ...]) -> None:
    matrices = list_matrices(shape)
    content.add(
        "models", [(MODEL, "LlamaForCausalLM", shape.blocks, 123_456, "bfloat16", "/models/tiny-llama", "m0")]
    )
    content.add(
        "matrices",
        [
            (
                m.matrix_id,
                MODEL,
                m.layer,
                COMPONENTS[m.projection],
                m.projection,
                m.out_features,
                m.in_features,
                2 if m.projection in "qkvo" else None,
            )
            for m in matrices
        ],
    )
    content.add("calibrations", [(1, "stdlib", 16, 128, 0, "c0")])
    content.add("pruning_runs", [_run_row(run) for run in runs])
    content.add(
        "perplexities", [(run.run_id, "stdlib-held-out", 512, 65_536, run.perplexity) for run in runs]
    )
    content.add("kernel_benchmarks", _benchmark_rows(shape))
    content.add("etl_runs", [(1, "sparsity-etl run", "finished", STARTED, STARTED, 1234, None)])
    numbers = itertools.count(1)
    for run in runs:
        if run.method != "dense":
            for matrix in matrices:
                mask = keep_mask(run, matrix)
                _collect_pruning(content, run, matrix, mask)
                _collect_tests(content, run, matrix)
                _collect_clusterings(content, shape, (run, matrix, mask), numbers)


def _run_row(run: Run) -> tuple:
    scope = None if run.method == "dense" else "row"
    return (
        run.run_id, MODEL, run.method, run.sparsity, run.pattern, scope, 1, "{}", 0, "1", f"r{run.run_id}",
        STARTED, STARTED,
    )  # fmt: skip


def _benchmark_rows(shape: Shape) -> Iterator[tuple]:
    for number, out_features, in_features in (
        (0, shape.hidden, shape.hidden),
        (1, shape.hidden, shape.intermediate),
    ):
        for pattern, kernel, speedup in (("unstructured", "sell", 1.42), ("2:4", "semi_structured", 1.71)):
            dense = 20.0 + number
            yield (
                "NVIDIA H200", kernel, "default", out_features, in_features, 1, "bfloat16", 0.5, pattern,
                "random", dense / speedup - 0.5, dense / speedup, dense / speedup + 0.5, dense, speedup,
                4096, 1000.0, 0.4, 2048, 9.5, 0.001, "cold", "2.6", "3.2", STARTED, None, "16",
            )  # fmt: skip


def _collect_pruning(content: _Content, run: Run, matrix: Matrix, mask: NDArray[np.bool_]) -> None:
    generator = np.random.default_rng(run.run_id * 7919 + matrix.matrix_id)
    error = 0.05 * run.run_id + 0.01 * matrix.layer + 0.002 * matrix.matrix_id
    content.add(
        "matrix_prunings", [(run.run_id, matrix.matrix_id, int(mask.sum()), mask.size, error, 0.01, None)]
    )
    for axis in ("input", "output") if matrix.projection == "down" else ("input",):
        features = mask if axis == "output" else mask.T
        count = len(features)
        keys = {
            "run_id": pa.array([run.run_id] * count, pa.int32()),
            "matrix_id": pa.array([matrix.matrix_id] * count, pa.int32()),
            "axis": [axis] * count,
            "feature_index": np.arange(count, dtype=np.int32),
        }
        kept_counts = features.sum(axis=1).astype(np.int32)
        content.add_columns(
            "feature_masks", {**keys, "keep_mask": pack_masks(features), "kept_count": kept_counts}
        )
        weight_norms = generator.uniform(0.5, 2.0, count).astype(np.float32)
        content.add_columns(
            "feature_metrics",
            {
                **keys,
                "weight_norm": weight_norms,
                "pruned_weight_norm": weight_norms * np.float32(0.9),
                "activation_norm": generator.lognormal(0.0, 1.0, count).astype(np.float32),
                "density": (kept_counts / features.shape[1]).astype(np.float32),
            },
        )


def _collect_clusterings(
    content: _Content, shape: Shape, pruned: tuple[Run, Matrix, NDArray[np.bool_]], numbers: Iterator[int]
) -> None:
    run, matrix, mask = pruned
    axis = matrix.cluster_axis
    features = mask if axis == "output" else mask.T
    generator = np.random.default_rng(run.run_id * 104_729 + matrix.matrix_id)
    for replicate in (None, *range(shape.chance_replicates)):
        drawn = features if replicate is None else generator.permuted(features, axis=1)
        distances = (drawn != drawn[0]).mean(axis=1)
        chosen = np.argsort(distances, kind="stable")[: shape.neighbours]
        for k in shape.cluster_counts:
            number = next(numbers)
            settings = ("kmeans", "euclidean", k, len(chosen), 0, 0, replicate)
            content.add("clusterings", [(number, run.run_id, matrix.matrix_id, axis, *settings)])
            labels = nearest_seed_clusters(drawn[chosen], k)
            content.add("cluster_pair_distances", _pair_rows(number, drawn[chosen], labels))
            if replicate is None:
                ranked = enumerate(zip(chosen, labels, strict=True))
                content.add(
                    "cluster_assignments",
                    [(number, int(f), int(label), rank, float(distances[f])) for rank, (f, label) in ranked],
                )


def _collect_tests(content: _Content, run: Run, matrix: Matrix) -> None:
    """The groups that Wanda is given are found, in all other runs there is nothing to find."""
    found = run.method == "wanda"
    for test, statistic, chance in (("nearest_neighbours", 0.3, 0.4), ("top_eigenvalue", 0.05, 0.02)):
        effect = abs(statistic - chance) / chance if found else 0.01
        figures = (statistic if found else chance, chance, 0.01, 199 if found else 20)
        levels = (0.005, 0.006) if found else (0.4, 0.6)
        row = (run.run_id, matrix.matrix_id, matrix.cluster_axis, test, *figures, *levels)
        content.add("structure_tests", [(*row, effect, effect - 0.1, effect + 0.1)])


def nearest_seed_clusters(features: NDArray[np.bool_], k: int) -> NDArray[np.int_]:
    """Assign every feature to the nearest of k features chosen far from each other: the same everywhere."""
    distances = (features[:, None, :] != features[None, :, :]).sum(axis=2)
    seeds = [0]
    while len(seeds) < k:
        seeds.append(int(distances[:, seeds].min(axis=1).argmax()))
    return distances[:, seeds].argmin(axis=1)


def _pair_rows(number: int, features: NDArray[np.bool_], labels: NDArray[np.int_]) -> list[tuple]:
    distances = (features[:, None, :] != features[None, :, :]).mean(axis=2)
    first, second = np.triu_indices(len(features), k=1)
    clusters = np.unique(labels)
    low, high = np.minimum(labels[first], labels[second]), np.maximum(labels[first], labels[second])
    rows = []
    for a in clusters:
        for b in clusters[clusters >= a]:
            pairs = (low == a) & (high == b)
            rows.append(
                (
                    number,
                    int(a),
                    int(b),
                    int(pairs.sum()),
                    float(distances[first[pairs], second[pairs]].sum()),
                )
            )
    return rows
