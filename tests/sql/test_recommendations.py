"""The order in which runs would replace a dense matrix, and the report's own order beside it."""

import pytest

from tests.sample_rows import Rows
from tests.sql.one_row import insert_row
from warehouse.expressions import recommendations
from warehouse.expressions.views import Views


@pytest.fixture
def offers(rows: Rows) -> Rows:
    """Six runs of a 4 × 4 matrix, of which one is measured, one has nothing to gain and two promise alike."""
    rows.matrix(1, (4, 4))
    for run_id, pattern, sparsity, kept, error in (
        (1, "unstructured", 0.5, 8, 0.20),  # 1.6× by its bytes
        (2, "unstructured", 0.75, 4, 0.40),  # 3.2×
        (3, "unstructured", 0.74, 4, 0.30),  # 3.2× as well, with a smaller error
        (4, "2:4", 0.5, 8, 0.25),  # measured: 1.25×
        (5, "unstructured", 0.1, 14, 0.01),  # 0.9×: dense stays
        (6, "unstructured", 0.73, 4, 0.30),  # like run 3
    ):
        rows.run(run_id, "wanda", sparsity, pattern)
        rows.pruning(run_id, 1, kept, 16, error)
    rows.benchmark("nm", (4, 4), 8.0, pattern="2:4")
    return rows


def test_runs_are_ranked(offers: Rows) -> None:
    """What was measured goes first, then the larger gain, the smaller error, the lower key; dense never."""
    found = offers.db.execute(
        "SELECT run_id, choice_rank, is_measured, round(gain, 2) FROM ranked_options ORDER BY run_id"
    ).fetchall()
    assert found == [
        (1, 5, False, 1.6), (2, 4, False, 3.2), (3, 2, False, 3.2), (4, 1, True, 1.25), (5, None, False, 1.0),
        (6, 3, False, 3.2),
    ]  # fmt: skip


@pytest.mark.parametrize(("budget", "run_id"), [(1.0, 4), (0.25, 4), (0.24, 1), (0.19, None), (0.0, None)])
def test_the_plan_is_the_first_choice_within_the_budget(
    offers: Rows, budget: float, run_id: int | None
) -> None:
    """A run beyond the budget is passed over; where none is left the matrix stays dense."""
    offers.matrix(2, (4, 4), "k")
    views = Views(offers.db)
    found = views.rows(recommendations.plan(views, "m", budget), recommendations.Choice)
    assert [(row.matrix_id, row.run_id) for row in found] == [(1, run_id)]


def test_options_of_a_matrix_begin_with_the_largest_gain(offers: Rows) -> None:
    """Equal gains go by run."""
    views = Views(offers.db)
    rows = views.rows(recommendations.options_of(views, "m", 1), recommendations.Option)
    assert [row.run_id for row in rows] == [2, 3, 6, 1, 4, 5]


@pytest.mark.parametrize(("ratio", "tier"), [(4.01, "high"), (4.0, "medium"), (1.5, "medium"), (1.49, "low")])
def test_tiers_of_the_report(rows: Rows, ratio: float, tier: str) -> None:
    """Wanda has high priority above a macro ratio of 4 and low below 1.5; the largest ratio counts."""
    rows.db.execute("DELETE FROM reference_results")
    for metric, value in (("tier_high_ratio", 4.0), ("tier_low_ratio", 1.5), ("max_ratio_macro", 99.0)):
        insert_row(rows.db, "reference_results", metric=metric, method="wanda", value=value)
    rows.run(1)
    rows.run(2, "ria")
    rows.matrix(1, (4, 4))
    for run_id, k, macro in ((1, 2, ratio), (1, 3, 1.0), (2, 2, 9.0)):
        key = rows.clustering([0, 0, 1, 1], run_id=run_id, k=k)
        rows.pairs(key, (0, 0, 1, 1.0), (1, 1, 1, 1.0), (0, 1, 4, 4 * macro))
    assert rows.one("SELECT run_id, report_tier FROM report_tiers") == (1, tier)
