"""Every threshold at its edge: the value on either side of it falls on its own side."""

import duckdb
import numpy as np
import pytest
from scipy import stats

from tests.sample_rows import Rows


def value(db: duckdb.DuckDBPyConnection, expression: str) -> object:
    return db.execute(f"SELECT {expression}").fetchall()[0][0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("is_above_chance(3)", False),
        ("is_above_chance(3.01)", True),
        ("is_above_chance(NULL)", None),
        ("chance_standing(3.01)", "above chance"),
        ("chance_standing(3)", "within chance"),
        ("chance_standing(-3)", "within chance"),
        ("chance_standing(-3.01)", "below chance"),
        ("chance_standing(NULL)", None),
        # z-score, ratio and chance mean: both must be high.
        ("is_structured(3.01, 2.2, 2.0)", True),
        ("is_structured(3, 2.2, 2.0)", False),
        ("is_structured(3.01, 2.19, 2.0)", False),
        ("is_inflated(2.5, 2.0, 1)", False),
        ("is_inflated(2.51, 2.0, 1)", True),
        ("is_inflated(9.0, 2.0, 0)", False),
        ("is_uniform(0.95)", True),
        ("is_uniform(0.949)", False),
        ("is_uniform(1.05)", True),
        ("is_uniform(1.051)", False),
        ("deployment_tier(1.5)", "high"),
        ("deployment_tier(1.49)", "medium"),
        ("deployment_tier(1.1)", "medium"),
        ("deployment_tier(1.09)", "low"),
        ("deployment_tier(NULL)", "low"),
        ("block_width(16)", 16),
        ("block_width(15.5)", 8),
        ("block_width(8)", 8),
        ("block_width(7.5)", 4),
        ("report_speedup(8.01)::VARCHAR", "{'low': 2.0, 'high': 3.0}"),
        ("report_speedup(8)::VARCHAR", "{'low': 1.5, 'high': 2.0}"),
        ("report_speedup(2)::VARCHAR", "{'low': 1.5, 'high': 2.0}"),
        ("report_speedup(1.99)::VARCHAR", "{'low': 1.0, 'high': 1.2}"),
        ("report_speedup(NULL)", None),
        ("sparsity_key(0.5049) = sparsity_key(0.4951)", True),
        ("sparsity_key(0.5051) = sparsity_key(0.5)", False),
        ("is_group_pattern('2:4')", True),
        ("is_group_pattern('12:16')", True),
        ("is_group_pattern('2:4 and more')", False),
        ("is_group_pattern('0:4')", False),
        ("is_group_pattern('unstructured')", False),
        ("packed_bits_per_weight('1:3', 0.25)", 4.5),
        ("safe_ratio(1, 0)", None),
        ("safe_ratio(0, 0)", None),
        ("safe_ratio(1, 4)", 0.25),
        ("out_of_range('a', 1, 0, 1)", None),
        ("out_of_range('a', 2, 0, 1)", "a = 2"),
        ("out_of_range('a', -1, 0, NULL)", "a = -1"),
        ("out_of_range('a', 'inf'::DOUBLE, 0, NULL)", "a = inf"),
        ("out_of_range('a', NULL, 0, 1)", None),
        ("not_positive('a', 0)", "a = 0"),
        ("not_positive('a', 0.1)", None),
    ],
)
def test_either_side_of_a_threshold(
    built: duckdb.DuckDBPyConnection, expression: str, expected: object
) -> None:
    """The rule holds from the value that its sentence names."""
    assert value(built, expression) == expected


@pytest.mark.parametrize("degrees", range(1, 41))
def test_every_entry_of_the_t_table(built: duckdb.DuckDBPyConnection, degrees: int) -> None:
    """Each tabulated quantile is SciPy's to the last digit it has; the series after them is as good."""
    tolerance = 5.1e-5 if degrees <= 9 else 2e-4
    found = value(built, f"student_t_975({degrees})")
    assert float(str(found)) == pytest.approx(stats.t.ppf(0.975, degrees), abs=tolerance)


def contestant(figure: str, run_id: int) -> str:
    return f"{{ 'figure': {figure}::DOUBLE, 'run_id': {run_id} }}"


@pytest.mark.parametrize(
    ("figures", "winner"),
    [
        ({1: "2", 2: "3", 3: "1"}, 2),
        ({3: "2", 2: "2", 1: "1"}, 2),
        ({2: "2", 3: "2"}, 2),
        ({1: "NULL", 2: "1"}, 2),
        ({2: "1", 1: "NULL"}, 2),
        ({4: "1"}, 4),
    ],
)
def test_winner(built: duckdb.DuckDBPyConnection, figures: dict[int, str], winner: int) -> None:
    """The highest figure wins, of equal ones the lower key; without a figure nobody wins against one."""
    listed = ", ".join(contestant(figure, run_id) for run_id, figure in figures.items())
    assert value(built, f"winner([{listed}]).run_id") == winner


