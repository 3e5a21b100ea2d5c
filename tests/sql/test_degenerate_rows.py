"""Rows at the edge of what checks let through: no view answers with infinity or NaN."""

import duckdb
import numpy as np
import pytest

from tests.sample_rows import Rows
from tests.sql.one_row import insert_row
from warehouse import sql_files

VIEWS = sorted(sql_files.read_folder("views"))


def unreal(db: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    """Return the columns of a view that hold an infinite value or NaN."""
    relation = db.table(view)
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    floats = [name for name, kind in kinds.items() if kind in {"FLOAT", "DOUBLE"}]
    if not floats:
        return []
    counts = ", ".join(f'count(*) FILTER (WHERE NOT isfinite("{name}"))' for name in floats)
    found = db.execute(f"SELECT {counts} FROM {view}").fetchall()[0]
    return [name for name, count in zip(floats, found, strict=True) if count]


@pytest.fixture(params=["nothing kept", "all kept", "all alike"])
def edge(request: pytest.FixtureRequest, rows: Rows) -> duckdb.DuckDBPyConnection:
    """Two runs of a matrix of one kind of mask, clustered at no distance at all, and measured at none."""
    masks = {
        "nothing kept": np.zeros((4, 4), dtype=bool),
        "all kept": np.ones((4, 4), dtype=bool),
        "all alike": np.tile([[True], [False], [True], [False]], (1, 4)),
    }
    mask = masks[request.param]
    rows.matrix(1, (4, 4), head_count=2)
    for run_id, method in ((1, "wanda"), (2, "sparsegpt")):
        rows.run(run_id, method)
        rows.pruning(run_id, 1, int(mask.sum()), mask.size, error=0.0)
        rows.masks(run_id, 1, mask)
        rows.tests(0.01, run_id=run_id)
        for labels in ([0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0]):
            for replicate in (None, 0, 1):
                key = rows.clustering(labels, run_id=run_id, k=len(set(labels)), null_replicate=replicate)
                rows.distances(key, np.zeros((4, 4)), np.array(labels, dtype=np.int32))
                if replicate is None:
                    insert_row(rows.db, "cluster_centroids", clustering_id=key, cluster=0)
        rows.clustering([0, 0, 1, 1], run_id=run_id, seed=1)
        insert_row(rows.db, "perplexities", run_id=run_id, perplexity=1.0)
        insert_row(rows.db, "feature_embeddings", run_id=run_id, axis="input", reference_feature=0)
        for feature in range(4):
            zero = {"weight_norm": 0.0, "activation_norm": 0.0, "density": 0.0}
            insert_row(rows.db, "feature_metrics", run_id=run_id, axis="input", feature_index=feature, **zero)
    insert_row(rows.db, "feature_comparisons", axis="input", jaccard=0.0, cosine=0.0, hamming=0.0)
    for kernel in ("csr", "clustered", "sell"):
        rows.benchmark(kernel, (4, 4), 1.0, bits_per_weight=0.0, limit_fraction=0.0)
    insert_row(rows.db, "activation_thresholds", activation_sparsity=0.9, threshold=0.0)
    for share in (0.0, 0.9):
        insert_row(rows.db, "activation_perplexities", activation_sparsity=share, perplexity=0.0)
    insert_row(rows.db, "reference_results", metric="separation_ratio_macro", method="wanda", value=0.0,
               pattern="unstructured", projection="q", k=2)  # fmt: skip
    return rows.db


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_divides_by_zero(edge: duckdb.DuckDBPyConnection, view: str) -> None:
    """What cannot be computed is NULL."""
    assert unreal(edge, view) == []


def test_empty_matrices_have_no_sparsity(rows: Rows) -> None:
    """A run of no weights at all, which checks refuse, still leaves the first screen readable."""
    rows.run(1)
    rows.matrix(1, (4, 4))
    rows.pruning(1, 1, 0, 0)
    assert rows.one("SELECT actual_sparsity FROM pruned_matrices") == (None,)
    for view in VIEWS:
        assert unreal(rows.db, view) == []


def test_the_edge_is_not_empty(edge: duckdb.DuckDBPyConnection) -> None:
    """Nearly every view has rows there, so that the test above looks at something."""
    empty = {view for view in VIEWS if not edge.table(view).fetchone()}
    assert empty <= {"run_history"}
