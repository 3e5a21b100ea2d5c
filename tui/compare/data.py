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

    def swapped(self) -> "Pair":
        """Return the runs the other way round."""
        return Pair(self.other_run_id, self.run_id)

    def with_first(self, run_id: int) -> "Pair":
        """Return the pair with another first run; choosing the second run swaps the two."""
        return self.swapped() if run_id == self.other_run_id else Pair(run_id, self.other_run_id)

    def with_second(self, run_id: int) -> "Pair":
        """Return the pair with another second run; choosing the first run swaps the two."""
        return self.swapped() if run_id == self.run_id else Pair(self.run_id, run_id)


@dataclass(frozen=True, slots=True)
class PairData:
    """How two runs compare, matrix by matrix, and what every run of the model costs."""

    pair: Pair
    overlaps: "list[Overlap]"
    contests: "list[Contest]"
    distances: "list[Distances]"
    costs: "list[Cost]"

    def overlap_of(self, matrix_id: int) -> "Overlap | None":
        """Return how alike the masks of a matrix are; None where the other run did not prune it."""
        return next((row for row in self.overlaps if row.matrix_id == matrix_id), None)


@dataclass(frozen=True, slots=True)
class FeatureData:
    """How two runs compare, feature by feature of one matrix."""

    pair: Pair
    matrix_id: int
    axis: str
    bins: "list[FeatureBin]"
    features: "list[FeaturePair]"

    @property
    def kind(self) -> str:
        """What the features are of the matrix: its rows or its columns."""
        return "rows" if self.axis == "output" else "columns"

    @property
    def feature_count(self) -> int:
        """How many features were compared; `features` lists some of them."""
        return sum(group.feature_count for group in self.bins)


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
