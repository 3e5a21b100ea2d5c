"""Overviews, trends and recommendations on a few rows with answers worked out by hand."""

import pytest

from etl.load.tables import insert
from tests.sample_rows import STARTED, Rows


def perplexity(rows: Rows, run_id: int, value: float) -> None:
    columns = {"dataset": "text", "window": 512, "token_count": 100}
    insert(rows.db, "perplexities", {"run_id": run_id, **columns, "perplexity": value})


def test_runs_beside_the_dense_model(rows: Rows) -> None:
    """Two matrices of 1 of 2 and 1 of 4 weights kept are 4/6 sparse; 12 is 1.5 times the dense 8."""
    rows.run(1, "dense", 0.0)
    rows.run(2)
    for matrix_id, weights, error in ((1, 2, 0.1), (2, 4, 0.3)):
        rows.matrix(matrix_id, (2, 2))
        rows.pruning(2, matrix_id, 1, weights, error)
    perplexity(rows, 1, 8.0)
    perplexity(rows, 2, 12.0)
    found = rows.one(
        "SELECT matrix_count, actual_sparsity, mean_reconstruction_error, elapsed_seconds, dense_perplexity,"
        " perplexity_ratio FROM run_overview WHERE run_id = 2"
    )
    assert found == pytest.approx((2, 4 / 6, 0.2, 2.0, 8.0, 1.5))


def test_sweep_ranks_methods_and_shows_steps(rows: Rows) -> None:
    """From 50% to 70% Wanda's perplexity grows by 5; at 50% SparseGPT is the better one."""
    for run_id, method, sparsity, value in (
        (1, "wanda", 0.5, 10.0),
        (2, "wanda", 0.7, 15.0),
        (3, "sparsegpt", 0.5, 9.0),
    ):
        rows.run(run_id, method, sparsity)
        perplexity(rows, run_id, value)
    found = rows.db.execute(
        "SELECT run_id, perplexity_change, method_rank FROM sparsity_sweep ORDER BY 1"
    ).fetchall()
    assert found == [(1, None, 2), (2, 5.0, 1), (3, None, 1)]


def test_a_repaired_run_is_a_sweep_of_its_own(rows: Rows) -> None:
    """Repair at 70% is no step after 50% without it; both are ranked among the runs of their sparsity."""
    for run_id, sparsity, value in ((1, 0.5, 10.0), (2, 0.7, 15.0), (3, 0.7, 11.0)):
        rows.run(run_id, "wanda", sparsity)
        perplexity(rows, run_id, value)
    rows.db.execute("UPDATE pruning_runs SET refinement = 'reconstruct' WHERE run_id = 3")
    found = rows.db.execute(
        "SELECT run_id, refinement, perplexity_change, method_rank FROM sparsity_sweep ORDER BY 1"
    ).fetchall()
    assert found == [(1, None, None, 1), (2, None, 5.0, 2), (3, "reconstruct", None, 1)]


def test_perplexity_over_seeds(rows: Rows) -> None:
    """9, 10 and 11 have mean 10 and standard deviation 1: 10 ± 4.3027/√3; one run has no interval."""
    for seed in (0, 1, 2):
        insert(rows.db, "calibrations", {
            "calibration_id": seed, "source": "stdlib", "sample_count": 8, "sequence_length": 64,
            "seed": seed, "fingerprint": str(seed),
        })  # fmt: skip
        for run_id, method in ((seed + 1, "wanda"), (seed + 4, "sparsegpt")):
            rows.run(run_id, method)
            rows.db.execute("UPDATE pruning_runs SET calibration_id = ? WHERE run_id = ?", [seed, run_id])
    for run_id, value in ((1, 9.0), (2, 10.0), (3, 11.0), (4, 7.0)):
        perplexity(rows, run_id, value)
    found = rows.db.execute(
        "SELECT method, seed_count, mean_perplexity, perplexity_sd, perplexity_low, perplexity_high"
        " FROM perplexity_over_seeds ORDER BY method DESC"
    ).fetchall()
    half = 4.3027 / 3**0.5
    assert found[0] == pytest.approx(("wanda", 3, 10.0, 1.0, 10 - half, 10 + half))
    assert found[1] == ("sparsegpt", 1, 7.0, None, None, None)


