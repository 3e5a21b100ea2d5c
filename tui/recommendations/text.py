"""What the panels of the recommendations screen say, made from what was fetched."""

from collections import Counter
from typing import TYPE_CHECKING

from tui.drawing.figures import Figure, fixed, number, percent
from tui.drawing.grids import PROJECTIONS, Grid, Place
from tui.drawing.levels import LevelBar, Levels
from tui.drawing.matrix_grid import matrix_grid
from tui.drawing.plots import Level, Plot, Series

if TYPE_CHECKING:
    from tui.recommendations.data import Offers, Plan
    from warehouse.expressions.recommendations import Choice, Option

BUDGETS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0)
DEFAULT_BUDGET = 0.25
PLAN_HEADINGS = (">block", "matrix", "use", "format", "tier", ">× dense", ">error")
OPTION_HEADINGS = ("run", "format", "tier", "report", ">× dense", ">error", ">q", "within budget")
TIERS = ("high", "medium", "low")
GAIN = fixed(2)
GAIN_FIGURE = Figure(
    "gain",
    "× dense of the plan",
    "▲ measured, else what the bytes promise",
    "",
    "prune within the budget",
    GAIN,
)


def in_order(choices: "list[Choice]") -> "list[Choice]":
    """Return choices by block and projection, as the model applies them."""
    usual = {name: place for place, name in enumerate(PROJECTIONS)}
    return sorted(choices, key=lambda c: (c.layer, usual.get(c.projection, len(usual)), c.matrix_id))


def run_name(row: "Choice | Option") -> str:
    """Name the run in a few words."""
    return row.run_label or "keep dense"


def gain_text(row: "Choice | Option") -> str:
    """Write the speed-up: measured, or with a question mark what the bytes promise."""
    if row.gain is None:
        return "1.00 "
    return f"{GAIN(row.gain)} " if row.is_measured else f"{GAIN(row.gain)}?"


def format_text(row: "Choice | Option") -> str:
    """Write the storage format, with its blocks where it has any."""
    block_size = getattr(row, "block_size", None)
    return (row.format or "dense") + (f" {block_size}" if block_size else "")


def plan_row(row: "Choice") -> tuple[str, ...]:
    """Write what to use for one matrix."""
    return (
        str(row.layer),
        row.projection,
        run_name(row),
        format_text(row),
        row.tier or "dense",
        gain_text(row),
        number(row.reconstruction_error),
    )


def option_row(row: "Option", budget: float) -> tuple[str, ...]:
    """Write what one run offers."""
    error = row.reconstruction_error
    return (
        run_name(row),
        row.format,
        row.tier,
        row.report_tier or "·",
        gain_text(row),
        number(error),
        number(row.q_value),
        "yes" if error is not None and error <= budget else "no",
    )


def sentence(row: "Choice", budget: float) -> str:
    """Say what to use for a matrix, and why."""
    name = f"block {row.layer} {row.projection}"
    if row.run_id is None:
        return f"{name}: keep it dense; no run prunes it within an error of {budget:g} and makes it faster"
    loss = f"it loses {percent(row.reconstruction_error)}% of the output (‖WX − ŴX‖ / ‖WX‖)"
    return f"{name}: {run_name(row)} as {format_text(row)}; {loss}; {row.why}"


def summary(plan: "Plan") -> str:
    """Count the tiers of a plan."""
    tiers = Counter(choice.tier or "dense" for choice in plan.choices)
    measured = sum(1 for choice in plan.choices if choice.is_measured)
    counted = ", ".join(f"{tiers[tier]} {tier}" for tier in (*TIERS, "dense") if tiers[tier])
    return f"plan for {plan.model_id}, error ≤ {plan.budget:g}: {counted}; {measured} measured"


def gain_grid(plan: "Plan", places: dict[int, Place]) -> Grid:
    """Return the gain of every matrix under the plan; what was measured is marked."""
    gains = {choice.matrix_id: 1.0 if choice.gain is None else choice.gain for choice in plan.choices}
    measured = frozenset(choice.matrix_id for choice in plan.choices if choice.is_measured)
    return matrix_grid(places, gains, GAIN_FIGURE, measured)


def tier_levels(plan: "Plan") -> Levels:
    """Return how many matrices every use of the plan covers, and what they gain and lose on average."""
    groups: dict[tuple[str, str, str], list[Choice]] = {}
    for choice in plan.choices:
        key = (choice.tier or "dense", run_name(choice), format_text(choice))
        groups.setdefault(key, []).append(choice)
    order = {tier: place for place, tier in enumerate((*TIERS, "dense"))}
    bars = tuple(
        LevelBar(
            key=key,
            label=f"{key[0]:<6} {key[1]}, {key[2]}",
            value=float(len(rows)),
            note=f"{len(rows)} of {len(plan.choices)}, {_means(rows)}",
            marked=key[0] == "high",
        )
        for key, rows in sorted(groups.items(), key=lambda item: (order[item[0][0]], -len(item[1])))
    )
    return Levels("matrices by priority", bars, "", write=lambda value: f"{value or 0:.0f}")


def _means(rows: "list[Choice]") -> str:
    gains = [row.gain for row in rows if row.gain is not None]
    errors = [row.reconstruction_error for row in rows if row.reconstruction_error is not None]
    if not gains or not errors:
        return "nothing lost"
    return f"{GAIN(sum(gains) / len(gains))}×, error {number(sum(errors) / len(errors))}"


def trade_plot(offers: "Offers", budget: float) -> Plot:
    """Return gain over loss of every run for one matrix; measured gains and limits look different."""
    series = []
    for measured, name in ((True, "measured"), (False, "upper limit by bytes")):
        points = [
            (row.reconstruction_error, row.gain)
            for row in offers.options
            if row.is_measured is measured and row.gain is not None and row.reconstruction_error is not None
        ]
        series.append(Series(name, tuple(x for x, _ in points), tuple(y for _, y in points)))
    shown = tuple(one for one in series if one.xs)
    furthest = max((x for one in shown for x in one.xs), default=0.0)
    levels = [Level("dense", 1.0)]
    if budget <= 1.5 * furthest:
        levels.append(Level(f"error budget {budget:g}", budget, upright=True))
    return Plot("reconstruction error ‖WX − ŴX‖ / ‖WX‖", "× dense", shown, tuple(levels))
