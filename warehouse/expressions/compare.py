"""Questions about two runs of one model: how alike their masks are, whose cluster better, what they cost."""

from dataclasses import dataclass

from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Overlap:
    """How alike two runs treat a matrix: a row of `mask_overlap` with the mean cosine of its features."""

    matrix_id: int
    layer: int
    projection: str
    jaccard: float
    chance_jaccard: float | None
    hamming: float
    mean_cosine: float | None


@dataclass(frozen=True, slots=True)
class FeatureBin:
    """Features whose Jaccard similarity lies in one fiftieth."""

    jaccard_from: float
    feature_count: int


@dataclass(frozen=True, slots=True)
class FeaturePair:
    """One feature in both runs: a row of `feature_comparisons`."""

    feature_index: int
    jaccard: float
    hamming: float
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Contest:
    """Whose features of a matrix cluster better, by both figures: a row of `separation_contests`."""

    matrix_id: int
    layer: int
    projection: str
    algorithm: str
    distance: str
    k: int
    excess_a: float | None
    excess_b: float | None
    z_score_a: float | None
    z_score_b: float | None
    macro_a: float | None
    macro_b: float | None
    null_macro_a: float | None
    null_macro_b: float | None
    singletons_a: float | None
    singletons_b: float | None
    winner: str | None
    winner_macro: str | None
    is_structured_a: bool | None = None
    is_structured_b: bool | None = None
    is_macro_at_chance_a: bool | None = None
    is_macro_at_chance_b: bool | None = None


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances within and between the clusters of a matrix in one run, mean over references and seeds."""

    run_id: int
    matrix_id: int
    algorithm: str
    distance: str
    k: int
    within_distance: float | None
    between_distance: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run costs in perplexity: a row of `sparsity_sweep`."""

    run_id: int
    series_label: str
    sparsity: float
    dataset: str
    perplexity: float
    dense_perplexity: float | None


def overlaps(views: Views, run_id: int, other_run_id: int) -> Table:
    """Return how alike two runs treat every matrix that both pruned."""
    masks = _pair(views["mask_overlap"], run_id, other_run_id)
    features = _pair(views["feature_comparisons"], run_id, other_run_id)
    cosines = features.group_by("matrix_id").agg(mean_cosine=features.cosine.mean())
    joined = masks.left_join(cosines, "matrix_id").drop("matrix_id_right")
    return joined.order_by("layer", "matrix_id")


def feature_pairs(views: Views, run_id: int, other_run_id: int, matrix_id: int, axis: str) -> Table:
    """Return the features of a matrix along one axis, those that differ most first."""
    pairs = _pair(views["feature_comparisons"], run_id, other_run_id)
    chosen = pairs.filter(pairs.matrix_id == matrix_id, pairs.axis == axis)
    return chosen.order_by("jaccard", "feature_index")


def feature_bins(views: Views, run_id: int, other_run_id: int, matrix_id: int, axis: str) -> Table:
    """Count the features of a matrix by fiftieths of their Jaccard similarity."""
    pairs = feature_pairs(views, run_id, other_run_id, matrix_id, axis)
    # A similarity of exactly 1 belongs to the last bin.
    grouped = pairs.group_by(jaccard_from=(pairs.jaccard * 50).floor().clip(upper=49) / 50)
    return grouped.agg(feature_count=pairs.count()).order_by("jaccard_from")


def contests(views: Views, run_id: int, other_run_id: int) -> Table:
    """Return for every matrix and way of clustering which of two runs separates better: a is the first."""
    rows = views["separation_contests"]
    chosen = rows.filter(rows.run_id_a == run_id, rows.run_id_b == other_run_id)
    return chosen.order_by("algorithm", "distance", "k", "layer", "matrix_id")


def distances(views: Views, run_id: int, other_run_id: int) -> Table:
    """Return within and between distances of both runs, a row for every matrix and way of clustering."""
    rows = views["separation_ratios"]
    chosen = rows.filter(rows.run_id.isin([run_id, other_run_id]))
    grouped = chosen.group_by("run_id", "matrix_id", "algorithm", "distance", "k")
    means = grouped.agg(
        within_distance=chosen.within_distance.mean(), between_distance=chosen.between_distance.mean()
    )
    return means.order_by("run_id", "matrix_id", "algorithm", "distance", "k")


def costs(views: Views, model_id: str) -> Table:
    """Return what every run of a model costs in perplexity, by method, pattern and sparsity."""
    rows = views["sparsity_sweep"]
    chosen = rows.filter(rows.model_id == model_id, rows.perplexity.notnull())
    return chosen.order_by("dataset", "method", "pattern", "scope", "sparsity", "run_id")


def _pair(table: Table, run_id: int, other_run_id: int) -> Table:
    """Return the rows of two runs; tables of pairs hold the lower key first."""
    low, high = sorted((run_id, other_run_id))
    return table.filter(table.run_id_a == low, table.run_id_b == high)