def test_sparsities_of_blocks(rows: Rows) -> None:
    """Block 0 was given 40% and has 3 of 8 pruned; a uniform run gives every block what it was asked for."""
    rows.run(1, sparsity=0.5)
    rows.run(2, sparsity=0.5)
    for run_id in (1, 2):
        for layer, kept in ((0, 5), (1, 4)):
            if run_id == 1:
                rows.matrix(layer + 1, (2, 4), layer=layer)
            rows.pruning(run_id, layer + 1, kept, 8, 0.25)
    shares = {"sparsity": [0.4, 0.6], "outlier_ratio": [0.02, 0.01]}
    insert(rows.db, "block_allocations", {"run_id": 1, "layer": [0, 1], **shares})
    found = rows.db.execute(
        "SELECT run_id, layer, block_sparsity, actual_sparsity, outlier_ratio, mean_reconstruction_error"
        " FROM block_sparsities ORDER BY ALL"
    ).fetchall()
    assert found == [
        (1, 0, 0.4, 0.375, 0.02, 0.25),
        (1, 1, 0.6, 0.5, 0.01, 0.25),
        (2, 0, 0.5, 0.375, None, 0.25),
        (2, 1, 0.5, 0.5, None, 0.25),
    ]


def test_activation_thresholds_beside_what_they_cost(rows: Rows) -> None:
    """0.01 and 0.03 have mean 0.02; of q the published 90% threshold is 0.0182; 12 is 1.5 times 8."""
    for layer in (0, 1):
        rows.matrix(layer + 1, (4, 4), layer=layer)
    for share in (0.5, 0.9):
        given = {"model_id": "m", "activation_sparsity": share, "calibration_id": 1}
        insert(rows.db, "activation_thresholds", {**given, "matrix_id": [1, 2], "threshold": [0.01, 0.03]})
    insert(rows.db, "activation_perplexities", {
        "model_id": "m", "activation_sparsity": [0.0, 0.9], "dataset": "text", "window": 512,
        "token_count": 100, "perplexity": [8.0, 12.0],
    })  # fmt: skip
    found = rows.db.execute(
        "SELECT activation_sparsity, matrix_count, mean_threshold, lowest_threshold, highest_threshold,"
        " published_threshold FROM activation_threshold_summary ORDER BY 1"
    ).fetchall()
    assert found == [(0.5, 2, 0.02, 0.01, 0.03, None), (0.9, 2, 0.02, 0.01, 0.03, 0.0182)]
    costs = rows.one("SELECT activation_sparsity, dense_perplexity, perplexity_ratio FROM activation_costs")
    assert costs == (0.9, 8.0, 1.5)


def test_trend_over_blocks(rows: Rows) -> None:
    """Errors 0.1, 0.3 and 0.2 change by +0.2 and -0.1 and rise by 0.05 a block."""
    rows.run(1)
    for layer, error in enumerate((0.1, 0.3, 0.2)):
        rows.matrix(layer + 1, (4, 4), layer=layer)
        rows.pruning(1, layer + 1, error=error)
    found = rows.db.execute(
        "SELECT layer, error_change, error_slope, error_rank FROM layer_trends ORDER BY layer"
    ).fetchall()
    assert [row[3] for row in found] == [3, 1, 2]
    assert found[0][1] is None
    assert [row[1] for row in found[1:]] == pytest.approx([0.2, -0.1])
    assert found[0][2] == pytest.approx(0.05)


def test_features_are_ranked(rows: Rows) -> None:
    """Feature 1 is the densest and the most relevant (4 × 3); an output feature has no relevance."""
    rows.run(1)
    rows.matrix(1, (4, 2))
    insert(rows.db, "feature_metrics", {
        "run_id": 1, "matrix_id": 1, "axis": "input", "feature_index": [0, 1], "weight_norm": [5.0, 4.0],
        "activation_norm": [2.0, 3.0], "density": [0.25, 0.75],
    })  # fmt: skip
    found = rows.db.execute(
        "SELECT feature_index, relevance, densest_rank, sparsest_rank, relevance_rank"
        " FROM feature_extremes ORDER BY 1"
    ).fetchall()
    assert found == [(0, 10.0, 2, 1, 2), (1, 12.0, 1, 2, 1)]


