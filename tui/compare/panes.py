"""The panels of the compare screen: what each shows of what was read."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from tui.compare import text as panels
from tui.compare.data import FeatureData, Pair, PairData
from tui.drawing.matrix_grid import matrix_places
from tui.drawing.themes import palette_of
from tui.frame.panels import Panel, PanelScreen
from tui.state.selection import describe_run, run_of
from tui.state.variants import Variant, variant_of, variants_of
from tui.widgets.bar_chart import BarChart
from tui.widgets.heatmap import Heatmap
from tui.widgets.legend import Legend
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from tui.widgets.table import Table
from warehouse.overview import MatrixFigures, RunFigures

if TYPE_CHECKING:
    from warehouse.expressions.compare import Contest, Overlap

NO_PAIR = (
    "there are no two pruned runs to compare; prune by several: sparsity-etl run --method wanda sparsegpt"
)
NO_FEATURES = "not compared feature by feature; sparsity-etl run compares the runs of a model"
NO_CLUSTERS = "not clustered in both runs; cluster with: sparsity-etl run --cluster"
NO_COST = "no perplexity was measured; measure with: sparsity-etl run --evaluate"


class ComparePanels(PanelScreen):
    """Two runs side by side, A and B; chance beside every figure that has one."""

    PANELS: ClassVar[tuple[Panel, ...]] = (
        Panel("map", "overlap", "left"),
        Panel("cost", "cost", "left"),
        Panel("matrices", "matrices"),
        Panel("winners", "winners"),
        Panel("scatter", "scatter"),
        Panel("histogram", "histogram"),
        Panel("features", "features"),
        Panel("sweep", "sparsity"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self.pair: Pair | None = None
        self.data: PairData | None = None
        self.features: FeatureData | None = None
        self.variant: Variant | None = None
        self.figure = 0

    def compose_panel(self, name: str) -> Iterable[Widget]:
        """Yield the widgets of one panel."""
        headings = {
            "matrices": panels.OVERLAP_HEADINGS,
            "winners": panels.CONTEST_HEADINGS,
            "features": panels.FEATURE_HEADINGS,
        }
        if name == "map":
            yield Heatmap("compare-map")
            yield Legend()
        elif name in headings:
            yield Table(*headings[name])
        elif name == "cost":
            yield LevelBars()
        elif name == "histogram":
            yield BarChart(NO_FEATURES)
        else:
            yield PlotView()

    def runs(self) -> tuple[RunFigures, RunFigures] | None:
        """Return the two runs, A and B."""
        overview = self.host.overview
        if overview is None or self.pair is None:
            return None
        first, second = run_of(overview, self.pair.run_id), run_of(overview, self.pair.other_run_id)
        return (first, second) if first is not None and second is not None else None

    def variants(self) -> list[Variant]:
        """Return the variants by which both runs were clustered."""
        return variants_of(self.data.contests) if self.data else []

    def contests(self) -> "list[Contest]":
        """Return who wins which matrix by the variant that is shown."""
        rows = self.data.contests if self.data else []
        return panels.in_order([row for row in rows if variant_of(row) == self.variant])

    def show_nothing(self, why: str) -> None:
        """Empty all panels and say why."""
        self.data = self.features = None
        for panel in self.PANELS:
            self.title_pane(panel.name, panel.title)
        for table in self.query(Table):
            table.fill([])
        for plot in self.query(PlotView):
            plot.show(None, why)
        self.query_one(LevelBars).show(None, missing=why)
        self.query_one(BarChart).show(None)
        self.note(why)

    def show_cost(self) -> None:
        """Show the perplexity of all runs of the model: it is known before anything is read."""
        overview, runs = self.host.overview, self.runs()
        if overview is None or runs is None or self.pair is None:
            return
        levels = panels.cost_levels(overview, self.pair, runs[0].model_id)
        self.query_one(LevelBars).show(levels, (self.pair.run_id,), missing=NO_COST)
        self.title_pane("cost", f"{levels.title} · {runs[0].model_id}")

    def show_pair(self) -> None:
        """Show how the two runs compare."""
        overview, runs = self.host.overview, self.runs()
        if self.data is None or overview is None or runs is None or self.pair is None:
            return
        named = f"A {describe_run(runs[0])} · B {describe_run(runs[1])}"
        self._show_map(named)
        errors = {(m.run_id, m.matrix_id): m.reconstruction_error for m in overview.matrices}
        self._fill("matrices", panels.overlap_rows(self.data, errors))
        self.title_pane("matrices", f"masks and reconstruction errors · {named}")
        self.query_one("#sweep PlotView", PlotView).show(panels.sweep_plot(self.data), NO_COST)
        self.title_pane("sweep", f"perplexity against sparsity · {runs[0].model_id}")
        self.show_contests()
        self.show_features()
        self._show_sentence()

    def show_contests(self) -> None:
        """Show who clusters better by one variant."""
        runs = self.runs()
        if self.data is None or runs is None:
            return
        names = panels.side_names(*runs)
        scatter = self.query_one("#scatter PlotView", PlotView)
        if self.variant is None:
            self._fill("winners", [])
            self.title_pane("winners", NO_CLUSTERS)
            scatter.show(None, NO_CLUSTERS)
            return
        rows = self.contests()
        self._fill("winners", [panels.contest_row(row, names) for row in rows])
        self.title_pane("winners", panels.contests_title(rows, names, self.variant))
        scatter.show(panels.distance_plot(self.data, self.variant, names), NO_CLUSTERS)
        self.title_pane("scatter", f"distances between over within clusters, {self.variant.name}")

    def show_features(self) -> None:
        """Show how the features of the selected matrix compare."""
        data = self.features
        if data is None:
            return
        row = next((row for row in self._overlaps() if row.matrix_id == data.matrix_id), None)
        chance = row.chance_jaccard if row is not None else None
        self.query_one(BarChart).show(panels.feature_bars(data, chance))
        self._fill("features", [panels.feature_row(feature) for feature in data.features])
        name = f"block {self.matrix.layer} {self.matrix.projection}" if self.matrix else ""
        kind = "rows" if data.axis == "output" else "columns"
        total = sum(group.feature_count for group in data.bins)
        self.title_pane("histogram", f"{total:,} features ({kind}) of {name} by Jaccard similarity")
        listed = f"{len(data.features):,} of {total:,} {kind}"
        self.title_pane("features", f"{name}: {listed}, the most different first" if total else NO_FEATURES)

    def _overlaps(self) -> "list[Overlap]":
        return self.data.overlaps if self.data else []

    def _show_map(self, named: str) -> None:
        overview = self.host.overview
        if overview is None or self.data is None or self.matrix is None:
            return
        places = matrix_places(overview, self.matrix.run_id)
        grid, palette = panels.overlap_grid(self.data, places, self.figure), palette_of(self.app)
        self.query_one(Heatmap).show(grid, palette, places.get(self.matrix.matrix_id))
        self.query_one(Legend).show(grid, palette)
        self.title_pane("map", f"{grid.figure.title} · {named}")

    def _show_sentence(self) -> None:
        if self.matrix is None:
            return
        row = next((row for row in self._overlaps() if row.matrix_id == self.matrix.matrix_id), None)
        self.note(panels.overlap_sentence(row) if row else "the other run did not prune this matrix")

    def _fill(self, name: str, rows: list[tuple[str, ...]]) -> None:
        self.query_one(f"#{name} Table", Table).fill(rows)
