"""A warehouse of the shape of Llama-7B, and how long the work on it takes.

`python -m etl.studies.scale --db 7b.db` builds and times it. Masks are drawn at random at their true sizes,
for as many blocks as asked for; every matrix of all 32 blocks and six runs gets clusterings, so that the
views have their full number of rows. Needs SciPy.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from etl.clusters.clustering import ClusteringTask, Variant, cluster_neighbourhood, one_thread
from etl.clusters.hamming import bytes_to_words, differing_counts, nearest
from etl.clusters.loading import load_clusterings
from etl.clusters.neighbourhoods import AxisMasks, ClusteringPlan, clustering_tasks
from etl.load.tables import axes, insert, load_matrix, utc_now
from etl.model.matrices import WeightMatrix
from etl.pruning.result import PrunedMatrix
from warehouse.commands import guarded
from warehouse.errors import UsageError
from warehouse.publishing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

HIDDEN, INTERMEDIATE, LAYERS, RUNS = 4096, 11008, 32, 6
MODEL = "llama-7b-shaped"
K_VALUES = (4, 8, 16)
SHAPES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HIDDEN, HIDDEN),
    "self_attn.v_proj": (HIDDEN, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
    "mlp.up_proj": (INTERMEDIATE, HIDDEN),
    "mlp.down_proj": (HIDDEN, INTERMEDIATE),
}
#: Reference features whose distances both searches must agree on.
SEARCHES = 4


def main(argv: list[str] | None = None) -> int:
    """Build the warehouse and print one JSON object for every figure."""
    parser = argparse.ArgumentParser(prog="python -m etl.studies.scale", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="database to write; must not exist yet")
    parser.add_argument("--blocks", type=int, default=1, help="blocks whose masks are stored (default: 1)")
    arguments = parser.parse_args(argv)
    return guarded(lambda: _measure(arguments), debug=False)


def _measure(arguments: argparse.Namespace) -> None:
    if arguments.db.exists():
        msg = f"{arguments.db} exists; name a new file with --db"
        raise UsageError(msg)
    with Writer(arguments.db.resolve()) as writer:
        connection = writer.begin()
        load_catalogue(connection)
        for figures in load_blocks(connection, arguments.blocks):
            _print_figures(**figures)
        _print_figures(**compare_searches(connection))
        one_thread()
        _print_figures(**cluster_stored_blocks(connection))
        fill_clusterings(connection)
        connection.execute("CHECKPOINT")
        for view in ("separation_ratios", "model_overview"):
            seconds = warm_seconds(lambda view=view: connection.table(view).fetchall())
            rows = connection.table(view).count("*").fetchall()[0][0]
            _print_figures(figure="view", view=view, rows=rows, warm_ms=round(1000 * seconds, 1))
        began = time.perf_counter()
        writer.publish()
        size = round(arguments.db.stat().st_size / 1e6, 1)
        _print_figures(figure="publish", seconds=round(time.perf_counter() - began, 2), file_mb=size)


def load_catalogue(connection: duckdb.DuckDBPyConnection) -> None:
    """Insert the model, its matrices and six runs."""
    model = {"architecture": "LlamaForCausalLM", "layer_count": LAYERS, "parameter_count": 6_738_415_616}
    origin = {"dtype": "bfloat16", "source": "drawn at random", "fingerprint": MODEL}
    insert(connection, "models", {"model_id": MODEL, **model, **origin})
    matrices = [(layer, component) for layer in range(LAYERS) for component in SHAPES]
    columns: dict[str, Any] = {
        "matrix_id": np.arange(1, len(matrices) + 1, dtype=np.int32),
        "model_id": MODEL,
        "layer": [layer for layer, _ in matrices],
        "component": [component for _, component in matrices],
        "projection": [_projection(component) for _, component in matrices],
        "out_features": [SHAPES[component][0] for _, component in matrices],
        "in_features": [SHAPES[component][1] for _, component in matrices],
    }
    insert(connection, "matrices", columns)
    kinds = [(m, p) for m in ("magnitude", "wanda", "sparsegpt") for p in ("unstructured", "2:4")]
    for run_id, (method, pattern) in enumerate(kinds[:RUNS], start=1):
        keys = {"run_id": run_id, "model_id": MODEL, "method": method, "sparsity": 0.5, "pattern": pattern}
        made = {"settings": "{}", "seed": 0, "code_version": "1", "fingerprint": f"{MODEL}-{run_id}"}
        insert(connection, "pruning_runs", {**keys, **made, "scope": "row", "started_at": utc_now()})


def load_blocks(connection: duckdb.DuckDBPyConnection, count: int) -> Iterator[dict[str, Any]]:
    """Load the masks of some blocks of run 1; yield the time and the size of the database after each."""
    block = [random_matrix(component, seed) for seed, component in enumerate(SHAPES)]
    packed = sum(matrix.keep_mask.numel() / 8 * len(axes(matrix.matrix.projection)) for matrix in block)
    for layer in range(count):
        began = time.perf_counter()
        for place, matrix in enumerate(block):
            load_matrix(connection, 1, layer * len(block) + place + 1, matrix, metrics=True)
        seconds = time.perf_counter() - began
        connection.execute("CHECKPOINT")
        sizes = connection.execute("SELECT used_blocks * block_size FROM pragma_database_size()").fetchall()
        yield {
            "figure": "load",
            "blocks": layer + 1,
            "seconds": round(seconds, 2),
            "database_mb": round(sizes[0][0] / 1e6, 1),
            "over_packed_bits": round(sizes[0][0] / (packed * (layer + 1)), 3),
        }


def random_matrix(component: str, seed: int) -> PrunedMatrix:
    """Return a matrix of true size, half of its weights pruned at random."""
    torch.manual_seed(seed)
    shape = SHAPES[component]
    keep_mask = torch.rand(shape) < 0.5
    weight = torch.randn(shape).to(torch.bfloat16).masked_fill(~keep_mask, 0)
    return PrunedMatrix(
        matrix=WeightMatrix(0, component, *shape, "bfloat16"),
        weight=weight,
        keep_mask=keep_mask,
        threshold=None,
        reconstruction_error=0.2,
        activation_norm=torch.rand(shape[1]),
        input_weight_norm=torch.rand(shape[1]),
        output_weight_norm=torch.rand(shape[0]),
        elapsed_seconds=1.0,
    )


def compare_searches(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Time finding the 128 nearest rows of `down` (4096 × 11008) against SciPy's `cdist`, per reference."""
    from scipy.spatial.distance import cdist  # noqa: PLC0415  # a tool of development, not of the product

    matrix_id = list(SHAPES).index("mlp.down_proj") + 1
    began = time.perf_counter()
    masks = AxisMasks.read(connection, 1, matrix_id, "output", INTERMEDIATE)
    words = bytes_to_words(masks.packed)
    read = time.perf_counter() - began
    features = masks.unpack(np.arange(len(words)))
    ours = warm_seconds(lambda: nearest(words, 17, 128))
    theirs = warm_seconds(lambda: np.argsort(cdist(features[17:18], features, "hamming")[0])[:128])
    distances = differing_counts(words[:SEARCHES], words) / INTERMEDIATE
    agrees = bool(np.allclose(distances, cdist(features[:SEARCHES], features, "hamming")))
    return {
        "figure": "search",
        "read_ms": round(1000 * read, 1),
        "search_ms": round(1000 * ours, 2),
        "scipy_ms": round(1000 * theirs, 2),
        "times_faster": round(theirs / ours, 1),
        "distances_agree": agrees,
    }