def test_best_measurement_of_each_kernel(rows: Rows) -> None:
    """Of two variants the quicker counts with all its figures; failed measurements do not."""
    slower = {"limit_fraction": 0.9, "bits_per_weight": 16.0, "dense_latency_us_p50": 20.0, "speedup": 4.0}
    quicker = {"limit_fraction": 0.5, "bits_per_weight": 9.0, "dense_latency_us_p50": 10.0, "speedup": 2.5}
    rows.benchmark("sell", (4, 4), 5.0, **slower)
    rows.benchmark("sell", (4, 4), 4.0, variant="b", **quicker)
    rows.benchmark("csr", (4, 4), 1.0, error="wrong result")
    found = rows.one(
        "SELECT kernel, variant, latency_us_p50, speedup, dense_latency_us_p50, limit_fraction,"
        " bits_per_weight, measurement_count FROM kernel_speedups"
    )
    assert found == ("sell", "b", 4.0, 2.5, 10.0, 0.5, 9.0, 2)


def recommendation(rows: Rows) -> tuple:
    return rows.one(
        "SELECT tier, format, block_size, why, measured_speedup, round(predicted_speedup, 2)"
        " FROM format_recommendations"
    )


@pytest.fixture
def half(rows: Rows) -> Rows:
    """A run at half density over one 4 × 4 matrix."""
    rows.run(1)
    rows.matrix(1, (4, 4))
    rows.pruning(1, 1, 8, 16)
    return rows


def test_recommendation_without_measurements(half: Rows) -> None:
    """10 of 16 bits per weight promise 1.6×, and nothing is known of structure."""
    why = "not measured: 1.60× if time follows the bytes moved; not tested for structure"
    assert recommendation(half) == ("high", "sell", None, why, None, 1.6)


def test_memory_saved_is_that_of_the_bytes(half: Rows) -> None:
    """10 of 16 bits per weight save three eighths; where dense is advised nothing is saved."""
    assert half.one("SELECT memory_saved_share FROM format_recommendations") == (pytest.approx(3 / 8),)
    half.benchmark("csr", (4, 4), 30.0)
    assert half.one("SELECT format, memory_saved_share FROM format_recommendations") == ("dense", 0)


def test_measured_speed_decides(half: Rows) -> None:
    """A kernel that reaches 1.25× on this shape is medium, whatever its bytes promised."""
    half.benchmark("sell", (4, 4), 8.0)
    half.benchmark("csr", (4, 4), 30.0)
    half.benchmark("activation", (4, 4), 1.0)
    half.benchmark("sell", (8, 8), 1.0)
    why = "measured: sell runs 1.25× dense speed on GPU; not tested for structure"
    assert recommendation(half) == ("medium", "sell", None, why, 1.25, 1.6)


def test_a_measurement_on_the_mask_of_another_run_tells_nothing_of_this_one(half: Rows) -> None:
    """A kernel that ran 9.9× on the mask of run 7 is on no screen of run 1, nor in its advice."""
    half.run(7)
    half.pruning(7, 1, 8, 16)
    half.benchmark("sell", (4, 4), 8.0)
    half.benchmark("clustered", (4, 4), 10 / 9.9, mask_source="7")
    for view, column in (("model_overview", "best_speedup"), ("format_recommendations", "measured_speedup")):
        found = half.db.execute(f"SELECT run_id, {column} FROM {view} ORDER BY run_id").fetchall()
        assert found == [(1, 1.25), (7, pytest.approx(9.9))], view


def test_the_first_screen_has_the_ratio_of_kmeans_at_the_largest_k(half: Rows) -> None:
    """A mean over seeds of one variant; other algorithms stand there only where there is no k-means."""

    def clustered(within: float, algorithm: str = "kmeans", k: int = 4, seed: int = 0) -> None:
        key = half.clustering([0, 0, 1, 1], algorithm=algorithm, k=k, seed=seed)
        half.pairs(key, (0, 0, 1, within), (1, 1, 1, within), (0, 1, 4, 4.0))

    clustered(0.1, algorithm="agglomerative", k=8)
    shown = "SELECT k, separation_ratio FROM model_overview"
    assert half.one(shown) == (8, pytest.approx(10.0))
    clustered(0.2, k=2)
    clustered(0.5)
    clustered(1.0, seed=1)
    assert half.one(shown) == (4, pytest.approx(1.5))


