"""Questions about what to deploy: per matrix the run, the format, what it gains and what it loses."""

from dataclasses import dataclass

from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Choice:
    """What to use for one matrix; `run_id` is NULL where it should stay dense."""

    matrix_id: int
    layer: int
    projection: str
    run_id: int | None
    run_label: str | None
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
    run_label: str
    method: str
    sparsity: float
    pattern: str
    tier: str
    report_tier: str | None
    format: str
    gain: float | None
    is_measured: bool
    reconstruction_error: float | None
    q_value: float | None
    skippable_share: float | None
    why: str


def options(views: Views, model_id: str) -> Table:
    """Return what every run of a model offers for every matrix, the largest gain first."""
    rows = views["ranked_options"]
    offers = rows.filter(rows.model_id == model_id)
    return offers.order_by("layer", "matrix_id", rows.gain.desc(nulls_first=False), "run_id")


def options_of(views: Views, model_id: str, matrix_id: int) -> Table:
    """Return what every run of a model offers for one matrix, the largest gain first."""
    rows = options(views, model_id)
    return rows.filter(rows.matrix_id == matrix_id)


def plan(views: Views, model_id: str, error_budget: float) -> Table:
    """Return for every matrix the first choice among the runs whose reconstruction error is within a budget.

    A matrix that no run prunes within the budget, or that no format makes faster, stays dense.
    """
    rows = views["ranked_options"]
    offers = rows.filter(rows.model_id == model_id)
    allowed = offers.filter(offers.reconstruction_error <= error_budget, offers.choice_rank.notnull())
    first = allowed.group_by("matrix_id").agg(choice_rank=allowed.choice_rank.min())
    best = allowed.semi_join(first, ["matrix_id", "choice_rank"])
    matrices = views["matrices"].semi_join(offers, "matrix_id")
    chosen = best.drop("model_id", "layer", "projection", "component")
    return matrices.left_join(chosen, "matrix_id").drop("matrix_id_right").order_by("layer", "matrix_id")
