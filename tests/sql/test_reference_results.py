"""The published figures are all there and as published."""

import duckdb
import pytest

from warehouse import schema


def test_the_reports_ratios(built: duckdb.DuckDBPyConnection) -> None:
    """Seven projections, two methods, three k; the highest is SparseGPT's o at k = 16."""
    ratios = built.execute(
        "SELECT projection, method, k, value FROM reference_results WHERE metric = 'separation_ratio_macro'"
        " ORDER BY value DESC"
    ).fetchall()
    assert len({row[:3] for row in ratios}) == len(ratios) == 7 * 2 * 3
    assert ratios[:2] == [("o", "sparsegpt", 16, 17.11), ("v", "sparsegpt", 16, 15.9)]


def test_the_published_perplexities(built: duckdb.DuckDBPyConnection) -> None:
    """Three models, each dense and by three methods in three patterns."""
    found = built.execute(
        "SELECT model, count(*), min(value) FROM reference_results WHERE metric = 'perplexity'"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert found == [("Llama-2-13B", 10, 4.57), ("Llama-2-70B", 10, 3.12), ("Llama-2-7B", 10, 5.12)]


@pytest.mark.parametrize(
    ("metric", "method", "stated"),
    [
        ("max_ratio_macro", "wanda", 8.22),
        ("max_ratio_macro", "sparsegpt", 17.11),
        ("above_5_count_macro", "wanda", 2),
        ("above_5_count_macro", "sparsegpt", 3),
    ],
)
def test_the_reports_summary_follows_from_its_table(
    built: duckdb.DuckDBPyConnection, metric: str, method: str, stated: float
) -> None:
    """Maxima and counts above 5 at k = 16 are those of the table; its stated means are not."""
    aggregate = "max(value)" if metric == "max_ratio_macro" else "count(*) FILTER (WHERE value > 5)"
    computed = built.execute(
        f"SELECT {aggregate} FROM reference_results"
        " WHERE metric = 'separation_ratio_macro' AND k = 16 AND method = ?",
        [method],
    ).fetchall()[0][0]
    found = built.execute(
        "SELECT value FROM reference_results WHERE metric = ? AND method = ?", [metric, method]
    ).fetchall()
    assert found == [(stated,)]
    assert computed == stated


def test_rebuilding_does_not_double_the_figures() -> None:
    """The table is filled anew, not added to."""
    with duckdb.connect(":memory:") as connection:
        schema.build(connection)
        before = connection.execute("SELECT count(*) FROM reference_results").fetchall()
        schema.build(connection)
        assert connection.execute("SELECT count(*) FROM reference_results").fetchall() == before