def cluster_stored_blocks(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Cluster the stored masks of run 1 with the settings of a pipeline: three k, ten chance replicates."""
    began = time.perf_counter()
    plan = ClusteringPlan((("kmeans", "euclidean"),), K_VALUES, 128, 1, (0,), 1, 10, ("pca",))
    rows = 0
    for task in clustering_tasks(connection, 1, plan):
        rows += load_clusterings(connection, 1, [(task, cluster_neighbourhood(task))]).total()
    return {"figure": "cluster", "rows": rows, "seconds": round(time.perf_counter() - began, 2)}


def fill_clusterings(connection: duckdb.DuckDBPyConnection) -> None:
    """Insert as many clusterings for every matrix of every run that has none.

    All are copies of one clustering of a narrow neighbourhood: only the number of rows matters.
    """
    masks = np.random.default_rng(0).random((256, 512)) < 0.5
    kept = masks.sum(axis=1, dtype=np.int32)
    variants = tuple(Variant("kmeans", "euclidean", k) for k in K_VALUES)
    features = np.arange(128, dtype=np.int32)
    task = ClusteringTask(1, "input", 0, features, masks[:128], kept, variants, 0, 1, 10)
    samples = cluster_neighbourhood(task)
    counts = {"kept_count": 1, "weight_count": 2, "reconstruction_error": 0.2, "elapsed_seconds": 1.0}
    for run_id in range(1, RUNS + 1):
        rows = connection.execute(
            "SELECT matrix_id FROM matrices"
            " ANTI JOIN (FROM matrix_prunings WHERE run_id = ?) AS known USING (matrix_id)",
            [run_id],
        ).fetchnumpy()
        keys = np.sort(np.asarray(rows["matrix_id"]))
        insert(connection, "matrix_prunings", {"run_id": run_id, "matrix_id": keys, **counts})
        tasks = [dataclasses.replace(task, matrix_id=int(key)) for key in keys]
        load_clusterings(connection, run_id, [(each, samples) for each in tasks])


def warm_seconds(action: Callable[[], object], repeats: int = 7) -> float:
    """Return the median time of an action after an untimed first run, in seconds."""
    action()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _projection(component: str) -> str:
    return component.rpartition(".")[2].removesuffix("_proj")


def _print_figures(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)  # noqa: T201  # the output of the command


if __name__ == "__main__":
    sys.exit(main())
