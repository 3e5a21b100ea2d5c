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


def test_shared_names_have_one_comment(connection: duckdb.DuckDBPyConnection) -> None:
    """A key keeps its comment through every table and view; one that an older version wrote is replaced."""
    connection.execute("COMMENT ON COLUMN matrix_prunings.run_id IS 'as an older version said'")
    schema.build(connection)
    rows = connection.execute(
        "SELECT DISTINCT comment FROM duckdb_columns() WHERE column_name = 'run_id'"
    ).fetchall()
    assert rows == [("Pruning run",)]


def test_what_a_person_made_is_not_commented(connection: duckdb.DuckDBPyConnection) -> None:
    """Columns of a view of somebody's own stay without a comment, whatever they are called."""
    connection.execute("CREATE VIEW my_runs AS SELECT run_id FROM pruning_runs")
    schema.build(connection)
    rows = connection.execute("SELECT comment FROM duckdb_columns() WHERE table_name = 'my_runs'").fetchall()
    assert rows == [(None,)]


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
