"""What is a person's own passes through an upgrade, and gives way where we need its name."""

from pathlib import Path

import pytest

from tests.warehouse.copies import ask
from tests.warehouse.upgrades import change, upgrade
from warehouse import ownership, schema
from warehouse.opening import attach_read_only
from warehouse.publishing import Writer


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
