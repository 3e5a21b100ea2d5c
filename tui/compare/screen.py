# ruff: noqa: D102  # the registry says what each do_<verb> does
"""Two runs of one model: how alike their masks are, whose features cluster better, what they cost."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from tui.compare import panes, text
from tui.compare.data import FeatureData, Pair, PairData, load_features, load_pair
from tui.compare.runs import feature_axis, run_options, runs_of, second_run
from tui.compare.tables import compare_tables
from tui.dialogs.choose import ChooseScreen
from tui.dialogs.tables import ExportTable
from tui.frame.panels import PanelScreen, chosen_row, panel_actions, place_of, step_actions
from tui.state.registry import Action
from tui.state.selection import Selection, matrix_of
from tui.state.variants import Variant, next_variant, variant_named, variants_of
from tui.widgets.table import Table

NEED_A_PAIR = {"choose_first", "choose_second", "swap", "next_figure", "next_variant", "open"}
NO_PAIR = (
    "there are no two pruned runs to compare; prune by several: sparsity-etl run --method wanda sparsegpt"
)


class CompareScreen(PanelScreen):
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
    PANELS = panes.PANELS

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
        self.pair: Pair | None = None
        self.data: PairData | None = None
        self.features: FeatureData | None = None
        self.variant: Variant | None = None
        self.figure = 0
        self._asked: tuple[object, object] = (None, None)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        self.matrix = matrix_of(app.overview, app.selection)
        other = second_run(app.overview, app.selection)
        if self.matrix is None or other is None:
            self._asked = (None, None)
            self.pair = self.data = self.features = None
            self.show_nothing(NO_PAIR)
            return
        self.pair = Pair(self.matrix.run_id, other.run_id)
        asked = ((app.generation, self.pair), (app.generation, self.pair, self.matrix.matrix_id))
        if asked[0] != self._asked[0]:
            self.data = None
            work = partial(load_pair, pair=self.pair, model_id=other.model_id)
            self.fetch("comparison of the runs", work, self.PairRead)
        if asked[1] != self._asked[1]:
            self.features = None
            axis, matrix_id = feature_axis(self.matrix), self.matrix.matrix_id
            work = partial(load_features, pair=self.pair, matrix_id=matrix_id, axis=axis)
            self.fetch("comparison of the features", work, self.FeaturesRead)
        self._asked = asked
        self._show_cost()
        self._show_pair()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing to compare."""
        if verb in NEED_A_PAIR and self.pair is None:
            return "there are no two pruned runs to compare"
        if verb == "next_variant" and not self._variants():
            return "the two runs are not clustered in the same way"
        return None

    def shown_selection(self) -> Selection:
        """Return the selection with run B, chosen or not."""
        return replace(self.host.selection, compared_run_id=self.pair.other_run_id if self.pair else None)

    def view_options(self) -> dict[str, str]:
        """Return the panel in front, the figure and the variant of clustering."""
        options = super().view_options() | {"figure": text.FIGURES[self.figure].name}
        return options | ({"variant": self.variant.name} if self.variant else {})

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show another panel, figure or variant."""
        super().use_view_options(options)
        self.figure = place_of(options.get("figure"), [figure.name for figure in text.FIGURES])
        self.variant = variant_named(options.get("variant"))

    def tables(self) -> list[ExportTable]:
        """Return what the panels show, whole."""
        runs = runs_of(self.host.overview, self.pair)
        if self.pair is None or self.matrix is None or runs is None:
            return []
        return compare_tables(self.pair, runs[0].model_id, self.matrix.matrix_id, feature_axis(self.matrix))

    def do_choose_first(self) -> None:
        if self.pair is not None:
            self._ask("Run A", self.pair.run_id, self.pair.with_first)

    def do_choose_second(self) -> None:
        if self.pair is not None:
            self._ask("Run B", self.pair.other_run_id, self.pair.with_second)

    def do_swap(self) -> None:
        if self.pair is not None:
            self._compare(self.pair.swapped())

    def do_next_figure(self) -> None:
        self.figure = (self.figure + 1) % len(text.FIGURES)
        self._show_pair()

    def do_next_variant(self) -> None:
        if self.variant is not None:
            self.variant = next_variant(self._variants(), self.variant)
            self._show_contests()

    def do_open(self) -> None:
        self.host.action_perform("app.screen_matrix")

    @on(PairRead)
    def _take_pair(self, message: PairRead) -> None:
        if message.data.pair == self.pair:
            self.data = message.data
            variants = self._variants()
            if self.variant not in variants:
                self.variant = variants[-1] if variants else None
            self._show_pair()

    @on(FeaturesRead)
    def _take_features(self, message: FeaturesRead) -> None:
        if message.data.pair == self.pair and self.matrix and message.data.matrix_id == self.matrix.matrix_id:
            self.features = message.data
            self._show_features()

    @on(Table.RowHighlighted, "#matrices Table")
    def _choose_row(self, event: Table.RowHighlighted) -> None:
        rows = text.in_order(self.data.overlaps) if self.data else []
        place = chosen_row(event)
        if place is not None and place < len(rows):
            self.select_matrix(rows[place].matrix_id)

    @on(Table.RowHighlighted, "#winners Table")
    def _say_why(self, event: Table.RowHighlighted) -> None:
        rows, runs = text.contests_by(self.data, self.variant), runs_of(self.host.overview, self.pair)
        place = chosen_row(event)
        if place is not None and runs is not None and place < len(rows):
            self.note(text.contest_sentence(rows[place], text.side_names(*runs)))

    def _variants(self) -> list[Variant]:
        """Return the variants by which both runs were clustered."""
        return variants_of(self.data.contests) if self.data else []

    def _show_cost(self) -> None:
        """Show the perplexity of all runs of the model: it is known before anything is read."""
        overview, runs = self.host.overview, runs_of(self.host.overview, self.pair)
        if overview is not None and runs is not None and self.pair is not None:
            self.query_one(panes.CostPanel).show(overview, self.pair, runs[0].model_id)

    def _show_pair(self) -> None:
        """Show how the two runs compare."""
        data, overview, runs, matrix = (
            self.data,
            self.host.overview,
            runs_of(self.host.overview, self.pair),
            self.matrix,
        )
        if data is None or overview is None or runs is None or matrix is None:
            return
        names = f"A {runs[0].run_label} · B {runs[1].run_label}"
        places = self.places()
        grid = text.overlap_grid(data, places, self.figure)
        title = f"{grid.figure.title} · {names}"
        self.query_one(panes.OverlapMapPanel).show(grid, places.get(matrix.matrix_id), title)
        self.query_one(panes.MatricesPanel).show(data, overview, names)
        self.query_one(panes.SweepPanel).show(data, runs[0].model_id)
        self._show_contests()
        self._show_features()
        row = data.overlap_of(matrix.matrix_id)
        self.note(text.overlap_sentence(row) if row else "the other run did not prune this matrix")

    def _show_contests(self) -> None:
        """Show who clusters better by one variant."""
        data, runs = self.data, runs_of(self.host.overview, self.pair)
        if data is None or runs is None:
            return
        winners, distances = self.query_one(panes.WinnersPanel), self.query_one(panes.DistancesPanel)
        if self.variant is None:
            winners.show_none()
            distances.show_none()
            return
        names = text.side_names(*runs)
        winners.show(text.contests_by(self.data, self.variant), names, self.variant)
        distances.show(data, names, self.variant)

    def _show_features(self) -> None:
        """Show how the features of the selected matrix compare."""
        features, matrix = self.features, self.matrix
        if features is None or matrix is None:
            return
        row = self.data.overlap_of(features.matrix_id) if self.data else None
        self.query_one(panes.HistogramPanel).show(features, matrix, row.chance_jaccard if row else None)
        self.query_one(panes.FeaturesPanel).show(features, matrix)

    def _ask(self, title: str, current: int, pair_with: Callable[[int], Pair]) -> None:
        """Ask for a run and compare the pair that it makes."""
        overview, runs = self.host.overview, runs_of(self.host.overview, self.pair)
        if overview is None or runs is None:
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                self._compare(pair_with(int(name)))

        options = run_options(overview, runs[0].model_id)
        self.app.push_screen(ChooseScreen(title, options, str(current)), chosen)

    def _compare(self, pair: Pair) -> None:
        app = self.host
        if app.overview is not None:
            chosen = replace(app.selection, run_id=pair.run_id, compared_run_id=pair.other_run_id)
            app.select(chosen.settled(app.overview)[0])
