"""No table takes a figure out of its range, or two rows of one key, past the checks."""

import math

import duckdb
import pytest

from tests.sql.one_row import columns, insert_row
from warehouse import sql_files

TABLES = sorted(sql_files.read_folder("tables"))
RANGE_CHECKS = ("figures_are_possible", "sparsity_is_a_share", "cluster_distances_are_shares")
INTEGERS, FLOATS = {"INTEGER", "BIGINT"}, {"FLOAT", "DOUBLE"}
ANY_SIGN = {"threshold", "x", "y", "value", "cosine", "effect", "effect_low", "effect_high"}
SHARES = {
    "sparsity", "density", "mean_density", "majority_agreement", "jaccard", "hamming", "cosine",
    "reference_distance",
}  # fmt: skip
ABOVE_ZERO = {
    "layer_count", "parameter_count", "out_features", "in_features", "sample_count", "sequence_length",
    "weight_count", "k", "neighbour_count", "feature_count", "window", "token_count", "perplexity", "batch",
    "latency_us_p20", "latency_us_p50", "latency_us_p80", "dense_latency_us_p50", "speedup", "bytes_moved",
    "packed_bytes", "group_size", "thread_count", "head_count", "replicates", "p_value",
}  # fmt: skip


def impossible(column: str, kind: str) -> list[float]:
    """Return values that a column must never hold; keys and seeds may be any integer."""
    values: list[float] = []
    if kind in FLOATS:
        values += [math.nan, math.inf, -math.inf]
    if kind in FLOATS | INTEGERS and column not in ANY_SIGN:
        values.append(-1)
    if column in SHARES:
        values += [1.5, -1.5]
    if column in ABOVE_ZERO:
        values.append(0)
    free = column.startswith("run_id") or column.endswith("_id") or column == "seed"
    return [] if free else values


def faults(db: duckdb.DuckDBPyConnection, table: str) -> list[tuple]:
    """Return what the checks of ranges say of one table."""
    checks = sql_files.read_folder("checks")
    found = [row for name in RANGE_CHECKS for row in db.execute(checks[name]).fetchall()]
    return [row for row in found if row[0] == table]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_in_range_passes(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """What the next test changes in one place is sound as a whole."""
    db.execute(f"DELETE FROM {table}")
    insert_row(db, table)
    assert faults(db, table) == []


@pytest.mark.parametrize("table", TABLES)
def test_no_figure_is_out_of_range(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """NaN, infinity, negative sizes and shares above 1 are found in every numeric column of every table."""
    db.execute(f"DELETE FROM {table}")
    for column, kind in columns(db, table).items():
        for value in impossible(column, kind):
            insert_row(db, table, **{column: value})
            assert faults(db, table), (column, value)
            db.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_no_key_occurs_twice(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """Two equal rows are found in every table, and one is not."""
    check = sql_files.read_folder("checks")["keys_are_unique"]
    db.execute(f"DELETE FROM {table}")
    insert_row(db, table)
    assert db.execute(check).fetchall() == []
    insert_row(db, table)
    assert {row[0] for row in db.execute(check).fetchall()} == {table}
