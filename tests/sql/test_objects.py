"""Every object has its own file and its comments; every saved query runs; the dictionary is current."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from warehouse import sql_files
from warehouse.dictionary import dictionary

ROOT = Path(__file__).resolve().parents[2]


def test_every_object_is_commented(built: duckdb.DuckDBPyConnection) -> None:
    """No table, view, macro or column goes without a comment."""
    silent = built.execute(
        """
        SELECT table_name FROM duckdb_tables() WHERE comment IS NULL
        UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL
        UNION ALL SELECT function_name FROM duckdb_functions() WHERE NOT internal AND comment IS NULL
        UNION ALL SELECT table_name || '.' || column_name FROM duckdb_columns()
        WHERE NOT internal AND comment IS NULL
        """
    ).fetchall()
    assert silent == []


def test_every_object_has_its_own_file(built: duckdb.DuckDBPyConnection) -> None:
    """A file makes one object, of its own name."""
    queries = {
        "tables": "SELECT table_name FROM duckdb_tables()",
        "views": "SELECT view_name FROM duckdb_views() WHERE NOT internal",
        "macros": "SELECT function_name FROM duckdb_functions() WHERE NOT internal",
    }
    for folder, query in queries.items():
        assert {row[0] for row in built.execute(query).fetchall()} == sql_files.read_folder(folder).keys()


def test_no_column_comment_is_written_twice(built: duckdb.DuckDBPyConnection) -> None:
    """A meaning is written in the file of the one object that has it, or in the list that objects share."""
    shared, own = sql_files.column_comments(), sql_files.explained_columns()
    texts = Counter([*shared.values(), *own.values()])
    assert [text for text, count in texts.items() if count > 1] == []
    users = Counter(
        column for (column,) in built.execute("SELECT column_name FROM duckdb_columns()").fetchall()
    )
    seeds = {
        "pruned_weight_norm",
        "relevance",
    }  # views of one run, made when there is one, have these as well
    assert [name for name in shared if users[name] < 2 and name not in seeds] == []


def test_comments_of_the_files_reach_the_database(built: duckdb.DuckDBPyConnection) -> None:
    """What a file says of its own column goes before what is said of the name in general."""
    rows = built.execute("SELECT table_name, column_name, comment FROM duckdb_columns()").fetchall()
    own = sql_files.explained_columns()
    assert {place: text for *place_, text in rows if (place := tuple(place_)) in own} == own


def test_no_view_shows_bits(built: duckdb.DuckDBPyConnection) -> None:
    """Ibis knows no BIT type, so no view has a column of it."""
    found = built.execute(
        "SELECT view_name, column_name FROM duckdb_views() INNER JOIN duckdb_columns()"
        " ON view_name = table_name WHERE data_type = 'BIT'"
    ).fetchall()
    assert found == []


@pytest.mark.parametrize("view", sorted(sql_files.read_folder("views")))
def test_every_view_runs_without_rows(built: duckdb.DuckDBPyConnection, view: str) -> None:
    """A view over empty tables is empty."""
    assert built.table(view).fetchall() == []


@pytest.mark.parametrize("name", sorted(sql_files.saved_queries()))
def test_every_saved_query_asks_and_runs(built: duckdb.DuckDBPyConnection, name: str) -> None:
    """A saved query begins with its question and runs on an empty database."""
    question, text = sql_files.saved_queries()[name]
    assert question.endswith("?")
    assert text.startswith(f"-- {question}\n")
    assert built.execute(text).description


def test_there_are_ten_saved_queries() -> None:
    """The first ten questions have their queries."""
    assert len(sql_files.saved_queries()) >= 10


def test_dictionary_is_current() -> None:
    """docs/data-dictionary.md is what `python -m warehouse.dictionary` writes."""
    assert (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == dictionary()
