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
    assert found[7] == "not tested; effect large: 5.000× against 1.500 at chance"


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


def with_chance(rows: Rows, between: float, levels: tuple[float, float], **settings: int) -> None:
    """Cluster two features and one, `between` times as far as within, beside two chance masks."""
    rows.pairs(rows.clustering([0, 0, 1], **settings), (0, 0, 1, 0.1), (1, 1, 0, 0), (0, 1, 1, 0.1 * between))
    for replicate, level in enumerate(levels):
        key = rows.clustering([0, 0, 1], **settings, null_replicate=replicate)
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 0, 0.0), (None, None, 1, 0.1 * level))


def test_intervals_are_over_references(matrix: Rows) -> None:
    """Seeds of one reference are averaged first: ratios 2, 3 and 4 have mean 3 and SciPy's t interval."""
    for reference, between in enumerate((2.0, 3.0, 4.0)):
        for seed, shift in enumerate((-0.5, 0.5)):
            with_chance(matrix, between + shift, (0.9, 1.1), reference=reference, seed=seed)
    found = matrix.one(
        "SELECT reference_count, clustering_count, mean_ratio, ratio_sd, ratio_low, ratio_high, mean_excess,"
        " mean_difference, verdict FROM separation_intervals"
    )
    low, high = stats.t.interval(0.95, 2, loc=3, scale=1 / 3**0.5)
    assert found[:8] == pytest.approx((3, 6, 3.0, 1.0, low, high, 3.0, 0.2), rel=1e-4)
    assert found[8] == "not tested; effect large: 3.000× against 1.000 at chance"


MEANS = {
    "mean_ratio": "separation_ratio", "mean_ratio_macro": "separation_ratio_macro",
    "mean_difference": "separation_difference", "mean_excess": "separation_excess",
    "mean_null_ratio": "null_ratio_mean", "mean_null_ratio_macro": "null_ratio_macro_mean",
    "mean_null_difference": "null_difference_mean", "mean_z_score": "z_score",
}  # fmt: skip


@pytest.mark.parametrize(("mean", "figure"), MEANS.items())
def test_a_mean_is_one_of_references_not_of_clusterings(matrix: Rows, mean: str, figure: str) -> None:
    """A reference with two seeds counts as much as one with a single seed."""
    with_chance(matrix, 2.0, (0.9, 1.1), reference=0, seed=0)
    with_chance(matrix, 5.0, (0.7, 1.5), reference=0, seed=1)
    with_chance(matrix, 9.0, (1.0, 2.2), reference=1, seed=0)
    rows = matrix.db.execute(f"SELECT reference_feature, {figure} FROM separation_ratios").fetchall()
    by_reference = [np.mean([value for key, value in rows if key == reference]) for reference in (0, 1)]
    assert len({value for _, value in rows}) == 3
    assert matrix.one(f"SELECT {mean} FROM separation_intervals") == (pytest.approx(np.mean(by_reference)),)


def test_one_clustering_has_no_interval(matrix: Rows) -> None:
    """A spread needs two."""
    matrix.pairs(matrix.clustering([0, 0, 1]), (0, 0, 1, 1.0), (1, 1, 0, 0.0), (0, 1, 1, 2.0))
    assert matrix.one("SELECT ratio_low, ratio_high, mean_ratio FROM separation_intervals") == (
        None,
        None,
        2.0,
    )


def contest(rows: Rows, excesses: dict[str, tuple[float, ...]]) -> None:
    """Write runs 1, 2, … by method, with the excess of each over its matrices."""
    for matrix_id in range(1, 1 + len(next(iter(excesses.values())))):
        rows.matrix(matrix_id, (4, 4), layer=matrix_id)
    for run_id, (method, figures) in enumerate(excesses.items(), start=1):
        rows.run(run_id, method)
        for matrix_id, excess in enumerate(figures, start=1):
            rows.pruning(run_id, matrix_id)
            with_chance(rows, 2 * excess, (1.9, 2.1), run_id=run_id, matrix_id=matrix_id)


def test_a_winner_wins_over_all_matrices(rows: Rows) -> None:
    """The excess of the first is higher by 0.10, 0.11 and 0.12: SciPy's paired interval leaves out 0."""
    contest(rows, {"wanda": (1.2, 1.21, 1.22), "sparsegpt": (1.1, 1.1, 1.1), "magnitude": (1.0, 1.0, 1.0)})
    found = rows.one(
        "SELECT run_count, matrix_count, winner, winner_run_id, runner_up, difference, difference_low,"
        " difference_high, winner_macro, verdict FROM separation_winners"
    )
    low, high = stats.t.interval(0.95, 2, loc=0.11, scale=0.01 / 3**0.5)
    assert found[:5] == (3, 3, "wanda", 1, "sparsegpt")
    assert found[5:8] == pytest.approx((0.11, low, high), rel=1e-3)
    assert found[8:] == (
        "wanda",
        "wanda: its excess over chance is 0.110 higher than that of sparsegpt; wanda by the published figure",
    )
    assert rows.db.execute("SELECT DISTINCT winner, winner_macro FROM separation_summary").fetchall() == [
        ("wanda", "wanda")
    ]


