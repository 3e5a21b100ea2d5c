"""The clustering report's pipeline on weights drawn at random.

`python -m etl.studies.artefact --db artefact.db` runs it. There is no structure to find, yet the published
ratio comes out near the report's, because k-means isolates single features. The database it writes holds the
ratios, the chance level and the verdict side by side.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from etl.clusters.clustering import ClusteringTask, Variant, cluster_neighbourhood, one_thread
from etl.clusters.hamming import nearest, pack_words
from etl.clusters.loading import load_clusterings
from etl.load.tables import insert, utc_now
from warehouse.bits import pack_masks
from warehouse.commands import guarded
from warehouse.errors import UsageError
from warehouse.publishing import Writer

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

MODEL = "random-weights"
K_VALUES = (4, 8, 16)
NEIGHBOURS = 128
#: Starts of k-means: scikit-learn's default until 1.4.
RESTARTS = 10
#: Standard deviation of the logarithm of the activation norms; the bundled model has 0.3 to 1.0.
NORM_SPREAD = 0.6
#: Density quantile of the reference feature: 1 is the densest.
REFERENCE_QUANTILE = 0.995


def random_wanda_mask(width: int, seed: int, norm_spread: float = NORM_SPREAD) -> NDArray[np.bool_]:
    """Return the (width, width) keep mask that Wanda at 50% gives for weights drawn at random.

    Weights are standard normal, activation norms log-normal, and every row keeps the larger half of its
    scores |W|·norm (arXiv 2306.11695).
    """
    generator = np.random.default_rng(seed)
    scores = np.abs(generator.standard_normal((width, width), dtype=np.float32))
    scores *= np.exp(norm_spread * generator.standard_normal(width)).astype(np.float32)
    lowest = np.argpartition(scores, width // 2, axis=1)[:, : width // 2]
    mask = np.ones((width, width), dtype=np.bool_)
    np.put_along_axis(mask, lowest, values=False, axis=1)
    return mask


def load_random_matrix(
    connection: duckdb.DuckDBPyConnection, width: int, seed: int, null_replicates: int = 10
) -> None:
    """Load one random matrix as run and matrix 1, and cluster its columns as the report does."""
    mask = random_wanda_mask(width, seed)
    features = np.ascontiguousarray(mask.T)
    kept = features.sum(axis=1, dtype=np.int32)
    _insert_run(connection, mask, seed)
    keys = {"run_id": 1, "matrix_id": 1, "axis": "input"}
    index = np.arange(width, dtype=np.int32)
    insert(
        connection,
        "feature_masks",
        {**keys, "feature_index": index, "keep_mask": pack_masks(features), "kept_count": kept},
    )
    reference = int(np.argsort(kept, kind="stable")[int(REFERENCE_QUANTILE * width)])
    neighbours = nearest(pack_words(features), reference, NEIGHBOURS)
    task = ClusteringTask(
        matrix_id=1,
        axis="input",
        reference_feature=reference,
        features=neighbours.astype(np.int32),
        masks=features[neighbours],
        kept_counts=kept,
        variants=tuple(Variant("kmeans", "euclidean", k) for k in K_VALUES),
        seed=seed,
        restarts=RESTARTS,
        null_replicates=null_replicates,
    )
    load_clusterings(connection, 1, [(task, cluster_neighbourhood(task))])


def _insert_run(connection: duckdb.DuckDBPyConnection, mask: NDArray[np.bool_], seed: int) -> None:
    width = len(mask)
    insert(
        connection,
        "models",
        {
            "model_id": MODEL,
            "architecture": "none",
            "layer_count": 1,
            "parameter_count": mask.size,
            "dtype": "float32",
            "source": f"drawn at random with seed {seed}",
            "fingerprint": f"{MODEL}-{width}-{seed}",
        },
    )
    place = {"layer": 0, "component": "self_attn.v_proj", "projection": "v"}
    shape = {"out_features": width, "in_features": width}
    insert(connection, "matrices", {"matrix_id": 1, "model_id": MODEL, **place, **shape})
    run = {"method": "wanda", "sparsity": 0.5, "pattern": "unstructured", "scope": "row", "settings": "{}"}
    origin = {"seed": seed, "code_version": "1", "fingerprint": f"{MODEL}-{width}-{seed}"}
    insert(
        connection, "pruning_runs", {"run_id": 1, "model_id": MODEL, **run, **origin, "started_at": utc_now()}
    )
    counts = {"kept_count": int(mask.sum()), "weight_count": mask.size}
    insert(connection, "matrix_prunings", {"run_id": 1, "matrix_id": 1, **counts})


def main(argv: list[str] | None = None) -> int:
    """Write the database and print what it says."""
    parser = argparse.ArgumentParser(prog="python -m etl.studies.artefact", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="database to write; must not exist yet")
    parser.add_argument("--width", type=int, default=4096, help="rows and columns (default: 4096)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights (default: 0)")
    arguments = parser.parse_args(argv)
    return guarded(lambda: _write(arguments), debug=False)


def _write(arguments: argparse.Namespace) -> None:
    if arguments.db.exists():
        msg = f"{arguments.db} exists; name a new file with --db"
        raise UsageError(msg)
    one_thread()
    with Writer(arguments.db.resolve()) as writer:
        connection = writer.begin()
        load_random_matrix(connection, arguments.width, arguments.seed)
        connection.sql(
            "SELECT k, separation_ratio_macro, separation_ratio, null_ratio_mean, singleton_count, verdict"
            " FROM separation_ratios ORDER BY k"
        ).show(max_width=200)
        writer.publish()


if __name__ == "__main__":
    sys.exit(main())
