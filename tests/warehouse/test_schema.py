"""The schema is built from the SQL folder, and rebuilding changes nothing."""

from pathlib import Path

import duckdb
import pytest

from warehouse import schema, sql_files
from warehouse.location import database_path


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        schema.build(opened)
        yield opened


def test_every_file_makes_the_object_it_is_named_for(connection: duckdb.DuckDBPyConnection) -> None:
    """A file `sql/KIND/name.sql` creates exactly the table, view or macro `name`."""
    queries = {
        "tables": "SELECT table_name FROM duckdb_tables()",
        "views": "SELECT view_name FROM duckdb_views() WHERE NOT internal",
        "macros": "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal",
    }
    for folder, query in queries.items():
        made = {row[0] for row in connection.execute(query).fetchall()}
        assert made == set(sql_files.read_folder(folder)), folder


def test_building_again_keeps_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """An upgrade of the views leaves the tables' rows alone."""
    connection.execute("INSERT INTO models VALUES ('m', 'a', 1, 1, 'bfloat16', 's', 'f')")
    schema.build(connection)
    assert connection.execute("SELECT count(*) FROM models").fetchone() == (1,)


def test_failed_build_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that does not parse rolls the whole build back."""
    original = sql_files.read_folder
    broken = {"broken": "CREATE VIEW broken AS SELEC 1"}
    monkeypatch.setattr(
        schema.sql_files, "read_folder", lambda name: broken if name == "views" else original(name)
    )
    with duckdb.connect() as opened:
        with pytest.raises(duckdb.Error):
            schema.build(opened)
        assert opened.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)


def test_views_come_after_what_they_read() -> None:
    """model_overview reads separation_ratios and kernel_speedups, so it is built after both."""
    order = list(sql_files.read_folder("views"))
    assert order.index("separation_ratios") < order.index("model_overview")
    assert order.index("kernel_speedups") < order.index("model_overview")


def test_uncommented_view_columns_inherit(connection: duckdb.DuckDBPyConnection) -> None:
    """A key keeps its comment through every view."""
    row = connection.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'model_overview' AND column_name = 'run_id'"
    ).fetchone()
    assert row == ("Pruning run",)


def test_database_path_prefers_flag_then_environment_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--db wins over $SPARSITY_DB, which wins over the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPARSITY_DB", raising=False)
    assert database_path() == tmp_path / "sparsity.db"
    monkeypatch.setenv("SPARSITY_DB", str(tmp_path / "from-environment.db"))
    assert database_path() == tmp_path / "from-environment.db"
    assert database_path(tmp_path / "flag.db") == tmp_path / "flag.db"
