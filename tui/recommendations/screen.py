# ruff: noqa: D102  # the registry says what each do_<verb> does
"""What to deploy: per matrix the method, pattern and format, within a budget of error, and why."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable
from tui.drawing.matrix_grid import matrix_places
from tui.frame.panels import chosen_row, panel_actions, step_actions
from tui.recommendations import data as recommendations_data
from tui.recommendations.data import Offers, Plan
from tui.recommendations.panes import RecommendationsPanels
from tui.recommendations.text import BUDGETS
from tui.state.registry import Action
from tui.state.selection import matrix_of
from tui.widgets.heatmap import Heatmap
from tui.widgets.table import Table


class RecommendationsScreen(RecommendationsPanels):
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
            work = partial(recommendations_data.load_plan, model_id=model_id, budget=self.budget)
            self.fetch("plan", work, self.PlanRead)
        matrix_id = self.matrix.matrix_id if self.matrix else None
        if (app.generation, model_id, matrix_id) != self._asked[1] and matrix_id is not None:
            work = partial(recommendations_data.load_offers, model_id=model_id, matrix_id=matrix_id)
            self.fetch("options", work, self.OffersRead)
        self._asked = ((app.generation, model_id, self.budget), (app.generation, model_id, matrix_id))
        self.show_plan()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing to open, or no other budget."""
        if verb == "more_error" and self.budget == BUDGETS[-1]:
            return "any error is allowed already"
        if verb == "less_error" and self.budget == BUDGETS[0]:
            return f"{BUDGETS[0]:g} is the smallest budget"
        if verb in {"use_run", "open"} and self._run_of_plan() is None:
            return "the plan keeps this matrix dense"
        return None

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
            self.show_plan()

    @on(OffersRead)
    def _take_offers(self, message: OffersRead) -> None:
        if self.matrix is not None and message.data.matrix_id == self.matrix.matrix_id:
            self.offers = message.data
            self.show_offers()

    @on(Heatmap.Moved)
    def _choose_cell(self, message: Heatmap.Moved) -> None:
        selection = self.host.selection
        self.host.select(replace(selection, layer=message.row, projection=message.column))

    @on(Heatmap.Opened)
    def _open_cell(self) -> None:
        self.host.action_perform("recommendations.open")

    @on(Table.RowHighlighted, "#plan Table")
    def _choose_row(self, event: Table.RowHighlighted) -> None:
        app, choices = self.host, self.choices()
        row = chosen_row(event)
        if row is None or app.overview is None or row >= len(choices):
            return
        choice = choices[row]
        if self.matrix is not None and choice.matrix_id != self.matrix.matrix_id:
            place = matrix_places(app.overview, self.matrix.run_id).get(choice.matrix_id)
            if place is not None:
                app.select(replace(app.selection, layer=place[0], projection=place[1]))

    def _use_budget(self, step: int) -> None:
        self.budget = BUDGETS[BUDGETS.index(self.budget) + step]
        self.update()
        self.show_offers()

    def _run_of_plan(self) -> int | None:
        """Return the run that the plan uses for the selected matrix."""
        key = self.matrix.matrix_id if self.matrix else None
        return next((choice.run_id for choice in self.choices() if choice.matrix_id == key), None)
