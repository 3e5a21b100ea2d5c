"""The panels of the compare screen: two runs, A and B, and chance beside every figure that has one."""

from typing import TYPE_CHECKING

from tui.compare import text
from tui.compare.data import FeatureData, Pair, PairData
from tui.frame.panes import ChartPanel, HeatmapPanel, LevelsPanel, PlotPanel, TablePanel
from tui.state.selection import describe_matrix
from tui.state.variants import Variant
from warehouse.overview import MatrixFigures, Overview

if TYPE_CHECKING:
    from warehouse.expressions.compare import Contest

NO_FEATURES = "not compared feature by feature; sparsity-etl run compares the runs of a model"
NO_CLUSTERS = "not clustered in both runs; cluster with: sparsity-etl run --cluster"
NO_COST = "no perplexity was measured; measure with: sparsity-etl run --evaluate"


class OverlapMapPanel(HeatmapPanel):
    """How alike the masks of every matrix are."""

    NAME = "map"
    TITLE = "overlap"
    SIDE = "left"
    HEATMAP = "compare-map"


class CostPanel(LevelsPanel):
    """The perplexity of every run of the model."""

    NAME = "cost"
    TITLE = "cost"
    SIDE = "left"

    def show(self, overview: Overview, pair: Pair, model_id: str) -> None:
        """Show all runs with the cursor on A."""
        levels = text.cost_levels(overview, pair, model_id)
        self.bars.show(levels, (pair.run_id,), missing=NO_COST)
        self.retitle(f"{levels.title} · {model_id}")


class MatricesPanel(TablePanel):
    """How alike two runs are, matrix by matrix."""

    NAME = "matrices"
    TITLE = "matrices"
    HEADINGS = text.OVERLAP_HEADINGS

    def show(self, data: PairData, overview: Overview, runs: str) -> None:
        """Show the masks beside the reconstruction errors of both runs."""
        errors = {(m.run_id, m.matrix_id): m.reconstruction_error for m in overview.matrices}
        self.table.fill(text.overlap_rows(data, errors))
        self.retitle(f"masks and reconstruction errors · {runs}")


class WinnersPanel(TablePanel):
    """Whose features cluster better, matrix by matrix."""

    NAME = "winners"
    TITLE = "winners"
    HEADINGS = text.CONTEST_HEADINGS

    def show(self, rows: "list[Contest]", names: dict[str, str], variant: Variant) -> None:
        """Show the contests of one variant of clustering."""
        self.table.fill([text.contest_row(row, names) for row in rows])
        self.retitle(text.contests_title(rows, names, variant))

    def show_none(self) -> None:
        """Say how to get them."""
        self.table.fill([])
        self.retitle(NO_CLUSTERS)


class DistancesPanel(PlotPanel):
    """Distances between clusters over those within."""

    NAME = "scatter"
    TITLE = "scatter"

    def show(self, data: PairData, names: dict[str, str], variant: Variant) -> None:
        """Show a point for every matrix of each run."""
        self.plot.show(text.distance_plot(data, variant, names), NO_CLUSTERS)
        self.retitle(f"distances between over within clusters, {variant.name}")

    def show_none(self) -> None:
        """Say how to get them."""
        self.plot.show(None, NO_CLUSTERS)


class HistogramPanel(ChartPanel):
    """The features of the selected matrix, counted by their similarity in both runs."""

    NAME = "histogram"
    TITLE = "histogram"
    MISSING = NO_FEATURES

    def show(self, data: FeatureData, matrix: MatrixFigures, chance: float | None) -> None:
        """Show the Jaccard similarities with the one that chance expects."""
        self.chart.show(text.feature_bars(data, chance))
        counted = f"{data.feature_count:,} features ({data.kind})"
        self.retitle(f"{counted} of {describe_matrix(matrix)} by Jaccard similarity")


class FeaturesPanel(TablePanel):
    """The features of the selected matrix, the most different first."""

    NAME = "features"
    TITLE = "features"
    HEADINGS = text.FEATURE_HEADINGS

    def show(self, data: FeatureData, matrix: MatrixFigures) -> None:
        """Show each feature in both runs."""
        self.table.fill([text.feature_row(feature) for feature in data.features])
        if data.feature_count:
            listed = f"{len(data.features):,} of {data.feature_count:,} {data.kind}"
            self.retitle(f"{describe_matrix(matrix)}: {listed}, the most different first")
        else:
            self.retitle(NO_FEATURES)


class SweepPanel(PlotPanel):
    """Perplexity over sparsity, all runs of the model."""

    NAME = "sweep"
    TITLE = "sparsity"

    def show(self, data: PairData, model_id: str) -> None:
        """Show a line for every method and pattern."""
        self.plot.show(text.sweep_plot(data), NO_COST)
        self.retitle(f"perplexity against sparsity · {model_id}")


# In the order of the keys [ and ].
PANELS = (
    OverlapMapPanel,
    CostPanel,
    MatricesPanel,
    WinnersPanel,
    DistancesPanel,
    HistogramPanel,
    FeaturesPanel,
    SweepPanel,
)
