"""What the recommendations screen shows, fetched in workers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.expressions.recommendations import Choice, Option
    from warehouse.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Plan:
    """What to use for every matrix of a model within a budget of reconstruction error."""

    model_id: str
    budget: float
    choices: "list[Choice]"
    thresholds: "Thresholds"


@dataclass(frozen=True, slots=True)
class Offers:
    """What every run of a model offers for one matrix."""

    model_id: str
    matrix_id: int
    options: "list[Option]"


def load_plan(cursor: "duckdb.DuckDBPyConnection", model_id: str, budget: float) -> Plan:
    """Return what to use for every matrix of a model within an error budget."""
    from warehouse.expressions import recommendations  # noqa: PLC0415  # Ibis is loaded in workers alone
    from warehouse.expressions.views import Views  # noqa: PLC0415
    from warehouse.thresholds import read_thresholds  # noqa: PLC0415

    views = Views(cursor)
    choices = views.rows(recommendations.plan(views, model_id, budget), recommendations.Choice)
    return Plan(model_id, budget, choices, read_thresholds(cursor))


def load_offers(cursor: "duckdb.DuckDBPyConnection", model_id: str, matrix_id: int) -> Offers:
    """Return what every run of a model offers for one matrix."""
    from warehouse.expressions import recommendations  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    rows = views.rows(recommendations.options_of(views, model_id, matrix_id), recommendations.Option)
    return Offers(model_id, matrix_id, rows)
