"""Views under the research code's table names follow what is loaded."""

import duckdb
import numpy as np
import pytest

from tests.sample_rows import Rows
from warehouse import schema, seed_views


@pytest.fixture
def rows() -> Rows:
    """An unstructured and a 2:4 run of one matrix."""
    connection = duckdb.connect(":memory:")
    schema.build(connection)
    rows = Rows(connection)
    rows.run(1)
    rows.run(2, "sparsegpt", pattern="2:4")
    rows.matrix_of_run(1, 1, np.array([[1, 0], [1, 1]], dtype=bool))
    rows.pruning(2, 1)
    return rows


def test_one_view_for_every_method_sparsity_and_projection(rows: Rows) -> None:
    """The names are those of the research code; N:M runs go by their pattern."""
    assert seed_views.build(rows.db) == ["sparsegpt_2_4_q_proj", "wanda_0_5_q_proj"]
    found = rows.db.execute(
        "SELECT feature_index, kept_count, density FROM wanda_0_5_q_proj ORDER BY 1"
    ).fetchall()
    assert found == [(0, 2, 1.0), (1, 1, 0.5)]


def test_modules_of_one_name_go_by_their_paths(rows: Rows) -> None:
    """All of them where none lies further out than the others; single experts have no view."""
    components = (
        *("attn.c_proj", "mlp.c_proj", "mlp.up_proj", "mlp.shared.up_proj"),
        *("mlp.experts.0.up_proj", "mlp.experts.11.up_proj"),
    )
    for matrix_id, component in enumerate(components, start=2):
        rows.matrix_of_run(1, matrix_id, np.ones((2, 2), dtype=bool))
        rows.db.execute("UPDATE matrices SET component = ? WHERE matrix_id = ?", [component, matrix_id])
    names = {name.removeprefix("wanda_0_5_") for name in seed_views.build(rows.db)}
    modules = {"attn_c_proj", "mlp_c_proj", "up_proj", "mlp_shared_up_proj"}
    assert names == modules | {"q_proj", "sparsegpt_2_4_q_proj"}
    assert rows.db.execute("SELECT count(*) FROM wanda_0_5_up_proj").fetchone() == (2,)


def test_every_column_is_commented(rows: Rows) -> None:
    """Generated views carry comments as the others do."""
    seed_views.build(rows.db)
    silent = rows.db.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE NOT internal AND comment IS NULL AND table_name LIKE '%q_proj'"
    ).fetchall()
    assert silent == []


def test_views_of_runs_that_are_gone_go_too(rows: Rows) -> None:
    """A view without a run is dropped; a view of the user's own stays."""
    seed_views.build(rows.db)
    rows.db.execute("CREATE VIEW mine AS SELECT 1 AS one")
    rows.db.execute("DELETE FROM matrix_prunings WHERE run_id = 2")
    assert seed_views.build(rows.db) == ["wanda_0_5_q_proj"]
    names = {row[0] for row in rows.db.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    assert "mine" in names
    assert "sparsegpt_2_4_q_proj" not in names
