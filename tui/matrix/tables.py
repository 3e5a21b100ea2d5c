"""The tables behind the matrix screen, whole, for writing to a file."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.dialogs.tables import ExportTable
from tui.matrix.data import MatrixKey

if TYPE_CHECKING:
    import duckdb

    from warehouse.expressions.matrices import Separation
    from warehouse.expressions.views import Views


def matrix_tables(key: MatrixKey, separation: "Separation | None") -> list[ExportTable]:
    """Return the tables of a matrix, those of one clustering last."""
    place = (key.run_id, key.matrix_id)
    tables = [
        _table(key, "separations", "Separation ratios", lambda q, v: q.separations(v, *place)),
        _table(
            key,
            "features",
            "All features",
            lambda q, v: q.feature_metrics(v, *place, key.axis),
        ),
    ]
    if separation is None:
        return tables
    reference, number = (separation.axis, separation.reference_feature), separation.clustering_id
    named = f"k = {separation.k}"
    return [
        *tables,
        _table(
            key,
            "hamming",
            "Distances",
            lambda q, v: q.hamming_histogram(v, *place, *reference),
        ),
        _table(key, "clusters", f"Clusters, {named}", lambda q, v: q.cluster_sizes(v, number)),
        _table(key, "assignments", f"Assignments, {named}", lambda q, v: q.assignments(v, number)),
    ]


def _table(key: MatrixKey, name: str, title: str, question: Callable[[Any, "Views"], Any]) -> ExportTable:
    """Make a table from one of the questions of `warehouse.expressions.matrices`, which `question` picks."""

    def query(cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
        from warehouse.expressions import matrices  # noqa: PLC0415  # Ibis is loaded in workers alone
        from warehouse.expressions.views import Views  # noqa: PLC0415

        views = Views(cursor)
        return views.relation(question(matrices, views))

    return ExportTable(f"run-{key.run_id}-matrix-{key.matrix_id}-{name}", title, query)
