"""Comparing runs feature by feature, against SciPy and on masks counted by hand."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, hamming, jaccard

from etl.load import comparisons
from etl.load.comparisons import feature_cosines, load_comparisons, missing_pairs
from etl.model.matrices import WeightMatrix
from etl.pruning.result import PrunedBlock, PrunedMatrix
from etl.pruning.weights import PrunedWeights, PrunedWeightsWriter
from tests.sample_rows import Rows
from warehouse import schema

COMPONENTS = {"self_attn.q_proj": ((6, 5), "q"), "mlp.down_proj": ((5, 8), "down")}
KEYS = {(0, "self_attn.q_proj"): (1, "q"), (0, "mlp.down_proj"): (2, "down")}


def pruned(component: str, seed: int) -> PrunedMatrix:
    shape = COMPONENTS[component][0]
    generator = torch.Generator().manual_seed(seed)
    keep_mask = torch.rand(shape, generator=generator) < 0.5
    keep_mask[:, 0] = False
    weight = torch.randn(shape, generator=generator).masked_fill(~keep_mask, 0)
    return PrunedMatrix(
        matrix=WeightMatrix(0, component, *shape, "float32"),
        weight=weight,
        keep_mask=keep_mask,
        threshold=None,
        reconstruction_error=0.1,
        activation_norm=torch.zeros(shape[1]),
        input_weight_norm=torch.zeros(shape[1]),
        output_weight_norm=torch.zeros(shape[0]),
        elapsed_seconds=1.0,
    )


@pytest.fixture
def runs(tmp_path: Path) -> dict[int, PrunedWeights]:
    """The pruned weights of three runs; the third left the block dense."""
    folders = {}
    for run_id in (1, 2, 3):
        writer = PrunedWeightsWriter(tmp_path / str(run_id), f"f{run_id}")
        if run_id < 3:
            writer.add(
                PrunedBlock(0, tuple(pruned(name, 10 * run_id + i) for i, name in enumerate(COMPONENTS)))
            )
        folders[run_id] = writer.finish()
    return folders


@pytest.fixture
def db(runs: dict[int, PrunedWeights]) -> duckdb.DuckDBPyConnection:
    """A database with the masks of these runs."""
    connection = duckdb.connect(":memory:")
    schema.build(connection)
    rows = Rows(connection)
    for number, (component, (shape, projection)) in enumerate(COMPONENTS.items(), start=1):
        rows.matrix(number, shape, projection)
        for run_id in (1, 2):
            mask = next(
                m for m in runs[run_id].block(0).matrices if m.matrix.component == component
            ).keep_mask
            for axis in ("input", "output") if projection == "down" else ("input",):
                rows.masks(run_id, number, mask.numpy(), axis)
    return connection


def test_every_feature_agrees_with_scipy(
    db: duckdb.DuckDBPyConnection, runs: dict[int, PrunedWeights]
) -> None:
    """Columns of q, rows of down; a column that both runs prune away has Jaccard 1 and no cosine."""
    rows = load_comparisons(db, runs, missing_pairs(db, runs), KEYS)
    assert rows == {"feature_comparisons": 5 + 5}
    found = db.execute(
        "SELECT * EXCLUDE (run_id_a, run_id_b) FROM feature_comparisons ORDER BY ALL"
    ).fetchall()
    assert [row[:3] for row in found] == [(1, "input", i) for i in range(5)] + [
        (2, "output", i) for i in range(5)
    ]
    sides = [runs[run_id].weights(0) for run_id in (1, 2)]
    for matrix_id, axis, feature, found_jaccard, found_cosine, found_hamming in found:
        component = "self_attn.q_proj" if matrix_id == 1 else "mlp.down_proj"
        weights = [side[component].T if axis == "input" else side[component] for side in sides]
        a, b = (np.asarray(weight[feature], dtype=np.float64) for weight in weights)
        assert found_hamming == pytest.approx(hamming(a != 0, b != 0))
        empty = not (a.any() or b.any())
        assert found_jaccard == (1.0 if empty else pytest.approx(1 - jaccard(a != 0, b != 0)))
        if a.any() and b.any():
            assert found_cosine == pytest.approx(1 - cosine(a, b), abs=1e-6)
        else:
            assert found_cosine is None
    assert found[0][3:] == (1.0, None, 0.0)


def test_pairs_are_compared_once(db: duckdb.DuckDBPyConnection, runs: dict[int, PrunedWeights]) -> None:
    """A pair in the table is not compared again."""
    assert missing_pairs(db, runs) == [(1, 2), (1, 3), (2, 3)]
    load_comparisons(db, runs, [(1, 2)], KEYS)
    assert missing_pairs(db, runs) == [(1, 3), (2, 3)]


def test_cosines_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two features at a time give what all at once give, along either axis."""
    weights = [torch.randn(7, 5, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    whole = [feature_cosines(weights, axis) for axis in ("input", "output")]
    monkeypatch.setattr(comparisons, "_FEATURES_AT_A_TIME", 2)
    for axis, expected in zip(("input", "output"), whole, strict=True):
        torch.testing.assert_close(feature_cosines(weights, axis), expected)
    assert whole[0].shape == (5, 3, 3)
    torch.testing.assert_close(whole[1].diagonal(dim1=1, dim2=2), torch.ones(7, 3, dtype=torch.float64))
