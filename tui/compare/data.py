"""What the compare screen shows, fetched in workers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.expressions.compare import Contest, Cost, Distances, FeatureBin, FeaturePair, Overlap

LISTED_FEATURES = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """The two runs that are compared."""

    run_id: int
    other_run_id: int


@dataclass(frozen=True, slots=True)
class PairData:
    """How two runs compare, matrix by matrix, and what every run of the model costs."""

    pair: Pair
    overlaps: "list[Overlap]"
    contests: "list[Contest]"
    distances: "list[Distances]"
    costs: "list[Cost]"


@dataclass(frozen=True, slots=True)
class FeatureData:
    """How two runs compare, feature by feature of one matrix."""

    pair: Pair
    matrix_id: int
    axis: str
    bins: "list[FeatureBin]"
    features: "list[FeaturePair]"


def load_pair(cursor: "duckdb.DuckDBPyConnection", pair: Pair, model_id: str) -> PairData:
    """Return how two runs of a model compare."""
    from warehouse.expressions import compare  # noqa: PLC0415  # Ibis is loaded in workers alone
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views, runs = Views(cursor), (pair.run_id, pair.other_run_id)
    return PairData(
        pair,
        views.rows(compare.overlaps(views, *runs), compare.Overlap),
        views.rows(compare.contests(views, *runs), compare.Contest),
        views.rows(compare.distances(views, *runs), compare.Distances),
        views.rows(compare.costs(views, model_id), compare.Cost),
    )


def load_features(cursor: "duckdb.DuckDBPyConnection", pair: Pair, matrix_id: int, axis: str) -> FeatureData:
    """Return how two runs compare on the features of one matrix, those that differ most first."""
    from warehouse.expressions import compare  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    key = (views, pair.run_id, pair.other_run_id, matrix_id, axis)
    return FeatureData(
        pair,
        matrix_id,
        axis,
        views.rows(compare.feature_bins(*key), compare.FeatureBin),
        views.rows(compare.feature_pairs(*key).limit(LISTED_FEATURES), compare.FeaturePair),
    )
