"""Comparing two runs of a model feature by feature: masks in SQL, pruned weights here."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import torch

from etl.load.tables import cluster_axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb

    from etl.pruning.weights import PrunedWeights

_INSERT = """
    INSERT INTO feature_comparisons
    SELECT
        cosines.run_id_a,
        cosines.run_id_b,
        cosines.matrix_id,
        cosines.axis,
        cosines.feature_index,
        jaccard_similarity(a.keep_mask, b.keep_mask) AS jaccard,
        cosines.cosine,
        hamming_distance(a.keep_mask, b.keep_mask) AS hamming
    FROM cosines
    INNER JOIN feature_masks AS a
        ON
            cosines.run_id_a = a.run_id
            AND cosines.matrix_id = a.matrix_id
            AND cosines.axis = a.axis
            AND cosines.feature_index = a.feature_index
    INNER JOIN feature_masks AS b
        ON
            cosines.run_id_b = b.run_id
            AND cosines.matrix_id = b.matrix_id
            AND cosines.axis = b.axis
            AND cosines.feature_index = b.feature_index
    ORDER BY ALL
"""
#: Features multiplied at a time, which bounds the memory that float64 takes.
_FEATURES_AT_A_TIME = 512
#: The matrices of a model: key and projection of each, by layer and component.
Matrices = dict[tuple[int, str], tuple[int, str]]


def missing_pairs(connection: duckdb.DuckDBPyConnection, run_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return the pairs of these runs that have not been compared, the lower key first."""
    known = connection.execute("SELECT DISTINCT run_id_a, run_id_b FROM feature_comparisons").fetchall()
    return [pair for pair in itertools.combinations(sorted(run_ids), 2) if pair not in set(known)]


def load_comparisons(
    connection: duckdb.DuckDBPyConnection,
    runs: Mapping[int, PrunedWeights],
    pairs: Sequence[tuple[int, int]],
    matrices: Matrices,
) -> Counter[str]:
    """Compare pairs of runs of a model feature by feature; return the rows by table.

    Features are rows of `down` and columns elsewhere, as in clustering.

    Args:
        runs: the pruned weights by run key.
        pairs: run keys, the lower first.
        matrices: the matrices of the model.
    """
    rows: Counter[str] = Counter()
    for layer in sorted({layer for layer, _ in matrices}):
        tables = list(_compare_block(layer, runs, pairs, matrices))
        if tables:
            connection.register("cosines", pa.concat_tables(tables))
            try:
                written = connection.execute(_INSERT).fetchall()[0][0]
            finally:
                connection.unregister("cosines")
            rows += Counter(feature_comparisons=written)
    return rows


def feature_cosines(weights: Sequence[torch.Tensor], axis: str) -> torch.Tensor:
    """Return (features, matrices, matrices) cosines of each feature between every two (out, in) matrices.

    Features are the columns for the input axis, the rows for output. A cosine is NaN where either side has
    only zeros. Products are summed in float64.
    """
    features = [weight.T if axis == "input" else weight for weight in weights]
    chunks = zip(*(feature.split(_FEATURES_AT_A_TIME) for feature in features), strict=True)
    grams = []
    for chunk in chunks:
        stacked = torch.stack(chunk, dim=1).double()
        grams.append(stacked @ stacked.transpose(1, 2))
    products = torch.cat(grams)
    norms = products.diagonal(dim1=1, dim2=2).sqrt()
    return products / (norms[:, :, None] * norms[:, None, :])


def _compare_block(
    layer: int, runs: Mapping[int, PrunedWeights], pairs: Sequence[tuple[int, int]], matrices: Matrices
) -> Iterator[pa.Table]:
    weights = {run: runs[run].weights(layer) for run in sorted({run for pair in pairs for run in pair})}
    for component in [component for at, component in matrices if at == layer]:
        # A run that left the block dense has nothing to compare.
        places = {run: place for place, run in enumerate(r for r in weights if component in weights[r])}
        chosen = [pair for pair in pairs if places.keys() >= set(pair)]
        if not chosen:
            continue
        matrix_id, projection = matrices[layer, component]
        axis = cluster_axis(projection)
        cosines = feature_cosines([weights[run][component] for run in places], axis).numpy()
        for first, second in chosen:
            values = cosines[:, places[first], places[second]].astype(np.float32)
            yield pa.table(
                {
                    "run_id_a": np.full(len(values), first, dtype=np.int32),
                    "run_id_b": np.full(len(values), second, dtype=np.int32),
                    "matrix_id": np.full(len(values), matrix_id, dtype=np.int32),
                    "axis": pa.array([axis] * len(values)),
                    "feature_index": np.arange(len(values), dtype=np.int32),
                    "cosine": pa.array(values, from_pandas=True),
                }
            )
