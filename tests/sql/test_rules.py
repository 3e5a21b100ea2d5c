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
