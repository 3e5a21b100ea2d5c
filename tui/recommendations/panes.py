"""The panels of the recommendations screen: what each shows of what was read."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from tui.drawing.matrix_grid import matrix_places
from tui.drawing.themes import palette_of
from tui.frame.panels import Panel, PanelScreen
from tui.recommendations import text as panels
from tui.recommendations.data import Offers, Plan
from tui.widgets.heatmap import Heatmap
from tui.widgets.legend import Legend
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from tui.widgets.table import Table
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.recommendations import Choice

NOT_PRUNED = "nothing is pruned yet; prune with: sparsity-etl run"


class RecommendationsPanels(PanelScreen):
    """What to use, what it gains and loses, and why; a promise is never shown as a measurement."""

    PANELS: ClassVar[tuple[Panel, ...]] = (
        Panel("plan", "plan", "left"),
        Panel("tiers", "priorities"),
        Panel("gains", "map"),
        Panel("options", "options"),
        Panel("trade", "trade-off"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self.plan: Plan | None = None
        self.offers: Offers | None = None
        self.budget = panels.DEFAULT_BUDGET

    def compose_panel(self, name: str) -> Iterable[Widget]:
        """Yield the widgets of one panel."""
        if name == "plan":
            yield Table(*panels.PLAN_HEADINGS)
        elif name == "options":
            yield Table(*panels.OPTION_HEADINGS)
        elif name == "tiers":
            yield LevelBars()
        elif name == "trade":
            yield PlotView()
        else:
            yield Heatmap("recommendations-map")
            yield Legend()

    def choices(self) -> "list[Choice]":
        """Return the plan in the order of the table."""
        return panels.in_order(self.plan.choices) if self.plan else []

    def show_plan(self) -> None:
        """Show what to use for every matrix."""
        plan, overview = self.plan, self.host.overview
        if plan is None or overview is None:
            return
        choices = self.choices()
        table = self.query_one("#plan Table", Table)
        table.fill([panels.plan_row(choice) for choice in choices])
        self.title_pane("plan", panels.summary(plan) if choices else NOT_PRUNED)
        levels = panels.tier_levels(plan)
        self.query_one(LevelBars).show(levels, missing=NOT_PRUNED)
        self.title_pane("tiers", f"{levels.title}: high from 1.5× dense, medium from 1.1×")
        if self.matrix is not None:
            places = matrix_places(overview, self.matrix.run_id)
            grid, palette = panels.gain_grid(plan, places), palette_of(self.app)
            self.query_one(Heatmap).show(grid, palette, places.get(self.matrix.matrix_id))
            self.query_one(Legend).show(grid, palette)
            self.title_pane("gains", f"{grid.figure.title}, error ≤ {plan.budget:g}")
        self.show_choice()

    def show_choice(self) -> None:
        """Put the cursor on the selected matrix and say what to use for it."""
        keys = [choice.matrix_id for choice in self.choices()]
        if not keys:
            self.note(NOT_PRUNED)
        elif self.matrix is not None and self.matrix.matrix_id in keys:
            place = keys.index(self.matrix.matrix_id)
            self.query_one("#plan Table", Table).move_cursor(row=place)
            self.note(panels.sentence(self.choices()[place], self.budget))

    def show_offers(self) -> None:
        """Show what every run offers for the selected matrix."""
        offers = self.offers
        if offers is None or self.matrix is None:
            return
        name = f"block {self.matrix.layer} {self.matrix.projection}"
        rows = [panels.option_row(option, self.budget) for option in offers.options]
        self.query_one("#options Table", Table).fill(rows)
        self.title_pane("options", f"what every run offers for {name}; report: its tier by macro ratio")
        self.query_one(PlotView).show(panels.trade_plot(offers, self.budget), NOT_PRUNED)
        self.title_pane("trade", f"gain against loss of every run, {name}")
