"""Questions about one weight matrix of one run."""

from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Separation:
    """One clustering of the real mask beside chance: a row of `separation_ratios`."""

    clustering_id: int
    axis: str
    algorithm: str
    distance: str
    k: int
    neighbour_count: int
    reference_feature: int
    seed: int
    separation_ratio: float | None
    separation_ratio_macro: float | None
    singleton_count: int
    largest_cluster: int
    null_count: int | None
    null_ratio_mean: float | None
    null_ratio_sd: float | None
    null_ratio_macro_mean: float | None
    z_score: float | None
    separation_difference: float | None
    q_value: float | None
    evidence: str
    effect: str | None
    is_structured: bool | None


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """One cluster of a clustering: a row of `cluster_sizes`, the largest first."""

    cluster: int
    feature_count: int
    mean_reference_distance: float


@dataclass(frozen=True, slots=True)
class Assignment:
    """The cluster of one feature and its place by distance to the reference."""

    feature_index: int
    cluster: int
    gradient_rank: int


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """Features at one hundredth of Hamming distance to the reference, and what chance expects of them."""

    distance_from: float
    distance_to: float
    feature_count: int
    chance_distance: float


@dataclass(frozen=True, slots=True)
class Distance:
    """The Hamming distance of one feature to the reference feature."""

    feature_index: int
    distance: float


@dataclass(frozen=True, slots=True)
class Compliance:
    """How far the mask respects one N:M pattern, and how far chance would: a row of `pattern_compliance`."""

    candidate_pattern: str
    compliant_share: float
    chance_share: float


@dataclass(frozen=True, slots=True)
class DensityBin:
    """The density of a group of neighbouring features."""

    first_feature: int
    density: float


@dataclass(frozen=True, slots=True)
class FeatureFigures:
    """The figures of one feature: a row of `feature_metrics`."""

    feature_index: int
    density: float
    weight_norm: float | None
    activation_norm: float | None


def separations(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return every clustering of the mask beside its chance level, by algorithm, reference, seed and k."""
    ratios = _of(views["separation_ratios"], run_id, matrix_id)
    return ratios.order_by("algorithm", "distance", "axis", "reference_feature", "seed", "k")


def cluster_sizes(views: Views, clustering_id: int) -> Table:
    """Return the clusters of one clustering, the largest first."""
    sizes = views["cluster_sizes"]
    return sizes.filter(sizes.clustering_id == clustering_id).order_by("size_rank")


def assignments(views: Views, clustering_id: int) -> Table:
    """Return the features of one clustering, the nearest to its reference first."""
    assigned = views["cluster_assignments"]
    return assigned.filter(assigned.clustering_id == clustering_id).order_by("gradient_rank")


def hamming_histogram(views: Views, run_id: int, matrix_id: int, axis: str, reference_feature: int) -> Table:
    """Count how far the features of the matrix are from the reference feature, by hundredths."""
    bins = _of(views["hamming_histogram"], run_id, matrix_id)
    chosen = bins.filter(bins.axis == axis, bins.reference_feature == reference_feature)
    return chosen.order_by("distance_from")


def hamming_gradient(views: Views, run_id: int, matrix_id: int, axis: str, reference_feature: int) -> Table:
    """Return every feature by its Hamming distance to the reference feature, the nearest first."""
    distances = _of(views["reference_distances"], run_id, matrix_id)
    chosen = distances.filter(distances.axis == axis, distances.reference_feature == reference_feature)
    return chosen.order_by("distance", "feature_index")


def pattern_compliance(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return how many groups of each N:M pattern the mask respects already."""
    return _of(views["pattern_compliance"], run_id, matrix_id).order_by("candidate_pattern")


def feature_metrics(views: Views, run_id: int, matrix_id: int, axis: str) -> Table:
    """Return the figures of every feature of the matrix along one axis."""
    metrics = _of(views["feature_metrics"], run_id, matrix_id)
    return metrics.filter(metrics.axis == axis).order_by("feature_index")


def density_profile(views: Views, run_id: int, matrix_id: int, axis: str, width: int) -> Table:
    """Return the mean density of groups of `width` neighbouring features, in their order in the matrix."""
    metrics = feature_metrics(views, run_id, matrix_id, axis)
    grouped = metrics.group_by(first_feature=metrics.feature_index // width * width)
    return grouped.agg(density=metrics.density.mean()).order_by("first_feature")


def densest_features(views: Views, run_id: int, matrix_id: int, axis: str, limit: int) -> Table:
    """Return the features that keep the largest share of their weights."""
    metrics = feature_metrics(views, run_id, matrix_id, axis)
    return metrics.order_by(ibis.desc("density"), "feature_index").limit(limit)


def sparsest_features(views: Views, run_id: int, matrix_id: int, axis: str, limit: int) -> Table:
    """Return the features that keep the smallest share of their weights."""
    metrics = feature_metrics(views, run_id, matrix_id, axis)
    return metrics.order_by("density", "feature_index").limit(limit)


def _of(table: Table, run_id: int, matrix_id: int) -> Table:
    return table.filter(table.run_id == run_id, table.matrix_id == matrix_id)