def clustered(rows: Rows, ratio: float, *chance: float, run_id: int = 1, seed: int = 0) -> None:
    """Cluster two and one feature with a ratio of distances, and chance masks with theirs."""
    key = rows.clustering([0, 0, 1], run_id=run_id, seed=seed)
    rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 0, 0.0), (0, 1, 1, 0.1 * ratio))
    for replicate, level in enumerate(chance):
        key = rows.clustering([0, 0, 1], run_id=run_id, seed=seed, null_replicate=replicate)
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 0, 0.0), (None, None, 1, 0.1 * level))


@pytest.fixture
def masked(rows: Rows) -> Rows:
    """One run and one matrix of three features, of which the clustered pair keeps half of the positions."""
    rows.run(1)
    rows.matrix(1, (4, 3))
    rows.pruning(1, 1, 6, 12)
    rows.db.execute(
        "INSERT INTO feature_masks SELECT 1, 1, 'input', i, if(i < 2, '1100', '0011')::BIT, 2"
        " FROM range(3) AS features (i)"
    )
    return rows


@pytest.mark.parametrize(
    ("ratio", "chance", "structured"),
    [
        # Chance has mean 1 and standard deviation 0.1414: z = 7.1 and 2.8.
        (2.0, (0.9, 1.1), True),
        (1.4, (0.9, 1.1), False),
        # And 0.00141: a ratio of 1.05 has z = 35, but is no large multiple.
        (1.05, (0.999, 1.001), False),
        (1.2, (0.999, 1.001), True),
    ],
)
def test_structure_needs_a_z_score_and_an_excess(
    masked: Rows, ratio: float, chance: tuple[float, float], structured: bool
) -> None:
    """Far above chance in its spread, or far in the ratio alone, is not enough."""
    clustered(masked, ratio, *chance)
    found = masked.db.execute(
        "SELECT round(separation_excess, 6), median_cluster_size, skippable_share FROM structured_matrices"
    ).fetchall()
    # Clusters {0, 1} and {2} leave half of the positions of each empty.
    assert found == ([(ratio, 1.5, 0.5)] if structured else [])


def test_structure_is_told_by_the_best_clustering(masked: Rows) -> None:
    """Of two structured clusterings the one that stands highest above its own chance level counts."""
    clustered(masked, 3.0, 1.9, 2.1, seed=0)
    clustered(masked, 2.0, 0.9, 1.1, seed=1)
    found = masked.one(
        "SELECT round(separation_ratio, 6), round(null_ratio_mean, 6) FROM structured_matrices"
    )
    assert found == (2.0, 1.0)


def test_verdict_over_seeds(masked: Rows) -> None:
    """Above chance in one of two clusterings counts as barely, or as structured from 1.1 times chance."""
    clustered(masked, 1.05, 0.999, 1.001, seed=0)
    clustered(masked, 1.0, 0.999, 1.001, seed=1)
    found = masked.one("SELECT verdict, is_above_chance, is_inflated FROM separation_intervals")
    assert found[0].startswith("barely above chance: 1.02× against 1.00, above chance in 1 of 2")
    assert found[1:] == (True, True)


def test_high_and_uniform_ratios_are_counted(masked: Rows) -> None:
    """Of the pair ratios 5, 5.5 and 1.02 one is above 5 and one uniform; macro ratios are twice as high."""
    for seed, ratio in enumerate((5.0, 5.5, 1.02)):
        clustered(masked, ratio, seed=seed)
    found = masked.one(
        "SELECT clustering_count, above_5_count, above_5_count_macro, uniform_share, max_ratio,"
        " max_ratio_macro, mean_ratio, mean_ratio_macro FROM separation_summary"
    )
    # 0.5 / 0.1 is a little less than 5 in binary, so that neither side of the edge is told by it.
    assert found == (3, 1, 2, pytest.approx(1 / 3), pytest.approx(5.5), pytest.approx(11.0),
                     pytest.approx(11.52 / 3), pytest.approx(23.04 / 3))  # fmt: skip


