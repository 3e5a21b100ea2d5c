"""A run without masks: where its perplexity stands, and that views over masks do not list it."""

import duckdb
import pytest

from tests.sample_rows import Rows
from tests.sql.one_row import insert_row
from warehouse import sql_files

#: Views of runs, whether they have pruned matrices or not.
OF_RUNS = {
    "run_overview",
    "perplexity_over_seeds",
    "run_labels",
    "sparsity_sweep",
    "run_matrices",
    "run_pairs",
}


@pytest.fixture
def sliced(rows: Rows) -> Rows:
    """The dense model at perplexity 8, a masked run at 12 and a sliced one at 10, of one model."""
    for run_id, method, perplexity in ((1, "dense", 8.0), (2, "wanda", 12.0), (3, "slicegpt", 10.0)):
        rows.run(run_id, method, 0.0 if method == "dense" else 0.25)
        text = {"dataset": "text", "window": 512, "token_count": 100}
        insert_row(rows.db, "perplexities", run_id=run_id, perplexity=perplexity, **text)
    rows.db.execute("UPDATE pruning_runs SET pattern = 'sliced', scope = NULL WHERE run_id = 3")
    insert_row(
        rows.db, "slices", run_id=3, layer=0, kept_dimensions=24, hidden_size=32, explained_variance=0.9
    )
    rows.matrix(1, (4, 4))
    rows.pruning(2, 1, 12, 16)
    return rows


def test_its_perplexity_stands_beside_the_others(sliced: Rows) -> None:
    """By run, by sparsity, where it contests with sliced runs alone, and in the saved questions."""
    overview = "SELECT pattern, scope, perplexity, perplexity_ratio, matrix_count FROM run_overview"
    assert sliced.one(f"{overview} WHERE run_id = 3") == ("sliced", None, 10.0, 1.25, None)
    assert sliced.one("SELECT run_label FROM run_overview WHERE run_id = 3") == ("slicegpt 25%",)
    ranks = sliced.db.execute("SELECT run_id, method_rank FROM sparsity_sweep ORDER BY 1").fetchall()
    assert ranks == [(2, 1), (3, 1)]
    for name in ("perplexity_by_method", "cheapest_method"):
        found = sliced.db.sql((sql_files.SQL_FOLDER / "queries" / f"{name}.sql").read_text())
        rows = found.filter("method = 'slicegpt'").project("perplexity, perplexity_ratio").fetchall()
        assert rows == [(10.0, 1.25)]


@pytest.mark.parametrize("view", sorted(sql_files.read_folder("views").keys() - OF_RUNS))
def test_views_over_masks_do_not_list_it(sliced: Rows, view: str) -> None:
    """No row names it, under any column that names a run or a method."""
    relation = sliced.db.table(view)
    for column in relation.columns:
        if column in {"run_id", "run_id_a", "run_id_b"}:
            assert relation.filter(f"{column} = 3").fetchall() == []
        if column in {"method", "method_a", "method_b"}:
            assert relation.filter(f"{column} = 'slicegpt'").fetchall() == []


def test_a_model_with_sliced_runs_alone_breaks_no_view(sliced: Rows) -> None:
    """Every view answers, and what it says of runs is of the sliced one."""
    for table in ("matrix_prunings", "feature_masks"):
        sliced.db.execute(f"DELETE FROM {table}")
    sliced.db.execute("DELETE FROM pruning_runs WHERE run_id = 2")
    sliced.db.execute("DELETE FROM perplexities WHERE run_id = 2")
    for view in sql_files.read_folder("views"):
        try:
            found = sliced.db.table(view).fetchall()
        except duckdb.Error as error:  # pragma: no cover  # names the view
            pytest.fail(f"{view}: {error}")
        assert view in OF_RUNS or found == [], view
