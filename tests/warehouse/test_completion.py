"""What the editor offers: relations after FROM, columns of what is read, functions and keywords."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.completion import CatalogColumn, Relation, Vocabulary, complete, read_vocabulary
from warehouse.console import browse_text
from warehouse.reading import Reader

VOCABULARY = Vocabulary(
    relations=(
        Relation("run_overview", "view", "runs", (CatalogColumn("perplexity", "DOUBLE", None),)),
        Relation("models", "table", None, (CatalogColumn("model_id", "VARCHAR", None),)),
    ),
    functions=("percent_rank", "sum"),
)


def texts(before: str, after: str = "") -> list[str]:
    return [completion.text for completion in complete(VOCABULARY, before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("FROM ", "", ["run_overview", "models"]),
        ("SELECT 1 FROM run", "", ["run_overview"]),
        ("SELECT per", " FROM run_overview", ["perplexity", "percent_rank("]),
        ("SELECT per", "", ["percent_rank("]),
        ("SELECT r.", " FROM run_overview AS r", ["perplexity"]),
        ("SELECT m.mod", " FROM run_overview r JOIN models m ON true", ["model_id"]),
        ("SELECT models.", " FROM models WHERE true", ["model_id"]),
        ("SELEC", "", ["SELECT"]),
        ("sum", "", ["SUMMARIZE", "sum("]),
        ("SELECT over", "", ["run_overview"]),
        ("SELECT 'per", " FROM run_overview", []),
        ("-- per", "", []),
        ("SELECT /* per", "", []),
        ("SELECT nothing.", "", []),
        ("SELECT ", "", []),
        ("", "", []),
    ],
)
def test_what_is_offered(before: str, after: str, expected: list[str]) -> None:
    """The context decides what is offered, and what begins with the text typed comes first."""
    assert texts(before, after) == expected


def test_columns_of_what_is_read_come_before_everything_else() -> None:
    """A completion says how many characters before the cursor it replaces, and what it is."""
    first = complete(VOCABULARY, "SELECT perp", " FROM run_overview")[0]
    assert (first.text, first.note, first.replaced) == ("perplexity", "double · run_overview", 4)


def test_a_word_typed_in_full_is_not_offered_again() -> None:
    """Nothing is left to complete in a complete word."""
    assert texts("SELECT model_id", " FROM models") == []


def test_relations_are_named_as_a_query_has_to_write_them(database: Path) -> None:
    """Those of other schemas after their schema, and in quotes what would not be read as a name."""
    with duckdb.connect(str(database)) as shell:
        shell.execute(
            'CREATE SCHEMA own; CREATE TABLE own.models AS SELECT 1 AS theirs; CREATE SCHEMA "my own"'
        )
        shell.execute(
            'CREATE VIEW "my own"."a ""b" AS SELECT 2 AS two; CREATE TABLE "order" AS SELECT 3 AS three'
        )
    reader = Reader(database)
    vocabulary = read_vocabulary(reader.cursor())
    names = {relation.name: relation.columns for relation in vocabulary.relations}
    own = ["own.models", '"my own"."a ""b"', '"order"']
    assert [[column.name for column in names[name]] for name in own] == [["theirs"], ["two"], ["three"]]
    assert "theirs" not in [column.name for column in names["models"]]
    for name in names:
        reader.cursor().execute(f"{browse_text(name)} LIMIT 0")
    reader.close()
    assert [found.text for found in complete(vocabulary, "FROM own.")] == ["models"]
    assert [found.text for found in complete(vocabulary, "SELECT m.", " FROM own.models AS m")] == ["theirs"]


def test_vocabulary_of_a_published_database(database: Path) -> None:
    """Views come first with their comments; tables of the user's own are there as well, and functions."""
    reader = Reader(database)
    vocabulary = read_vocabulary(reader.cursor())
    reader.close()
    history = vocabulary.relation("RUN_HISTORY")
    assert history is not None
    assert history.kind == "view"
    assert history.comment is not None
    assert "elapsed_seconds" in [column.name for column in history.columns]
    mine = vocabulary.relation("mine")
    assert mine is not None
    assert mine.columns == (CatalogColumn("answer", "INTEGER", None),)
    assert {"sum", "hamming_distance"} <= set(vocabulary.functions)
    kinds = [relation.kind for relation in vocabulary.relations]
    assert kinds == sorted(kinds, reverse=True)


def test_reading_the_names_imports_no_pandas(database: Path) -> None:
    """DuckDB imports it for a query with parameters, which makes the app 50 MB larger for good."""
    script = (
        "import sys; from pathlib import Path; from warehouse.completion import read_vocabulary;"
        "from warehouse.reading import Reader; read_vocabulary(Reader(Path(sys.argv[1])).cursor());"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, database], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
