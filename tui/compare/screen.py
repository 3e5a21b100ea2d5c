# ruff: noqa: D102  # the registry says what each do_<verb> does
"""Two runs of one model: how alike their masks are, whose features cluster better, what they cost."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from tui.compare import data as compare_data
from tui.compare.data import FeatureData, Pair, PairData
from tui.compare.panes import NO_PAIR, ComparePanels
from tui.compare.text import FIGURES, contest_sentence, in_order, side_names
from tui.dialogs.choose import ChooseScreen
from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable
from tui.frame.panels import chosen_row, panel_actions, step_actions
from tui.state.registry import Action
from tui.state.selection import describe_run, matrix_of, run_of
from tui.state.variants import next_variant
from tui.widgets.heatmap import Heatmap
from tui.widgets.table import Table
from warehouse.overview import Overview, RunFigures


class CompareScreen(ComparePanels):
    """Run A is the one selected everywhere; run B the one marked in the overview, or the nearest to A."""

    NAME: ClassVar[str] = "compare"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("compare.choose_first", "a", "run A", "Choose the first run", rank=1),
        Action("compare.choose_second", "b", "run B", "Choose the second run", rank=1),
        Action("compare.swap", "x", "swap", "Swap the two runs", rank=3),
        Action("compare.next_figure", "f", "figure", "Show the next figure in the heatmap", rank=2),
        Action("compare.next_variant", "w", "k", "Show the next number of clusters, or algorithm", rank=5),
        *panel_actions("compare"),
        *(action for action in step_actions("compare") if action.verb != "next_run"),
        Action("compare.open", "o", "open", "Open the selected matrix (2)", rank=6),
    )

    @dataclass
    class PairRead(Message):
        """How the two runs compare is here."""

        data: PairData

    @dataclass
    class FeaturesRead(Message):
        """How the features of a matrix compare is here."""

        data: FeatureData

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[object, object] = (None, None)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        self.matrix = matrix_of(app.overview, app.selection)
        other = self._second_run(app.overview)
        if self.matrix is None or other is None:
            self._asked = (None, None)
            self.pair = None
            self.show_nothing(NO_PAIR)
            return
        self.pair = Pair(self.matrix.run_id, other.run_id)
        asked = ((app.generation, self.pair), (app.generation, self.pair, self.matrix.matrix_id))
        if asked[0] != self._asked[0]:
            self.data = None
            work = partial(compare_data.load_pair, pair=self.pair, model_id=other.model_id)
            self.fetch("comparison of the runs", work, self.PairRead)
        if asked[1] != self._asked[1]:
            self.features = None
            self._fetch_features(self.pair, self.matrix.matrix_id)
        self._asked = asked
        self.show_cost()
        self.show_pair()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing to compare."""
        if verb in {"swap", "next_figure", "next_variant", "open"} and self.pair is None:
            return "there are no two pruned runs to compare"
        if verb == "next_variant" and not self.variants():
            return "the two runs are not clustered in the same way"
        return None

    def tables(self) -> list[ExportTable]:
        """Return what the panels show, whole."""
        runs = self.runs()
        if self.pair is None or self.matrix is None or runs is None:
            return []
        pair = (self.pair.run_id, self.pair.other_run_id)
        name = f"runs-{pair[0]}-{pair[1]}"
        features = (*pair, self.matrix.matrix_id, self._axis())

        def table(part: str, title: str, question: str, *key: object) -> ExportTable:
            return question_table(f"{name}-{part}", title, "compare", question, *key)

        return [
            table("overlap", "How alike the masks are, every matrix", "overlaps", *pair),
            table("winners", "Who clusters better, every matrix and variant", "contests", *pair),
            table("distances", "Distances within and between clusters", "distances", *pair),
            table(f"features-{self.matrix.matrix_id}", "Every feature", "feature_pairs", *features),
            table("costs", "Perplexity of all runs of the model", "costs", runs[0].model_id),
        ]

    def do_choose_first(self) -> None:
        self._ask("Run A", self._set_first, self.pair.run_id if self.pair else None)

    def do_choose_second(self) -> None:
        self._ask("Run B", self._set_second, self.pair.other_run_id if self.pair else None)

    def do_swap(self) -> None:
        if self.pair is not None:
            self._set_pair(self.pair.other_run_id, self.pair.run_id)

    def do_next_figure(self) -> None:
        self.figure = (self.figure + 1) % len(FIGURES)
        self.show_pair()

    def do_next_variant(self) -> None:
        if self.variant is not None:
            self.variant = next_variant(self.variants(), self.variant)
            self.show_contests()

    def do_open(self) -> None:
        self.host.action_perform("app.screen_matrix")

    @on(PairRead)
    def _take_pair(self, message: PairRead) -> None:
        if message.data.pair == self.pair:
            self.data = message.data
            variants = self.variants()
            if self.variant not in variants:
                self.variant = variants[-1] if variants else None
            self.show_pair()

    @on(FeaturesRead)
    def _take_features(self, message: FeaturesRead) -> None:
        if message.data.pair == self.pair and self.matrix and message.data.matrix_id == self.matrix.matrix_id:
            self.features = message.data
            self.show_features()

    @on(Heatmap.Moved)
    def _choose_cell(self, message: Heatmap.Moved) -> None:
        selection = self.host.selection
        self.host.select(replace(selection, layer=message.row, projection=message.column))

    @on(Heatmap.Opened)
    def _open_cell(self) -> None:
        self.do_open()

    @on(Table.RowHighlighted, "#matrices Table")
    def _choose_row(self, event: Table.RowHighlighted) -> None:
        rows = in_order(self.data.overlaps) if self.data else []
        place = chosen_row(event)
        if place is not None and place < len(rows):
            row = rows[place]
            selection = self.host.selection
            self.host.select(replace(selection, layer=row.layer, projection=row.projection))

    @on(Table.RowHighlighted, "#winners Table")
    def _say_why(self, event: Table.RowHighlighted) -> None:
        rows, runs = self.contests(), self.runs()
        place = chosen_row(event)
        if place is not None and runs is not None and place < len(rows):
            self.note(contest_sentence(rows[place], side_names(*runs)))

    def _fetch_features(self, pair: Pair, matrix_id: int) -> None:
        work = partial(compare_data.load_features, pair=pair, matrix_id=matrix_id, axis=self._axis())
        self.fetch("comparison of the features", work, self.FeaturesRead)

    def _axis(self) -> str:
        """Return the axis of the features: the rows of `down`, the columns of all others."""
        return "output" if self.matrix is not None and self.matrix.projection == "down" else "input"

    def _second_run(self, overview: Overview) -> RunFigures | None:
        """Return the run marked for comparison, else the one most like the first."""
        first = run_of(overview, self.matrix.run_id) if self.matrix else None
        if first is None:
            return None
        others = [run for run in _pruned(overview, first.model_id) if run.run_id != first.run_id]
        marked = self.host.selection.compared_run_id
        chosen = next((run for run in others if run.run_id == marked), None)
        alike = sorted(
            others, key=lambda run: (run.pattern != first.pattern, abs(run.sparsity - first.sparsity))
        )
        return chosen or next(iter(alike), None)

    def _ask(self, title: str, then: Callable[[str | None], None], current: int | None) -> None:
        app = self.host
        run = run_of(app.overview, app.selection.run_id) if app.overview else None
        if app.overview is None or run is None:
            return
        options = [
            (str(other.run_id), describe_run(other), _cost(other))
            for other in _pruned(app.overview, run.model_id)
        ]
        self.app.push_screen(ChooseScreen(title, options, str(current)), then)

    def _set_first(self, name: str | None) -> None:
        if name is not None and self.pair is not None:
            run_id = int(name)
            second = self.pair.run_id if run_id == self.pair.other_run_id else self.pair.other_run_id
            self._set_pair(run_id, second)

    def _set_second(self, name: str | None) -> None:
        if name is not None and self.pair is not None:
            run_id = int(name)
            first = self.pair.other_run_id if run_id == self.pair.run_id else self.pair.run_id
            self._set_pair(first, run_id)

    def _set_pair(self, first: int, second: int) -> None:
        app = self.host
        if app.overview is not None:
            chosen = replace(app.selection, run_id=first, compared_run_id=second)
            app.select(chosen.settled(app.overview)[0])


def _pruned(overview: Overview, model_id: str) -> list[RunFigures]:
    """Return the pruned runs of a model, each once."""
    runs = {run.run_id: run for run in overview.runs if run.model_id == model_id and run.matrix_count}
    return list(runs.values())


def _cost(run: RunFigures) -> str:
    if run.perplexity is None:
        return f"run {run.run_id}, perplexity not measured"
    ratio = "" if run.perplexity_ratio is None else f", {run.perplexity_ratio:.2f}× of dense"
    return f"run {run.run_id}, perplexity {run.perplexity:.2f}{ratio}"
