"""Every threshold at its edge: the value on either side of it falls on its own side."""

import duckdb
import pytest
from scipy import stats

from tests.sample_rows import Rows


def value(db: duckdb.DuckDBPyConnection, expression: str) -> object:
    return db.execute(f"SELECT {expression}").fetchall()[0][0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("is_structured(0.049)", True),
        ("is_structured(0.05)", False),
        ("is_structured(NULL)", None),
        ("evidence_word(0.049)", "structured"),
        ("evidence_word(0.05)", "at chance"),
        ("evidence_word(NULL)", "not tested"),
        # Within, between and the chance ratio: 1.1 times chance is large.
        ("separation_effect(1.0, 2.2, 2.0)", "large"),
        ("separation_effect(1.0, 2.19, 2.0)", "small"),
        ("separation_effect(1.0, 2.0, 2.0)", "none"),
        ("separation_effect(0.0, 0.1, NULL)", "identical"),
        ("separation_effect(0.0, 0.0, 1.0)", None),
        ("separation_effect(NULL, 0.1, 1.0)", None),
        ("separation_effect(1.0, 2.0, NULL)", None),
        # Features 1.1 times nearer than chance, with a ratio below 1.1 times chance.
        ("is_filled(0.40, 0.44, 1.0, 1.0)", True),
        ("is_filled(0.41, 0.44, 1.0, 1.0)", False),
        ("is_filled(0.40, 0.44, 1.1, 1.0)", False),
        ("poisson_binomial_at_most(2, [0.5, 0.5, 0.5, 0.5])", 0.6875),
        ("poisson_binomial_at_most(1, [0.1, 0.9])", 0.91),
        ("poisson_binomial_at_most(0, [1.0, 0.5])", 0.0),
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


@pytest.mark.parametrize(("q_value", "structured"), [(0.049, True), (0.05, False), (None, False)])
@pytest.mark.parametrize("ratio", [1.05, 2.0])
def test_one_rule_for_structured(masked: Rows, ratio: float, q_value: float | None, structured: bool) -> None:
    """The q-value alone decides, in every view; how large the ratio is says another column."""
    clustered(masked, ratio, 0.9, 1.1)
    if q_value is not None:
        masked.tests(q_value)
    found = masked.db.execute(
        "SELECT round(separation_excess, 6), median_cluster_size, skippable_share, effect"
        " FROM structured_matrices"
    ).fetchall()
    # Clusters {0, 1} and {2} leave half of the positions of each empty.
    assert found == ([(ratio, 1.5, 0.5, "large" if ratio > 1.1 else "small")] if structured else [])
    word = "structured" if structured else "not tested" if q_value is None else "at chance"
    rule = None if q_value is None else structured
    for view in ("matrix_evidence", "separation_ratios", "separation_intervals", "model_overview",
                 "format_recommendations"):  # fmt: skip
        assert masked.one(f"SELECT evidence, is_structured FROM {view}") == (word, rule), view
    assert masked.one("SELECT structured_share FROM separation_summary") == (rule,)


def test_the_best_clustering_of_a_structured_matrix(masked: Rows) -> None:
    """Of two clusterings the one that stands highest above its own chance level counts."""
    masked.tests(0.01)
    clustered(masked, 3.0, 1.9, 2.1, seed=0)
    clustered(masked, 2.0, 0.9, 1.1, seed=1)
    found = masked.one(
        "SELECT round(separation_ratio, 6), round(null_ratio_mean, 6) FROM structured_matrices"
    )
    assert found == (2.0, 1.0)


def test_identical_features_are_the_best_clustering(masked: Rows) -> None:
    """They have no ratio, but a difference, and the verdict says so."""
    masked.tests(0.01)
    clustered(masked, 3.0, 0.9, 1.1, seed=0)
    masked.pairs(masked.clustering([0, 0, 1], seed=1), (0, 0, 1, 0.0), (1, 1, 0, 0.0), (0, 1, 1, 0.5))
    found = masked.one("SELECT separation_ratio, separation_difference, effect FROM structured_matrices")
    assert found == (None, 0.5, "identical")
    verdicts = masked.db.execute("SELECT verdict FROM separation_ratios ORDER BY seed").fetchall()
    assert verdicts[1] == ("identical: the features of each cluster keep the same positions",)


def test_a_cluster_that_fills_the_neighbourhood(masked: Rows) -> None:
    """All pairs at 0.2 where chance has 0.5, and no two parts of them further apart than others."""
    masked.pairs(masked.clustering([0, 0, 1, 1]), (0, 0, 1, 0.2), (1, 1, 1, 0.2), (0, 1, 4, 0.8))
    for replicate in (0, 1):
        key = masked.clustering([0, 0, 1, 1], null_replicate=replicate)
        masked.pairs(key, (0, 0, 1, 0.5), (1, 1, 1, 0.5), (None, None, 4, 2.0))
    found = masked.one(
        "SELECT is_filled, neighbourhood_distance, null_neighbourhood_distance FROM separation_ratios"
    )
    assert found == (True, pytest.approx(0.2), pytest.approx(0.5))
    assert masked.one("SELECT is_filled FROM separation_intervals") == (True,)


def test_sizes_of_the_neighbourhood_stand_side_by_side(masked: Rows) -> None:
    """Clusterings of three and of two features are summed up in rows of their own."""
    clustered(masked, 2.0, 0.9, 1.1)
    for replicate in (None, 0, 1):
        key = masked.clustering([0, 1], null_replicate=replicate)
        pair = (None, None, 1, 0.2) if replicate is not None else (0, 1, 1, 0.3)
        masked.pairs(key, (0, 0, 0, 0.0), (1, 1, 0, 0.0), pair)
    found = masked.db.execute(
        "SELECT neighbour_count, mean_ratio FROM separation_intervals ORDER BY neighbour_count"
    ).fetchall()
    assert found == [(2, None), (3, pytest.approx(2.0))]
    assert masked.one("SELECT separation_ratio FROM model_overview") == (None,)


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
