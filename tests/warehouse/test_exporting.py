"""Writing tables to files."""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

from warehouse.errors import UsageError
from warehouse.exporting import export


def two_rows() -> duckdb.DuckDBPyRelation:
    """Return two rows with a text that needs quoting and a missing value."""
    return duckdb.sql("SELECT * FROM (VALUES (1, 'a,\"b'), (2, NULL)) AS t (number, text) ORDER BY number")


def test_each_ending_has_its_format(tmp_path: Path) -> None:
    """The same rows come back from every format."""
    rows = [{"number": 1, "text": 'a,"b'}, {"number": 2, "text": None}]
    for name in ("t.csv", "t.json", "t.jsonl", "t.PARQUET"):
        assert export(two_rows(), tmp_path / name) == (tmp_path / name).stat().st_size
    assert (tmp_path / "t.csv").read_text() == 'number,text\n1,"a,""b"\n2,\n'
    assert json.loads((tmp_path / "t.json").read_text()) == rows
    assert [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()] == rows
    assert pyarrow.parquet.read_table(tmp_path / "t.PARQUET").to_pylist() == rows


@pytest.mark.parametrize("name", ["table", "table.xlsx", "table.table"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written under a name that says no format."""
    with pytest.raises(UsageError, match=r"names no format; end it in \.csv, \.parquet, \.json, \.jsonl"):
        export(two_rows(), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_query_that_fails_leaves_the_file(tmp_path: Path) -> None:
    """An export over an old one loses nothing when it goes wrong half-way."""
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(duckdb.Error):
        export(duckdb.sql("SELECT error('half-way') AS oops FROM range(3)"), path)
    assert path.read_text() == "old"


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    """The path and the reason are named."""
    with pytest.raises(UsageError, match=r"cannot write .*No such file"):
        export(two_rows(), tmp_path / "missing" / "t.csv")