def test_each_number_of_clusters_has_a_winner_of_its_own(rows: Rows) -> None:
    """Wanda wins at k = 2 and SparseGPT at k = 3; the summary has one row for each run and k."""
    contest(rows, {"wanda": (1.2, 1.21, 1.22), "sparsegpt": (1.1, 1.1, 1.1)})
    for matrix_id in (1, 2, 3):
        with_chance(rows, 2.0 + 0.02 * matrix_id, (1.9, 2.1), run_id=1, matrix_id=matrix_id, k=3)
        with_chance(rows, 2.4, (1.9, 2.1), run_id=2, matrix_id=matrix_id, k=3)
    found = rows.db.execute("SELECT k, run_id, winner FROM separation_summary ORDER BY ALL").fetchall()
    assert found == [(2, 1, "wanda"), (2, 2, "wanda"), (3, 1, "sparsegpt"), (3, 2, "sparsegpt")]


def test_neighbourhoods_of_different_sizes_do_not_compete(rows: Rows) -> None:
    """Three features of one run against four of the other are no pair."""
    rows.matrix(1, (4, 4))
    for run_id, method, labels in ((1, "wanda", [0, 0, 1]), (2, "sparsegpt", [0, 0, 1, 1])):
        rows.run(run_id, method)
        rows.pruning(run_id, 1)
        for replicate in (None, 0, 1):
            key = rows.clustering(labels, run_id=run_id, null_replicate=replicate)
            rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (0, 1, 2, 0.4 + 0.1 * (replicate or 0)))
    assert rows.one("SELECT count(*) FROM separation_ratios") == (2,)
    assert rows.one("SELECT count(*) FROM separation_contests") == (0,)


def test_no_difference_is_an_answer(rows: Rows) -> None:
    """Where matrices disagree by more than the runs differ, nobody wins; nor with a single matrix."""
    contest(rows, {"wanda": (1.3, 1.0, 1.2), "sparsegpt": (1.0, 1.2, 1.1)})
    found = rows.one(
        "SELECT winner, winner_run_id, leader, difference_low < 0, verdict FROM separation_winners"
    )
    assert found[:4] == ("no difference", None, "wanda", True)
    assert found[4].startswith("no difference: wanda leads sparsegpt by 0.067 ± ")
    rows.db.execute("DELETE FROM clusterings WHERE matrix_id > 1")
    found = rows.one("SELECT winner, verdict FROM separation_winners")
    assert found == ("no difference", "too few matrices to compare; wanda by the published figure")


def test_a_matrix_is_won_by_a_structured_mask_alone(rows: Rows) -> None:
    """Wanda leads on both matrices, but only on the first is its mask structured."""
    contest(rows, {"wanda": (1.2, 1.2), "sparsegpt": (1.1, 1.1)})
    rows.tests(0.01, run_id=1, matrix_id=1)
    rows.tests(0.5, run_id=1, matrix_id=2)
    found = rows.db.execute(
        "SELECT matrix_id, winner, is_structured_a, is_structured_b FROM separation_contests"
        " WHERE run_id_a = 1 ORDER BY 1"
    ).fetchall()
    assert found == [(1, "a", True, None), (2, "nobody", False, None)]


def test_matrices_of_one_projection_are_paired_with_themselves(rows: Rows) -> None:
    """A block of experts has each projection many times: no run of one is held against that of another."""
    contest(rows, {"wanda": (1.1, 2.1, 3.1), "sparsegpt": (1.0, 2.0, 3.0)})
    rows.db.execute("UPDATE matrices SET layer = 0, component = 'experts.' || matrix_id || '.up_proj'")
    found = rows.one("SELECT matrix_count, winner_run_id, round(difference, 3) FROM separation_winners")
    assert found == (3, 1, 0.1)


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


def test_a_run_of_one_seed_and_reference_says_why_nothing_is_compared(matrix: Rows) -> None:
    """It has one row for all of its clusterings, and none once there is a second seed."""
    matrix.clustering([0, 0, 1], k=2)
    matrix.clustering([0, 1, 2], k=3)
    found = matrix.one("SELECT run_id, matrix_id, adjusted_rand, why_none FROM cluster_stability")
    assert found[:3] == (1, None, None)
    assert found[3].startswith("one seed and one reference feature")
    matrix.clustering([0, 1, 1], k=2, seed=1)
    assert matrix.one("SELECT matrix_id, why_none FROM cluster_stability") == (1, None)
