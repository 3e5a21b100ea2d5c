"""Separation against chance, on rows whose answers were worked out by hand and against scikit-learn."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from etl.load.tables import insert
from tests.sample_rows import Rows, scratch


@pytest.fixture
def matrix(rows: Rows) -> Rows:
    """One run and one matrix without masks."""
    rows.run(1)
    rows.matrix(1, (4, 4))
    rows.pruning(1, 1)
    return rows


def test_ratios_by_pairs_and_by_clusters(matrix: Rows) -> None:
    """Clusters of three and of one: three pairs within (mean 0.2), three between (mean 0.5)."""
    matrix.pairs(matrix.clustering([0, 0, 0, 1]), (0, 0, 3, 0.6), (0, 1, 3, 1.5), (1, 1, 0, 0.0))
    found = matrix.one(
        "SELECT within_distance, between_distance, separation_ratio, separation_ratio_macro, cluster_count,"
        " singleton_count, largest_cluster, null_count, z_score, verdict FROM separation_ratios"
    )
    # The macro ratio takes (0.2 + 0) / 2 as the within distance.
    assert found[:4] == pytest.approx((0.2, 0.5, 2.5, 5.0))
    assert found[4:9] == (2, 1, 3, None, None)
    assert found[9] == "no chance masks to compare with; macro ratio 5.00 is inflated by 1 singleton"


def test_chance_stands_beside_the_mask(matrix: Rows) -> None:
    """Chance ratios of 1 and 2 have mean 1.5 and sd 0.7071; chance rows merge all pairs between clusters."""
    matrix.pairs(matrix.clustering([0, 0, 1, 1]), (0, 0, 1, 0.1), (0, 1, 4, 2.0), (1, 1, 1, 0.1))
    for replicate, between in ((0, 0.4), (1, 0.8)):
        key = matrix.clustering([0, 0, 1, 1], null_replicate=replicate)
        matrix.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (None, None, 4, between))
    found = matrix.one(
        "SELECT separation_ratio, null_count, null_ratio_mean, null_ratio_sd, null_ratio_macro_mean,"
        " null_singleton_mean, z_score, verdict FROM separation_ratios"
    )
    sd = 0.5**0.5
    assert found[:7] == pytest.approx((5.0, 2, 1.5, sd, 1.5, 0.0, 3.5 / sd))
    assert found[7] == "structured: 5.00× against 1.50 at chance"


def test_one_cluster_has_no_ratio(matrix: Rows) -> None:
    """Where all features share a cluster nothing lies between clusters."""
    matrix.pairs(matrix.clustering([0, 0, 0, 0]), (0, 0, 6, 1.2))
    found = matrix.one("SELECT separation_ratio, within_distance, verdict FROM separation_ratios")
    assert found[0] is None
    assert found[1] == pytest.approx(0.2)
    assert found[2] == "no pairs on both sides to compare"


@settings(max_examples=25)
@given(
    masks=st.integers(4, 12).flatmap(
        lambda n: st.tuples(
            st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=n, max_size=n),
            st.lists(st.integers(0, 3), min_size=n, max_size=n),
        )
    )
)
def test_ratios_agree_with_numpy(built: duckdb.DuckDBPyConnection, masks: tuple[list, list]) -> None:
    """On random masks and labels both ratios are what averaging over pairs one by one gives."""
    features, labels = np.array(masks[0]), np.array(masks[1], dtype=np.int32)
    distances = (features[:, None] != features[None, :]).mean(axis=2)
    first, second = np.triu_indices(len(labels), k=1)
    together = labels[first] == labels[second]
    pairs = distances[first, second]
    macro = np.mean([_mean(pairs[together & (labels[first] == c)]) for c in np.unique(labels)])
    with scratch(built) as rows:
        rows.run(1)
        rows.matrix(1, (8, 8))
        rows.distances(rows.clustering(labels), distances, labels)
        found = rows.one(
            "SELECT within_distance, between_distance, separation_ratio_macro, largest_cluster,"
            " singleton_count FROM separation_ratios"
        )
    within, between = (pairs[side].mean() if side.any() else None for side in (together, ~together))
    assert found[0] == (None if within is None else pytest.approx(within))
    assert found[1] == (None if between is None else pytest.approx(between))
    assert found[2] == (None if between is None or macro == 0 else pytest.approx(between / macro))
    sizes = np.bincount(labels)
    assert found[3:] == (sizes.max(), (sizes == 1).sum())


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def test_intervals_over_references_and_seeds(matrix: Rows) -> None:
    """Ratios 2, 3 and 4 have mean 3 and the t interval of SciPy."""
    for seed, between in enumerate((2.0, 3.0, 4.0)):
        matrix.pairs(
            matrix.clustering([0, 0, 1], seed=seed), (0, 0, 1, 1.0), (1, 1, 0, 0.0), (0, 1, 1, between)
        )
        for replicate in (0, 1):
            key = matrix.clustering([0, 0, 1], seed=seed, null_replicate=replicate)
            matrix.pairs(key, (0, 0, 1, 1.0), (1, 1, 0, 0.0), (None, None, 1, 0.9 + 0.2 * replicate))
    found = matrix.one(
        "SELECT clustering_count, mean_ratio, ratio_sd, ratio_low, ratio_high, mean_excess,"
        " above_chance_count, verdict FROM separation_intervals"
    )
    low, high = stats.t.interval(0.95, 2, loc=3, scale=1 / 3**0.5)
    assert found[:7] == pytest.approx((3, 3.0, 1.0, low, high, 3.0, 3), rel=1e-4)
    assert found[7] == "structured: 3.00× against 1.00, above chance in 3 of 3 clusterings"


def test_one_clustering_has_no_interval(matrix: Rows) -> None:
    """A spread needs two."""
    matrix.pairs(matrix.clustering([0, 0, 1]), (0, 0, 1, 1.0), (1, 1, 0, 0.0), (0, 1, 1, 2.0))
    assert matrix.one("SELECT ratio_low, ratio_high, mean_ratio FROM separation_intervals") == (
        None,
        None,
        2.0,
    )


def test_winner_is_measured_against_chance(rows: Rows) -> None:
    """Wanda's ratio is lower than SparseGPT's, but stands higher above its own chance level."""
    rows.matrix(1, (4, 4))
    for run_id, method, ratio, chance in ((1, "wanda", 2.0, 1.0), (2, "sparsegpt", 3.0, 2.9)):
        rows.run(run_id, method)
        rows.pruning(run_id, 1)
        rows.pairs(
            rows.clustering([0, 0, 1], run_id=run_id), (0, 0, 1, 0.1), (1, 1, 0, 0), (0, 1, 1, 0.1 * ratio)
        )
        for replicate, shift in ((0, -0.1), (1, 0.1)):
            key = rows.clustering([0, 0, 1], run_id=run_id, null_replicate=replicate)
            rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 0, 0.0), (None, None, 1, 0.1 * (chance + shift)))
    found = rows.one(
        "SELECT run_count, winner, winner_run_id, winner_excess, runner_up_excess, is_above_chance,"
        " winner_macro, verdict FROM separation_winners"
    )
    assert found[:3] == (2, "wanda", 1)
    assert found[3:5] == pytest.approx((2.0, 3.0 / 2.9))
    assert found[5:] == (True, "sparsegpt", "wanda; sparsegpt by the published figure")
    summary = rows.db.execute("SELECT winner, winner_macro FROM separation_summary").fetchall()
    assert summary == [("wanda", "sparsegpt")] * 2


def test_matrices_of_one_projection_have_winners_of_their_own(rows: Rows) -> None:
    """A block of experts has each projection many times: no run of one is held against that of another."""
    for run_id, method in ((1, "wanda"), (2, "sparsegpt")):
        rows.run(run_id, method)
    for matrix_id, best in ((1, 1), (2, 2)):
        rows.matrix(matrix_id, (4, 4), "up")
        rows.db.execute(
            "UPDATE matrices SET component = ? WHERE matrix_id = ?",
            [f"experts.{matrix_id}.up_proj", matrix_id],
        )
        for run_id in (1, 2):
            rows.pruning(run_id, matrix_id)
            keys = {"run_id": run_id, "matrix_id": matrix_id}
            ratio = 2.0 if run_id == best else 1.0
            rows.pairs(rows.clustering([0, 0, 1], **keys), (0, 0, 1, 0.1), (0, 1, 1, 0.1 * ratio))
            chance = rows.clustering([0, 0, 1], null_replicate=0, **keys)
            rows.pairs(chance, (0, 0, 1, 0.1), (None, None, 1, 0.1))
    found = rows.db.execute("SELECT matrix_id, run_count, winner_run_id FROM separation_winners ORDER BY ALL")
    assert found.fetchall() == [(1, 2, 1), (2, 2, 2)]


def test_the_report_stands_beside_ours(rows: Rows) -> None:
    """The published 15.90 for SparseGPT's v at k = 16 implies 15 singletons."""
    insert(rows.db, "reference_results", {
        "source": "report", "metric": "separation_ratio_macro", "model": "LLaMA-7B", "method": "wanda",
        "sparsity": 0.5, "pattern": "unstructured", "projection": "v", "k": 16, "value": 16.0,
    })  # fmt: skip
    rows.run(1)
    rows.matrix(1, (4, 4), "v")
    rows.pairs(rows.clustering([0, 0, 1], k=16), (0, 0, 1, 1.0), (1, 1, 0, 0.0), (0, 1, 1, 2.0))
    found = rows.db.execute(
        "SELECT reported_ratio_macro, reported_singletons_implied, mean_ratio_macro, mean_ratio"
        " FROM separation_against_report ORDER BY reported_ratio_macro DESC"
    ).fetchall()
    # The database carries the report's own figure for Wanda's v, 8.22, as well.
    assert found[0] == pytest.approx((16.0, 15.0, 4.0, 2.0))
    assert found[1][0] == 8.22


