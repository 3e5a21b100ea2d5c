"""What a database says of itself."""

from pathlib import Path

import duckdb
import pytest

from tests.sample_shapes import Shape
from tests.sample_warehouse import build
from warehouse.inspection import Inspection, inspect_file
from warehouse.opening import MissingDatabaseError
from warehouse.schema import SCHEMA_VERSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a small sample warehouse."""
    return build(tmp_path / "sparsity.db", Shape(blocks=1, chance_replicates=2))


def test_a_current_database(path: Path) -> None:
    """Its version, that its views are ours, and the method of every run."""
    found = inspect_file(path)
    assert found == Inspection(SCHEMA_VERSION, True, ("dense", "magnitude", "wanda", "sparsegpt"))


def test_views_of_another_version(path: Path) -> None:
    """A fingerprint of other SQL files is noticed."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE warehouse_info SET value = 'other' WHERE key = 'sql_fingerprint'")
    assert not inspect_file(path).current


def test_a_missing_file(tmp_path: Path) -> None:
    """The error is that of every other reader."""
    with pytest.raises(MissingDatabaseError):
        inspect_file(tmp_path / "none.db")
