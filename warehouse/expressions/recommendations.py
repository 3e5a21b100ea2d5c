"""Questions about what to deploy: per matrix the run, the format, what it gains and what it loses."""

from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Choice:
    """What to use for one matrix; `run_id` is NULL where it should stay dense."""

    matrix_id: int
    layer: int
    projection: str
    run_id: int | None
    method: str | None
    sparsity: float | None
    pattern: str | None
    tier: str | None
    format: str | None
    block_size: int | None
    gain: float | None
    is_measured: bool | None
    device: str | None
    reconstruction_error: float | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Option:
    """What one run offers for a matrix, and the tier that the report's rule gives it."""

    run_id: int
    method: str
    sparsity: float
    pattern: str
    tier: str
    report_tier: str | None
    format: str
    gain: float | None
    is_measured: bool
    reconstruction_error: float | None
    z_score: float | None
    skippable_share: float | None
    why: str


def options(views: Views, model_id: str) -> Table:
    """Return what every run of a model offers for every matrix.

    `gain` is the measured speed-up over dense, or the upper limit that the bytes moved set where nothing was
    measured. `report_tier` holds the largest macro ratio against the thresholds of the report for the method.
    """
    rows = views["format_recommendations"]
    offers = rows.filter(rows.model_id == model_id).mutate(
        gain=ibis.coalesce(rows.measured_speedup, rows.predicted_speedup),
        is_measured=rows.measured_speedup.notnull(),
    )
    tiers = _report_tiers(views)
    joined = offers.left_join(tiers, ["run_id", "matrix_id"]).drop("run_id_right", "matrix_id_right")
    return joined.order_by("layer", "matrix_id", joined.gain.desc(nulls_first=False), "run_id")


def options_of(views: Views, model_id: str, matrix_id: int) -> Table:
    """Return what every run of a model offers for one matrix, the fastest first."""
    rows = options(views, model_id)
    return rows.filter(rows.matrix_id == matrix_id)


def plan(views: Views, model_id: str, error_budget: float) -> Table:
    """Return for every matrix what gains most among the runs whose reconstruction error is within a budget.

    What was measured goes before what is only predicted, then the larger gain, then the smaller error. A
    matrix that no run prunes within the budget, or that no format makes faster, stays dense.
    """
    rows = options(views, model_id)
    allowed = rows.filter(rows.reconstruction_error <= error_budget, rows["format"] != "dense")
    order = [
        allowed.is_measured.desc(), allowed.gain.desc(), allowed.reconstruction_error, allowed.run_id,
    ]  # fmt: skip
    ranked = allowed.mutate(place=ibis.row_number().over(group_by=allowed.matrix_id, order_by=order))
    best = ranked.filter(ranked.place == 0).drop("place", "model_id", "layer", "projection", "component")
    everything = views["matrices"]
    matrices = everything.filter(everything.model_id == model_id)
    pruned = matrices.semi_join(rows, "matrix_id")
    return pruned.left_join(best, "matrix_id").drop("matrix_id_right").order_by("layer", "matrix_id")


def _report_tiers(views: Views) -> Table:
    """Return the tier of every run and matrix by the rule of the report: its macro ratio alone."""
    published = views["reference_results"]
    limits = published.group_by("method").agg(
        high=published.value.max(where=published.metric == "tier_high_ratio"),
        low=published.value.max(where=published.metric == "tier_low_ratio"),
    )
    ratios = views["separation_intervals"]
    largest = ratios.group_by("run_id", "matrix_id", "method").agg(ratio=ratios.mean_ratio_macro.max())
    joined = largest.inner_join(limits.filter(limits.high.notnull()), "method")
    tier = ibis.cases(
        (joined.ratio > joined.high, "high"), (joined.ratio >= joined.low, "medium"), else_="low"
    )
    return joined.select("run_id", "matrix_id", report_tier=tier)
