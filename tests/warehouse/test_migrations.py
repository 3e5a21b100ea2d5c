"""Databases of earlier versions are brought up to date, and end as a new one begins."""

import json
import lzma
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from etl.cli import main
from warehouse import ownership, schema, seed_views
from warehouse.opening import attach_read_only
from warehouse.publishing import Writer
from warehouse.reading import Reader
from warehouse.schema import SCHEMA_VERSION

FILES = Path(__file__).parent / "files"
VERSIONS = sorted(path.name.removesuffix(".db.xz") for path in FILES.glob("*.db.xz"))
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


@pytest.fixture(params=VERSIONS)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database as an earlier version has written it."""
    path = tmp_path / "sparsity.db"
    path.write_bytes(lzma.decompress((FILES / f"{request.param}.db.xz").read_bytes()))
    return path


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def ask(path: Path, query: str) -> list[tuple]:
    with attach_read_only(path) as connection:
        return connection.execute(query).fetchall()


def upgrade(path: Path) -> int:
    return main(["upgrade", "--db", str(path)])


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


def test_our_views_of_before_are_gone_and_a_persons_stay(older: Path) -> None:
    """What `sql/` no longer has is dropped if it is recorded as ours, and only then."""
    change(
        older,
        "CREATE VIEW retired AS SELECT 1 AS one",
        "CREATE MACRO retired_too(a) AS a",
        "CREATE VIEW theirs AS SELECT 1 AS one",
        "COMMENT ON VIEW theirs IS 'One row per model, run, block and feature of theirs.'",
    )
    with Writer(older) as writer:
        writer.begin()
        writer.publish()
    change(
        older,
        "INSERT INTO warehouse_objects VALUES ('main', 'retired', 'view'), ('main', 'retired_too', 'macro')",
        "UPDATE warehouse_info SET value = 'other' WHERE key = 'sql_fingerprint'",
    )
    assert upgrade(older) == 0
    with attach_read_only(older) as connection:
        assert ownership.relations(connection).keys() & {"retired", "theirs"} == {"theirs"}
        assert "retired_too" not in ownership.macros(connection)


def test_an_index_on_our_tables_survives(older: Path) -> None:
    """DuckDB changes no table with an index; a person's own is there again afterwards, with its comment."""
    change(older, "CREATE INDEX by_run ON perplexities (run_id)", "COMMENT ON INDEX by_run IS 'mine'")
    assert upgrade(older) == 0
    assert ask(older, "SELECT index_name, table_name, comment FROM duckdb_indexes()") == [
        ("by_run", "perplexities", "mine")
    ]


def test_an_index_does_not_stop_a_migration(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that changes a column finds the table free of indexes."""
    migration = tmp_path / "003_texts.sql"
    migration.write_text("ALTER TABLE perplexities ALTER COLUMN dataset SET DEFAULT 'none';")
    known = schema.migrations.sql_files.migrations()
    monkeypatch.setattr(
        schema.migrations.sql_files, "migrations", lambda: {**known, max(known) + 1: migration}
    )
    change(older, "CREATE INDEX by_run ON perplexities (run_id, dataset)")
    assert upgrade(older) == 0
    assert ask(older, "SELECT index_name FROM duckdb_indexes()") == [("by_run",)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CREATE TABLE warehouse_objects (mine INTEGER)", "SELECT count(*) FROM warehouse_objects_renamed"),
        ("CREATE VIEW brand_new AS SELECT 7 AS mine", "SELECT mine - 7 FROM brand_new_renamed"),
        ("CREATE TABLE brand_new (mine INTEGER)", "SELECT count(*) FROM brand_new_renamed"),
    ],
)
def test_a_name_we_take_later_moves_what_had_it(
    older: Path,
    statement: str,
    found: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """A table or view of a person's under a name that we begin to use is renamed, and that is said."""
    original = schema.sql_files.read_folder
    views = {**original("views"), "brand_new": "CREATE OR REPLACE VIEW brand_new AS SELECT 1 AS ours;"}
    monkeypatch.setattr(
        schema.sql_files, "read_folder", lambda name: views if name == "views" else original(name)
    )
    change(older, statement)
    assert upgrade(older) == 0
    assert ask(older, found) == [(0,)]
    assert ask(older, "SELECT ours FROM brand_new") == [(1,)]
    assert "_renamed" in capsys.readouterr().out


def test_a_failed_upgrade_leaves_no_copy(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a name cannot be freed, the database stays as it was and nothing lies beside it."""
    original = schema.sql_files.read_folder
    macros = {**original("macros"), "brand_new": "CREATE OR REPLACE MACRO brand_new(a) AS a;"}
    monkeypatch.setattr(
        schema.sql_files, "read_folder", lambda name: macros if name == "macros" else original(name)
    )
    change(older, "CREATE MACRO brand_new(a, b) AS a + b")
    before = older.read_bytes()
    assert upgrade(older) == 1
    assert older.read_bytes() == before
    assert {path.name for path in older.parent.iterdir()} <= {"sparsity.db", "sparsity.db.lock"}


def test_a_killed_upgrade_is_not_resumed_half_way(older: Path) -> None:
    """A copy whose schema was being built when the job was killed is made anew."""
    subprocess.run([sys.executable, "-c", KILLED_BUILD, str(older)], check=False)
    assert Path(f"{older}.work").exists()
    with Writer(older) as writer:
        assert not writer.resumable
    assert upgrade(older) == 0
