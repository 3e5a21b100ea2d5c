"""What the clusters screen shows, fetched in workers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.expressions.clusters import (
        Agreement,
        Coherence,
        Interval,
        Place,
        Published,
        Size,
        Trend,
    )


@dataclass(frozen=True, slots=True)
class RunClusters:
    """Every clustering of a run, how its figures change with depth, and published figures of runs like it."""

    run_id: int
    intervals: "list[Interval]"
    trends: "list[Trend]"
    published: "list[Published]"


@dataclass(frozen=True, slots=True)
class MatrixClusters:
    """The clusters of one matrix in detail."""

    run_id: int
    matrix_id: int
    sizes: "list[Size]"
    agreements: "list[Agreement]"
    coherence: "list[Coherence]"
    places: "list[Place]"


def load_run(cursor: "duckdb.DuckDBPyConnection", run_id: int) -> RunClusters:
    """Return the clusterings of all matrices of a run."""
    from warehouse.expressions import clusters  # noqa: PLC0415  # Ibis is loaded in workers alone
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    return RunClusters(
        run_id,
        views.rows(clusters.intervals(views, run_id), clusters.Interval),
        views.rows(clusters.trends(views, run_id), clusters.Trend),
        views.rows(clusters.published(views, run_id), clusters.Published),
    )


def load_matrix(cursor: "duckdb.DuckDBPyConnection", run_id: int, matrix_id: int) -> MatrixClusters:
    """Return the clusters of a matrix."""
    from warehouse.expressions import clusters  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views, place = Views(cursor), (run_id, matrix_id)
    return MatrixClusters(
        run_id,
        matrix_id,
        views.rows(clusters.sizes(views, *place), clusters.Size),
        views.rows(clusters.agreements(views, *place), clusters.Agreement),
        views.rows(clusters.coherence(views, *place), clusters.Coherence),
        views.rows(clusters.places(views, *place), clusters.Place),
    )


def load_members(cursor: "duckdb.DuckDBPyConnection", clustering_id: int) -> dict[int, int]:
    """Return the cluster of every feature of one clustering."""
    from warehouse.expressions import clusters, matrices  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    rows = views.rows(clusters.members(views, clustering_id), matrices.Assignment)
    return {row.feature_index: row.cluster for row in rows}