def test_nothing_beats_dense(half: Rows) -> None:
    """Where the best kernel loses against dense, dense is worth deploying."""
    half.benchmark("csr", (4, 4), 30.0)
    tier, name, _, why, *_ = recommendation(half)
    assert (tier, name) == ("low", "dense")
    assert why == "measured: none beats dense on GPU, best 0.33×; not tested for structure"


def cluster(rows: Rows, chance: float) -> None:
    """Cluster columns of which half the positions are empty, at ratio 4 against a chance ratio."""
    rows.db.execute("DELETE FROM matrix_prunings")
    rows.db.execute(
        "INSERT INTO feature_masks SELECT 1, 1, 'input', i, if(i < 2, '1110', '0001')::BIT, if(i < 2, 3, 1)"
        " FROM range(4) AS features (i)"
    )
    rows.pruning(1, 1, 15, 16)
    rows.pairs(rows.clustering([0, 0, 1, 1]), (0, 0, 1, 0.1), (1, 1, 1, 0.1), (0, 1, 4, 1.6))
    for replicate, shift in ((0, -0.01), (1, 0.01)):
        key = rows.clustering([0, 0, 1, 1], null_replicate=replicate)
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (None, None, 4, 0.4 * (chance + shift)))


def test_structure_counts(half: Rows) -> None:
    """Clusters of a structured mask whose blocks are half empty are worth more than 16-bit gaps."""
    cluster(half, chance=1.0)
    half.tests(0.01)
    tier, name, block_size, why, _, predicted = recommendation(half)
    assert (tier, name, block_size, predicted) == ("high", "clustered", 4, 2.0)
    assert why.startswith(
        "not measured: blocks skip 50% of the clustered features, 2.00× if time follows them;"
        " structured (q 0.01), effect large: clusters at 4.00× their chance level"
    )


def test_structure_without_evidence_does_not_count(half: Rows) -> None:
    """The same blocks are no reason where random masks are as extreme: at this density dense stays."""
    cluster(half, chance=1.0)
    half.tests(0.05)
    tier, name, *_ = recommendation(half)
    assert (tier, name) == ("low", "dense")


def test_predictions_beside_measurements(half: Rows) -> None:
    """Macro ratio 4 is the report's 1.5 to 2×; block kernels half as fast as csr fall short."""
    half.pairs(half.clustering([0, 0, 1]), (0, 0, 1, 1.0), (1, 1, 0, 0.0), (0, 1, 1, 2.0))
    half.benchmark("sell", (4, 4), 8.0)
    half.benchmark("csr", (4, 4), 20.0)
    half.benchmark("clustered", (4, 4), 40.0)
    found = half.one(
        "SELECT best_kernel, best_speedup, byte_limit, limit_share, ratio_macro, report_low, report_high,"
        " block_over_csr, verdict FROM prediction_vs_measurement"
    )
    assert found[0] == "sell"
    assert found[1:8] == pytest.approx((1.25, 1.6, 0.78125, 4.0, 1.5, 2.0, 0.5))
    assert found[8] == "the report promised more"


def test_history_of_invocations(rows: Rows) -> None:
    """An invocation that is still running has no end but its steps."""
    run = {"etl_run_id": 1, "command": "c", "state": "running", "started_at": STARTED, "rows_written": 5}
    insert(rows.db, "etl_runs", run)
    step = {"etl_run_id": 1, "step": "model", "subject": "m", "fingerprint": "f", "started_at": STARTED}
    insert(rows.db, "etl_steps", {**step, "state": "finished", "finished_at": STARTED, "rows_written": 5})
    found = rows.one("SELECT state, step_count, finished_step_count, elapsed_seconds FROM run_history")
    assert found == ("running", 1, 1, 0.0)


def test_comparisons_are_summed_up(rows: Rows) -> None:
    """Two features with Jaccard 0.5 and 1 and one cosine."""
    rows.run(1)
    rows.run(2, "sparsegpt")
    rows.matrix(1, (4, 2))
    rows.db.execute(
        "INSERT INTO feature_comparisons"
        " VALUES (1, 2, 1, 'input', 0, 0.5, 0.25, 0.5), (1, 2, 1, 'input', 1, 1, NULL, 0)"
    )
    found = rows.one(
        "SELECT method_a, method_b, feature_count, mean_jaccard, least_jaccard, mean_cosine, most_hamming"
        " FROM comparison_summary"
    )
    assert found == ("wanda", "sparsegpt", 2, 0.75, 0.5, 0.25, 0.5)
