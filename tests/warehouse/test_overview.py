"""What the first screen reads."""

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.sample_shapes import MODEL
from tests.sample_warehouse import build
from warehouse.overview import PRUNING_COLUMNS, matrix_table, read_overview, read_prunings, run_table
from warehouse.reading import Reader


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory):
    """Return a cursor on the sample warehouse."""
    path: Path = build(tmp_path_factory.mktemp("overview") / "sparsity.db")
    return Reader(path).cursor()


def test_every_run_and_matrix_is_there(cursor) -> None:
    """Four runs, three of which pruned seven matrices in three blocks."""
    overview = read_overview(cursor)
    assert [(run.run_id, run.method) for run in overview.runs] == [
        (1, "dense"), (2, "magnitude"), (3, "wanda"), (4, "sparsegpt"),
    ]  # fmt: skip
    assert len(overview.matrices) == 3 * 3 * 7
    assert {matrix.model_id for matrix in overview.matrices} == {MODEL}
    assert overview.runs[2].perplexity_ratio == pytest.approx(9.41 / 8.12)


def test_the_quick_reading_agrees_with_the_whole(cursor) -> None:
    """What is shown first is not corrected later; structure and speed are added."""
    quick, whole = read_prunings(cursor), read_overview(cursor)
    assert (quick.complete, whole.complete) == (False, True)
    assert quick.runs == whole.runs
    for first, last in zip(quick.matrices, whole.matrices, strict=True):
        shared = {column: asdict(last)[column] for column in PRUNING_COLUMNS}
        assert {column: asdict(first)[column] for column in PRUNING_COLUMNS} == shared
        assert first.separation_ratio is None
        assert last.separation_ratio is not None


def test_columns_come_by_name(cursor) -> None:
    """Each field holds the column it is named after."""
    row = cursor.execute("SELECT * FROM model_overview WHERE run_id = 3 AND matrix_id = 9").fetchone()
    by_name = dict(zip([column[0] for column in cursor.description], row, strict=True))
    matrix = next(m for m in read_overview(cursor).matrices if (m.run_id, m.matrix_id) == (3, 9))
    assert asdict(matrix) == {name: by_name[name] for name in asdict(matrix)}


def test_tables_for_export(cursor) -> None:
    """Exports hold every column of the views."""
    assert run_table(cursor).columns == cursor.table("run_overview").columns
    matrices = matrix_table(cursor, 3)
    assert matrices.columns == cursor.table("model_overview").columns
    assert len(matrices.fetchall()) == 21
