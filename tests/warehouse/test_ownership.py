"""What a person has made in the database neither blocks a publication nor is changed or lost by it."""

import json
from pathlib import Path

import duckdb
import pytest

from etl.cli import main
from etl.load.benchmarks import reference_files
from tests.sample_shapes import Run, Shape
from tests.sample_warehouse import build
from warehouse import compaction, ownership
from warehouse.compaction import contents
from warehouse.opening import attach_read_only
from warehouse.quoting import identifier

SHAPE = Shape(blocks=1, hidden=16, intermediate=32, neighbours=4, cluster_counts=(2,), chance_replicates=2)
MAGNITUDE = Run(2, "magnitude", 0.5, "unstructured", 14.89)
WANDA = Run(3, "wanda", 0.5, "unstructured", 9.41)

#: Each of these once blocked every publication, was dropped by it, or could be.
THEIRS = {
    "a view elsewhere with our columns": [
        "CREATE SCHEMA mine",
        "CREATE VIEW mine.runs AS SELECT 1 AS run_id, 2 AS layer, 'x' AS method",
    ],
    "names with quotes": [
        'CREATE SCHEMA "my ""own"" schema"',
        'CREATE TABLE "my ""own"" schema"."it\'s" ("a ""b""" INTEGER, run_id INTEGER)',
        'CREATE VIEW "view ""quoted""" AS SELECT 1 AS "run""id", 2 AS run_id',
    ],
    "tables named as ours elsewhere": [
        "CREATE SCHEMA mine",
        "CREATE TABLE mine.kernel_benchmarks (device VARCHAR, note INTERVAL)",
        "CREATE TABLE mine.warehouse_info (key VARCHAR, value VARCHAR, remark VARCHAR)",
        "CREATE TABLE mine.etl_steps (step INTEGER)",
        "CREATE TABLE mine.warehouse_objects (one INTEGER)",
    ],
    "views named as ours elsewhere": [
        "CREATE SCHEMA mine",
        "CREATE VIEW mine.model_overview AS SELECT 1 AS run_id",
        "COMMENT ON VIEW mine.model_overview IS 'theirs'",
    ],
    "a schema named as the catalog": [
        "CREATE SCHEMA sparsity",
        "CREATE TABLE sparsity.sparsity.models (one INTEGER)",
    ],
    "a view commented as ours are": [
        "CREATE VIEW theirs AS SELECT 1 AS run_id",
        "COMMENT ON VIEW theirs IS 'One row per model, run, block and feature of my own.'",
    ],
    "a table where a view of a run would go": ["CREATE TABLE wanda_0_5_q_proj (one INTEGER)"],
    "a view where a view of a run would go": ["CREATE VIEW Wanda_0_5_Q_proj AS SELECT 1 AS one"],
    "every kind of object": [
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "COMMENT ON TYPE mood IS 'of mine'",
        "CREATE SEQUENCE counter START 7",
        "COMMENT ON SEQUENCE counter IS 'of mine'",
        "CREATE TABLE diary (i INTEGER PRIMARY KEY DEFAULT nextval('counter'), m mood,"
        " twice INTEGER GENERATED ALWAYS AS (i * 2), CHECK (i > 0))",
        "INSERT INTO diary (m) VALUES ('good'), ('bad')",
        "COMMENT ON TABLE diary IS 'of mine'",
        "COMMENT ON COLUMN diary.m IS 'of mine'",
        "CREATE INDEX by_mood ON diary (m)",
        "COMMENT ON INDEX by_mood IS 'of mine'",
        "CREATE MACRO plus(a, b := 5) AS a + b",
        "COMMENT ON MACRO plus IS 'of mine'",
        "CREATE MACRO numbers(n) AS TABLE SELECT * FROM range(n)",
        "CREATE VIEW later AS SELECT plus(i) AS six FROM diary",
        "CREATE VIEW broken AS SELECT 1 AS one FROM diary",
        "CREATE INDEX on_ours ON models (model_id)",
    ],
}


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A file with one measurement of a later day than all others."""
    row = json.loads(reference_files()[0].read_text(encoding="utf-8").splitlines()[0])
    row["measured_at"] = "2031" + row["measured_at"][4:]
    path = tmp_path / "measured.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def change(path: Path, statements: list[str]) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def theirs(path: Path) -> list[list[tuple]]:
    """Return what DuckDB tells of a database less what is recorded as ours, and all rows of the rest."""
    with attach_read_only(path) as connection:
        ours = set(
            connection.execute(
                "SELECT schema_name, object_name FROM sparsity.main.warehouse_objects"
            ).fetchall()
        )
        catalogue = contents(connection, "sparsity")[:8]
        found = [[row for row in kind if row[:2] not in ours] for kind in catalogue]
        names = [f"sparsity.{identifier(schema)}.{identifier(name)}" for schema, name, *_ in found[1]]
        rows = [connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names]
    return [*found, *rows]


def publish_beside(path: Path, statements: list[str], measured: Path) -> None:
    """Have two jobs publish in a database of a person's objects, which must be as they were."""
    build(path, SHAPE, (MAGNITUDE,))
    change(path, statements)
    before = theirs(path)
    build(path, SHAPE, (MAGNITUDE, WANDA))
    assert main(["load", "--db", str(path), str(measured)]) == 0
    assert theirs(path) == before
    with attach_read_only(path) as connection:
        latest = "SELECT year(max(measured_at)) FROM sparsity.main.kernel_benchmarks"
        assert connection.execute(latest).fetchone() == (2031,)


@pytest.mark.parametrize("what", THEIRS)
def test_a_persons_objects_pass_through(tmp_path: Path, measured: Path, what: str) -> None:
    """Nothing of these blocks a job or is changed by it."""
    publish_beside(tmp_path / "sparsity.db", THEIRS[what], measured)


def test_a_persons_objects_pass_through_a_file_written_anew(
    tmp_path: Path, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction carries all of it, or leaves the file as it is."""
    monkeypatch.setattr(compaction, "FREE_SHARE", -1)
    path = tmp_path / "sparsity.db"
    statements = dict.fromkeys(text for kind in THEIRS.values() for text in kind)
    publish_beside(path, [text for text in statements if "Wanda_0_5" not in text], measured)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT plus(1)").fetchone() == (6,)
        assert connection.execute("INSERT INTO diary (m) VALUES ('good') RETURNING i").fetchone() == (9,)


def test_views_of_runs_are_told_by_the_record(tmp_path: Path) -> None:
    """Those of runs that are gone are dropped, whatever their comment says by now."""
    path = build(tmp_path / "sparsity.db", SHAPE, (WANDA,))
    change(path, ["COMMENT ON VIEW wanda_0_5_q_proj IS 'another text'"])
    build(path, SHAPE, (MAGNITUDE,))
    with attach_read_only(path) as connection:
        assert "magnitude_0_5_q_proj" in ownership.recorded(connection, ownership.SEED_VIEW)
        assert "wanda_0_5_q_proj" not in ownership.relations(connection)