def test_stability_is_the_adjusted_rand_index(matrix: Rows) -> None:
    """Two seeds share all features, two references those that are near to both."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, size=(3, 20))
    matrix.clustering(labels[0], seed=0)
    matrix.clustering(labels[1], seed=1)
    matrix.clustering(labels[2], seed=0, reference=5, features=list(range(8, 28)))
    found = matrix.db.execute(
        "SELECT clustering_id_a, clustering_id_b, varied, common_feature_count, adjusted_rand"
        " FROM cluster_stability ORDER BY ALL"
    ).fetchall()
    # The second and the third differ in both, so nothing could be told from them.
    assert [row[:4] for row in found] == [(1, 2, "seed", 20), (1, 3, "reference", 12)]
    assert found[0][4] == pytest.approx(adjusted_rand_score(labels[0], labels[1]))
    assert found[1][4] == pytest.approx(adjusted_rand_score(labels[0][8:], labels[2][:12]))


def test_cluster_sizes_and_profiles(matrix: Rows) -> None:
    """The larger cluster comes first; its profile averages the activations of its features."""
    key = matrix.clustering([1, 0, 0])
    insert(matrix.db, "feature_metrics", {
        "run_id": 1, "matrix_id": 1, "axis": "input", "feature_index": [0, 1, 2],
        "weight_norm": [1.0, 2.0, 4.0], "activation_norm": [5.0, 6.0, 10.0], "density": [0.5, 0.5, 0.5],
    })  # fmt: skip
    matrix.db.execute(
        "INSERT INTO cluster_centroids"
        " VALUES (?, 0, 2, '1100'::BIT, 0.5, 0.75), (?, 1, 1, '1110'::BIT, 0.75, 1)",
        [key, key],
    )
    sizes = matrix.db.execute(
        "SELECT cluster, feature_count, size_rank FROM cluster_sizes ORDER BY 3"
    ).fetchall()
    assert sizes == [(0, 2, 1), (1, 1, 2)]
    profiles = matrix.db.execute(
        "SELECT cluster, majority_density, mean_weight_norm, mean_activation_norm, activation_norm_sd"
        " FROM cluster_profiles ORDER BY cluster"
    ).fetchall()
    assert profiles[0] == pytest.approx((0, 0.5, 3.0, 8.0, 8**0.5))
    assert profiles[1] == (1, 0.75, 1.0, 5.0, None)
