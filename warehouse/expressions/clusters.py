"""Questions about the clusters of a whole run: how far they stand apart, and how sure that is."""

from dataclasses import dataclass

from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Interval:
    """One way of clustering one matrix, over references and seeds: a row of `separation_intervals`."""

    matrix_id: int
    layer: int
    projection: str
    algorithm: str
    distance: str
    k: int
    clustering_count: int
    mean_ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    mean_null_ratio: float | None
    mean_excess: float | None
    mean_z_score: float | None
    mean_ratio_macro: float | None
    mean_null_ratio_macro: float | None
    mean_singleton_count: float | None
    neighbour_count: int
    mean_difference: float | None
    q_value: float | None
    evidence: str
    effect: str | None
    is_filled: bool | None
    is_structured: bool | None
    is_inflated: bool | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Trend:
    """The figures of one projection in one block, and their slopes over the blocks: of `layer_trends`."""

    layer: int
    projection: str
    reconstruction_error: float | None
    error_slope: float | None
    separation_excess: float | None
    excess_slope: float | None


@dataclass(frozen=True, slots=True)
class Size:
    """One cluster of one clustering: a row of `cluster_sizes`."""

    clustering_id: int
    algorithm: str
    distance: str
    k: int
    reference_feature: int
    seed: int
    size_rank: int
    feature_count: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far clusterings that differ in one thing agree: rows of `cluster_stability` summed up."""

    algorithm: str
    distance: str
    k: int
    varied: str
    pair_count: int
    mean_adjusted_rand: float
    lowest_adjusted_rand: float
    mean_common_feature_count: float


@dataclass(frozen=True, slots=True)
class Coherence:
    """What skipping blocks could save under one order of the features: a row of `block_coherence`."""

    algorithm: str
    distance: str
    k: int
    feature_order: str
    block_coherence: float
    chance_block_coherence: float | None
    skippable_share: float
    chance_skippable_share: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published separation ratio beside that of a run: a row of `separation_against_report`."""

    layer: int
    projection: str
    k: int
    reported_model: str | None
    reported_ratio_macro: float
    reported_singletons_implied: float
    mean_ratio_macro: float | None
    mean_null_ratio_macro: float | None
    mean_ratio: float | None
    mean_null_ratio: float | None
    mean_singleton_count: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feature lies in the plane, and the cluster it is in: of `feature_embeddings`."""

    embedding: str
    reference_feature: int
    feature_index: int
    x: float
    y: float


def intervals(views: Views, run_id: int) -> Table:
    """Return every way of clustering every matrix of a run, by block, projection and number of clusters."""
    table = views["separation_intervals"]
    return table.filter(table.run_id == run_id).order_by(
        "layer", "matrix_id", "algorithm", "distance", "k", "neighbour_count"
    )


def trends(views: Views, run_id: int) -> Table:
    """Return the figures of a run by projection and depth."""
    table = views["layer_trends"]
    return table.filter(table.run_id == run_id).order_by("layer", "matrix_id")


def sizes(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return the clusters of every clustering of a matrix, the largest of each first."""
    table = views["cluster_sizes"]
    chosen = table.filter(table.run_id == run_id, table.matrix_id == matrix_id)
    return chosen.order_by("algorithm", "distance", "k", "clustering_id", "size_rank")


def agreements(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return how far clusterings of a matrix agree when the seed, or the reference feature, is another."""
    table = views["cluster_stability"]
    chosen = table.filter(table.run_id == run_id, table.matrix_id == matrix_id)
    grouped = chosen.group_by("algorithm", "distance", "k", "varied")
    return grouped.agg(
        pair_count=chosen.count(),
        mean_adjusted_rand=chosen.adjusted_rand.mean(),
        lowest_adjusted_rand=chosen.adjusted_rand.min(),
        mean_common_feature_count=chosen.common_feature_count.mean(),
    ).order_by("algorithm", "distance", "varied", "k")


def coherence(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return the share of wholly pruned blocks of a matrix, of its first reference and seed."""
    table = views["block_coherence"]
    chosen = table.filter(table.run_id == run_id, table.matrix_id == matrix_id)
    first = chosen.group_by("algorithm", "distance", "k").agg(clustering_id=chosen.clustering_id.min())
    return chosen.semi_join(first, "clustering_id").order_by("algorithm", "distance", "k", "feature_order")


def published(views: Views, run_id: int) -> Table:
    """Return the published separation ratios that the run has a counterpart of."""
    table = views["separation_against_report"]
    return table.filter(table.run_id == run_id).order_by("layer", "projection", "k")


def places(views: Views, run_id: int, matrix_id: int) -> Table:
    """Return the clustered features of a matrix in the plane, by embedding; its first reference and seed."""
    table = views["feature_embeddings"]
    chosen = table.filter(table.run_id == run_id, table.matrix_id == matrix_id)
    first = chosen.filter(
        chosen.reference_feature == chosen.reference_feature.min(), chosen.seed == chosen.seed.min()
    )
    return first.order_by("embedding", "feature_index")


def members(views: Views, clustering_id: int) -> Table:
    """Return the cluster of every feature of one clustering."""
    table = views["cluster_assignments"]
    return table.filter(table.clustering_id == clustering_id).order_by("feature_index")
