"""The panels of the recommendations screen; a promise is never shown as a measurement."""

from typing import TYPE_CHECKING

from tui.frame.panes import HeatmapPanel, LevelsPanel, PlotPanel, TablePanel
from tui.recommendations import text
from tui.recommendations.data import Offers, Plan
from tui.state.selection import describe_matrix
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.recommendations import Choice

NOT_PRUNED = "nothing is pruned yet; prune with: sparsity-etl run"


class PlanPanel(TablePanel):
    """What to use for every matrix."""

    NAME = "plan"
    TITLE = "plan"
    SIDE = "left"
    HEADINGS = text.PLAN_HEADINGS

    def show(self, plan: Plan, choices: "list[Choice]") -> None:
        """Show the choices of a plan in their order."""
        self.table.fill([text.plan_row(choice) for choice in choices])
        self.retitle(text.summary(plan) if choices else NOT_PRUNED)


class TiersPanel(LevelsPanel):
    """How many matrices have which priority."""

    NAME = "tiers"
    TITLE = "priorities"

    def show(self, plan: Plan) -> None:
        """Show every use of a plan."""
        levels = text.tier_levels(plan)
        self.bars.show(levels, missing=NOT_PRUNED)
        high, medium = plan.thresholds.high_tier_gain, plan.thresholds.medium_tier_gain
        self.retitle(f"{levels.title}: high from {high:g}× dense, medium from {medium:g}×")


class GainsPanel(HeatmapPanel):
    """What the plan gains, matrix by matrix."""

    NAME = "gains"
    TITLE = "map"
    HEATMAP = "recommendations-map"


class OptionsPanel(TablePanel):
    """What every run offers for the selected matrix."""

    NAME = "options"
    TITLE = "options"
    HEADINGS = text.OPTION_HEADINGS

    def show(self, offers: Offers, matrix: MatrixFigures, budget: float) -> None:
        """Show every run, and whether it is within the budget of error."""
        self.table.fill([text.option_row(option, budget) for option in offers.options])
        name = describe_matrix(matrix)
        self.retitle(f"what every run offers for {name}; report: its tier by macro ratio")


class TradePanel(PlotPanel):
    """Gain against loss of every run."""

    NAME = "trade"
    TITLE = "trade-off"

    def show(self, offers: Offers, matrix: MatrixFigures, budget: float) -> None:
        """Show every run for the selected matrix, and the budget of error."""
        self.plot.show(text.trade_plot(offers, budget), NOT_PRUNED)
        self.retitle(f"gain against loss of every run, {describe_matrix(matrix)}")


# In the order of the keys [ and ].
PANELS = (PlanPanel, TiersPanel, GainsPanel, OptionsPanel, TradePanel)