@pytest.mark.parametrize(("speedup", "kernel"), [(1.05, "sell"), (1.049, "dense"), (1.0, "dense")])
def test_a_kernel_is_worth_it_from_five_per_cent(masked: Rows, speedup: float, kernel: str) -> None:
    """Less than 1.05× is within the noise of measurements: dense stays."""
    masked.benchmark("sell", (4, 3), 10.0 / speedup, speedup=speedup)
    assert masked.one("SELECT format FROM format_recommendations") == (kernel,)
    assert masked.one("SELECT is_worthwhile FROM kernel_speedups") == (kernel == "sell",)


@pytest.mark.parametrize(
    ("kept", "promise", "kernel"), [(0.72, 1.111, "sell"), (0.73, 1.096, "dense"), (0.0, None, "sell")]
)
def test_a_promise_is_worth_it_from_ten_per_cent(
    rows: Rows, kept: float, promise: float | None, kernel: str
) -> None:
    """20 bits a kept weight promise 16 ÷ (20 × density); from 1.1× a format is proposed."""
    rows.run(1)
    rows.matrix(1, (10, 10))
    rows.pruning(1, 1, round(100 * kept), 100)
    found = rows.one("SELECT format, round(predicted_speedup, 3), gain IS NULL FROM format_recommendations")
    expected = promise if kernel == "sell" else 1.0
    assert found == (kernel, expected, promise is None)


@pytest.mark.parametrize(("kept", "good"), [(69, True), (71, False)])
def test_blocks_are_good_above_three_tenths(rows: Rows, kept: int, good: bool) -> None:
    """Blocks of two alike features that are empty in 31 of 100 positions pay, in 29 they do not."""
    rows.run(1)
    mask = np.zeros((100, 2), dtype=bool)
    mask[:kept] = True
    rows.matrix_of_run(1, 1, mask)
    rows.clustering([0, 0])
    found = rows.db.execute("SELECT DISTINCT verdict FROM block_coherence").fetchall()
    assert found == [("good: blocks can be skipped" if good else "too low to skip blocks",)]


def test_the_best_of_two_devices_counts(masked: Rows) -> None:
    """On the slower device another kernel is the best; each device has a row of its own beside it."""
    masked.benchmark("sell", (4, 3), 5.0, device="fast")
    masked.benchmark("csr", (4, 3), 8.0, device="slow")
    best = masked.one("SELECT best_speedup, best_kernel, best_device FROM model_overview")
    assert best == (2.0, "sell", "fast")
    found = masked.db.execute("SELECT device, best_kernel FROM measured_formats ORDER BY device").fetchall()
    assert found == [("fast", "sell"), ("slow", "csr")]


@pytest.mark.parametrize(
    ("csr", "block", "verdict"),
    [
        (8.0, 8.1, "the report promised more"),
        (8.0, 8.0, "as the report promised"),
        (9.6, 8.0, "as the report promised"),
        (9.7, 8.0, "the report promised less"),
    ],
)
def test_the_report_is_held_to_its_range(masked: Rows, csr: float, block: float, verdict: str) -> None:
    """A macro ratio of 1 is the report's 1.0 to 1.2× of block kernels over csr, both ends included."""
    key = masked.clustering([0, 0, 1, 1])
    masked.pairs(key, (0, 0, 1, 1.0), (1, 1, 1, 1.0), (0, 1, 4, 4.0))
    masked.benchmark("csr", (4, 3), csr)
    masked.benchmark("clustered", (4, 3), block)
    assert masked.one("SELECT verdict FROM prediction_vs_measurement") == (verdict,)


def test_csr_and_block_kernels_count_at_their_best(masked: Rows) -> None:
    """On the mask of the run both are slower than on a random one; their fastest times are compared."""
    for source, factor in (("random", 1.0), ("1", 2.0)):
        masked.benchmark("csr", (4, 3), 9.0 * factor, mask_source=source)
        masked.benchmark("bsr", (4, 3), 6.0 * factor, mask_source=source)
    assert masked.one("SELECT csr_latency_us, block_latency_us FROM measured_formats") == (9.0, 6.0)


def test_runs_of_16_bit_values_are_not_advised_by_rounded_ones(masked: Rows) -> None:
    """A kernel with int4 values is faster, but what it stores is not what the run keeps; both are listed."""
    masked.benchmark("sell", (4, 3), 5.0)
    masked.benchmark("sell", (4, 3), 2.0, value_format="int4")
    assert masked.one("SELECT best_kernel, best_speedup FROM measured_formats") == ("sell", 2.0)
    found = masked.db.execute("SELECT value_format, speedup FROM kernel_speedups ORDER BY speedup").fetchall()
    assert found == [("16", 2.0), ("int4", 5.0)]
