"""Databases of earlier versions are brought up to date, and end as a new one begins."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from etl.cli import main
from tests.warehouse.copies import ask
from tests.warehouse.upgrades import VERSIONS, upgrade
from warehouse import schema, seed_views
from warehouse.opening import attach_read_only
from warehouse.publishing import Writer
from warehouse.reading import Reader
from warehouse.schema import SCHEMA_VERSION

#: All that makes up a schema; the text of views and macros is as DuckDB keeps it.
SCHEMA = (
    "SELECT table_name, comment, sql FROM duckdb_tables()"
    " WHERE database_name = current_database() ORDER BY ALL",
    "SELECT table_name, column_index, column_name, data_type, is_nullable, column_default, comment"
    " FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal ORDER BY ALL",
    "SELECT view_name, comment, sql FROM duckdb_views()"
    " WHERE database_name = current_database() AND NOT internal ORDER BY ALL",
    "SELECT function_name, parameters, macro_definition, comment FROM duckdb_functions()"
    " WHERE database_name = current_database() AND NOT internal ORDER BY ALL",
    "SELECT schema_name, object_name, kind FROM warehouse_objects ORDER BY ALL",
    "FROM reference_results ORDER BY ALL",
)
KILLED_BUILD = """
import os, sys
from pathlib import Path
from warehouse import schema
from warehouse.publishing import Writer
from warehouse.reading import Reader
build = schema.build
schema.build = lambda connection: build(connection) and None or os._exit(9)
with Writer(Path(sys.argv[1])) as writer:
    writer.begin()
"""


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def make_new(path: Path, source: Path) -> Path:
    """Build a database from nothing with the rows that decide which views there are."""
    with attach_read_only(source) as old:
        tables = {
            table: old.table(table).to_arrow_table()
            for table in ("matrix_prunings", "pruning_runs", "matrices")
        }
    with Writer(path) as writer:
        connection = writer.begin()
        for table, rows in tables.items():
            connection.register("rows", rows)
            connection.execute(f"INSERT INTO {table} BY NAME FROM rows")
            connection.unregister("rows")
        seed_views.build(connection)
        # Rows of three tables alone do not pass the checks, which this is not about.
        connection.execute("CHECKPOINT sparsity")
    return Path(f"{path}.work")


def test_there_is_a_file_of_every_version() -> None:
    """0.1.0 is the first; a release adds its own (see make_version_file.py)."""
    assert "0.1.0" in VERSIONS


def test_an_upgraded_database_is_as_a_new_one(older: Path, tmp_path: Path) -> None:
    """Tables, columns, views, macros, comments and given data are those of a database built today."""
    assert upgrade(older) == 0
    new = make_new(tmp_path / "new.db", older)
    for query in SCHEMA:
        assert ask(older, query) == ask(new, query)


def test_upgrading_keeps_every_row(older: Path) -> None:
    """The tables hold what they held."""
    counts = "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL"
    changed = ("warehouse_info", "warehouse_objects", "reference_results")
    before = {name: size for name, size in ask(older, counts) if name not in changed}
    masks = (
        "SELECT run_id, matrix_id, axis, feature_index, keep_mask::VARCHAR FROM feature_masks ORDER BY ALL"
    )
    kept = ask(older, masks)
    assert upgrade(older) == 0
    after = dict(ask(older, counts))
    assert {name: after[name] for name in before} == before
    assert ask(older, masks) == kept
    assert len(kept) == 4 * 2 * (6 * 32 + 64 + 32)
    formats = "SELECT DISTINCT value_format, allocation, refinement FROM pruning_runs"
    assert ask(older, formats) == [("bf16", "uniform", None)]


def test_an_upgrade_is_told_and_done_once(older: Path, capsys: pytest.CaptureFixture) -> None:
    """The first says published, the second finds nothing to do and leaves the file alone."""
    command = ["upgrade", "--json", "--db", str(older)]
    assert main(command) == 0
    assert events(capsys.readouterr().out)[-1] == {
        "event": "finished",
        "state": "published",
        "run_ids": [],
        "rows_written": {},
    }
    inode = older.stat().st_ino
    assert main(command) == 0
    assert events(capsys.readouterr().out)[-1]["state"] == "unchanged"
    assert older.stat().st_ino == inode


def test_readers_say_how_to_upgrade(older: Path) -> None:
    """The app asks for an upgrade before it shows anything; SQL of a person's own works as it did."""
    with pytest.raises(schema.OlderSchemaError, match=f"sparsity-etl upgrade --db {older}"):
        Reader(older)
    assert ask(older, "SELECT count(*) FROM model_overview") == [(4 * 14,)]
    assert upgrade(older) == 0
    Reader(older).close()


def test_an_upgrade_needs_a_database(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """It makes none."""
    path = tmp_path / "sparsity.db"
    assert upgrade(path) == 1
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_next_writer_upgrades(older: Path) -> None:
    """A job begins in a copy that is up to date, whatever it goes on to do."""
    with Writer(older) as writer:
        assert writer.published is None
        connection = writer.begin()
        assert schema.schema_version(connection, "sparsity") == SCHEMA_VERSION
        writer.publish()
    with Writer(older) as writer:
        assert writer.published is not None


def test_a_killed_upgrade_is_not_resumed_half_way(older: Path) -> None:
    """A copy whose schema was being built when the job was killed is made anew."""
    subprocess.run([sys.executable, "-c", KILLED_BUILD, str(older)], check=False)
    assert Path(f"{older}.work").exists()
    with Writer(older) as writer:
        assert not writer.resumable
    assert upgrade(older) == 0
