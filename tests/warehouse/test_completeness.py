"""What a person has dropped or altered of ours: tables are asked for, views and macros are made again."""

import lzma
from pathlib import Path

import pytest

from etl.cli import main
from tests.warehouse.copies import ask, publish_row
from tests.warehouse.upgrades import FILES, change
from warehouse.completeness import MissingObjectError
from warehouse.ownership import TakenNameError
from warehouse.publishing import Writer

SPOILT = {
    "DROP TABLE perplexities": "has lost the table perplexities",
    "ALTER TABLE etl_steps RENAME TO steps": "has lost the table etl_steps",
    "DROP TABLE warehouse_objects": "has lost the table warehouse_objects",
    "ALTER TABLE models DROP COLUMN dtype": "the column dtype of the table models .* was dropped or renamed",
    "ALTER TABLE models RENAME source TO origin": "the column source of the table models .* was dropped",
    "ALTER TABLE perplexities ALTER perplexity TYPE FLOAT": "was turned from DOUBLE into FLOAT",
}


@pytest.mark.parametrize("statement", SPOILT)
def test_a_table_that_was_spoilt_is_named_before_any_work(database: Path, statement: str) -> None:
    """The message names table and column and what to do; the file stays as it is, nothing beside it."""
    change(database, statement)
    before = database.read_bytes()
    with pytest.raises(MissingObjectError, match=SPOILT[statement]) as caught, Writer(database):
        pass
    assert "duckdb shell" in str(caught.value)
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.iterdir()} == {"sparsity.db", "sparsity.db.lock"}


def test_plan_names_it_too(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan over a database without its steps would end with a sentence of DuckDB's."""
    change(database, "DROP TABLE etl_steps")
    assert main(["plan", "--db", str(database)]) == 1
    assert "has lost the table etl_steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    "own", ["ALTER TABLE models ADD COLUMN remark VARCHAR", "CREATE TABLE model AS SELECT 1"]
)
def test_a_persons_additions_are_no_damage(database: Path, own: str) -> None:
    """Columns of their own in our tables, and tables of their own, stop nothing."""
    change(database, own)
    publish_row(database, 43)
    assert (43,) in ask(database, "FROM mine")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW run_history",
        "ALTER VIEW run_history RENAME TO my_history",
        "DROP MACRO safe_ratio",
        "DROP VIEW run_history; CREATE TABLE run_history AS SELECT 1 AS one",
    ],
)
def test_views_and_macros_are_made_again(database: Path, statement: str) -> None:
    """The next publication has all of them, whatever it loads."""
    change(database, statement)
    publish_row(database, 43)
    assert ask(database, "SELECT etl_run_id FROM run_history") == []
    assert ask(database, "SELECT safe_ratio(1, 2)") == [(0.5,)]


def test_an_older_database_that_was_spoilt_is_refused_in_a_line(tmp_path: Path) -> None:
    """Of one that has no record of what is ours, the attempt to bring it up to date tells."""
    path = tmp_path / "sparsity.db"
    path.write_bytes(lzma.decompress((FILES / "0.1.0.db.xz").read_bytes()))
    change(path, "ALTER TABLE kernel_benchmarks DROP COLUMN dtype")
    with pytest.raises(MissingObjectError, match="brought up to date"), Writer(path) as writer:
        writer.begin()
    assert not list(tmp_path.glob("*.work*"))


def test_a_macro_that_hides_a_function_is_named(database: Path) -> None:
    """Views and checks would call it; the failing job says whose it is, and leaves no copy."""
    change(database, "CREATE MACRO count(x) AS 7")
    with pytest.raises(TakenNameError, match=r"the macro count .* is yours"):
        publish_row(database, 43)
    assert {path.name for path in database.parent.iterdir()} == {"sparsity.db", "sparsity.db.lock"}
