# ruff: noqa: D102  # the registry says what each do_<verb> does
"""What to deploy: per matrix the method, pattern and format, within a budget of error, and why."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.message import Message

from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable
from tui.frame.panels import PanelScreen, chosen_row, panel_actions, step_actions
from tui.recommendations import panes, text
from tui.recommendations.data import Offers, Plan, load_offers, load_plan
from tui.state.registry import Action
from tui.state.selection import matrix_of
from tui.widgets.table import Table

if TYPE_CHECKING:
    from warehouse.expressions.recommendations import Choice


class RecommendationsScreen(PanelScreen):
    """Reads the plan and what there is to choose from, and follows what is chosen."""

    NAME: ClassVar[str] = "recommendations"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("recommendations.more_error", "plus,equals_sign", "more error", "Allow more error", rank=1),
        Action("recommendations.less_error", "minus", "less error", "Allow less error", rank=2),
        Action("recommendations.use_run", "u", "this run", "Select the run the plan uses here", rank=3),
        *panel_actions("recommendations"),
        *(action for action in step_actions("recommendations") if action.verb != "next_run"),
        Action("recommendations.open", "o", "open", "Open the matrix as the plan prunes it (2)", rank=6),
    )
    PANELS = panes.PANELS

    @dataclass
    class PlanRead(Message):
        """The plan is here."""

        data: Plan

    @dataclass
    class OffersRead(Message):
        """What every run offers for a matrix is here."""

        data: Offers

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self.offers: Offers | None = None
        self.budget = text.DEFAULT_BUDGET
        self._asked: tuple[object, object] = (None, None)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        model_id = app.selection.model_id
        self.matrix = matrix_of(app.overview, app.selection)
        if model_id is None:
            return
        if (app.generation, model_id, self.budget) != self._asked[0]:
            work = partial(load_plan, model_id=model_id, budget=self.budget)
            self.fetch("plan", work, self.PlanRead)
        matrix_id = self.matrix.matrix_id if self.matrix else None
        if (app.generation, model_id, matrix_id) != self._asked[1] and matrix_id is not None:
            work = partial(load_offers, model_id=model_id, matrix_id=matrix_id)
            self.fetch("options", work, self.OffersRead)
        self._asked = ((app.generation, model_id, self.budget), (app.generation, model_id, matrix_id))
        self._show_plan()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing to open, or no other budget."""
        if verb == "more_error" and self.budget == text.BUDGETS[-1]:
            return "any error is allowed already"
        if verb == "less_error" and self.budget == text.BUDGETS[0]:
            return f"{text.BUDGETS[0]:g} is the smallest budget"
        if verb in {"use_run", "open"} and self._run_of_plan() is None:
            return "the plan keeps this matrix dense"
        return None

    def view_options(self) -> dict[str, str]:
        """Return the panel in front and the budget of error."""
        return super().view_options() | {"budget": f"{self.budget:g}"}

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show another panel or budget."""
        super().use_view_options(options)
        budgets = {f"{budget:g}": budget for budget in text.BUDGETS}
        self.budget = budgets.get(options.get("budget", ""), self.budget)

    def tables(self) -> list[ExportTable]:
        """Return the plan, and everything it was chosen from."""
        model_id = self.host.selection.model_id
        if model_id is None:
            return []
        title = f"The plan for {model_id}, error ≤ {self.budget:g}"
        return [
            question_table("plan", title, "recommendations", "plan", model_id, self.budget),
            question_table("options", "What every run offers", "recommendations", "options", model_id),
        ]

    def do_more_error(self) -> None:
        self._use_budget(1)

    def do_less_error(self) -> None:
        self._use_budget(-1)

    def do_use_run(self) -> None:
        app, run_id = self.host, self._run_of_plan()
        if run_id is not None:
            app.select(replace(app.selection, run_id=run_id))

    def do_open(self) -> None:
        self.do_use_run()
        self.host.action_perform("app.screen_matrix")

    @on(PlanRead)
    def _take_plan(self, message: PlanRead) -> None:
        if message.data.budget == self.budget:
            self.plan = message.data
            self._show_plan()

    @on(OffersRead)
    def _take_offers(self, message: OffersRead) -> None:
        if self.matrix is not None and message.data.matrix_id == self.matrix.matrix_id:
            self.offers = message.data
            self._show_offers()

    @on(Table.RowHighlighted, "#plan Table")
    def _choose_row(self, event: Table.RowHighlighted) -> None:
        choices, row = self._choices(), chosen_row(event)
        if row is not None and row < len(choices):
            self.select_matrix(choices[row].matrix_id)

    def _use_budget(self, step: int) -> None:
        self.budget = text.BUDGETS[text.BUDGETS.index(self.budget) + step]
        self.update()
        self._show_offers()

    def _run_of_plan(self) -> int | None:
        """Return the run that the plan uses for the selected matrix."""
        key = self.matrix.matrix_id if self.matrix else None
        return next((choice.run_id for choice in self._choices() if choice.matrix_id == key), None)

    def _choices(self) -> "list[Choice]":
        """Return the plan in the order of the table."""
        return text.in_order(self.plan.choices) if self.plan else []

    def _show_plan(self) -> None:
        """Show what to use for every matrix, with the cursor on the selected one."""
        plan = self.plan
        if plan is None:
            return
        choices = self._choices()
        self.query_one(panes.PlanPanel).show(plan, choices)
        self.query_one(panes.TiersPanel).show(plan)
        if self.matrix is not None:
            places = self.places()
            grid = text.gain_grid(plan, places)
            title = f"{grid.figure.title}, error ≤ {plan.budget:g}"
            self.query_one(panes.GainsPanel).show(grid, places.get(self.matrix.matrix_id), title)
        keys = [choice.matrix_id for choice in choices]
        if not keys:
            self.note(panes.NOT_PRUNED)
        elif self.matrix is not None and self.matrix.matrix_id in keys:
            row = keys.index(self.matrix.matrix_id)
            self.query_one(panes.PlanPanel).table.move_cursor(row=row)
            self.note(text.sentence(choices[row], self.budget))

    def _show_offers(self) -> None:
        """Show what every run offers for the selected matrix."""
        if self.offers is not None and self.matrix is not None:
            self.query_one(panes.OptionsPanel).show(self.offers, self.matrix, self.budget)
            self.query_one(panes.TradePanel).show(self.offers, self.matrix, self.budget)
