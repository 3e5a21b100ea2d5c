"""The panels of the clusters screen: every ratio stands beside its chance level."""

from typing import TYPE_CHECKING

from tui.clusters import text
from tui.clusters.data import MatrixClusters, RunClusters
from tui.frame.panes import ChartPanel, HeatmapPanel, LevelsPanel, PlotPanel, TablePanel
from tui.state.selection import describe_matrix
from tui.state.variants import Variant, variant_of
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.clusters import Interval, Size

NO_PLACES = "no map of these features yet; sparsity-etl run places them by PCA and t-SNE"
EMBEDDINGS = {"pca": "PCA", "tsne": "t-SNE"}


class BarsPanel(LevelsPanel):
    """The separation of every matrix of a block, for every number of clusters."""

    NAME = "bars"
    TITLE = "bars"
    SIDE = "left"

    def show(self, data: RunClusters, matrix: MatrixFigures, variant: Variant, run: str) -> None:
        """Show the block of a matrix with the cursor on the matrix."""
        levels = text.block_levels(data, matrix.layer, variant.algorithm, variant.distance)
        self.bars.show(levels, (matrix.matrix_id, variant.k))
        self.retitle(f"{levels.title} · {run}")


class RatiosPanel(TablePanel):
    """The ratios of the selected matrix, a row for every variant."""

    NAME = "ratios"
    TITLE = "ratios"
    SIDE = "left"
    HEADINGS = text.RATIO_HEADINGS

    def show(self, rows: "list[Interval]", variant: Variant, matrix: MatrixFigures) -> None:
        """Show the ratios with the cursor on the variant in view."""
        self.table.fill([text.ratio_row(row) for row in rows])
        variants = [variant_of(row) for row in rows]
        if variant in variants:
            self.table.move_cursor(row=variants.index(variant))
        self.retitle(f"separation ratios of {describe_matrix(matrix)}, mean over references and seeds")


class RunMapPanel(HeatmapPanel):
    """One figure of every matrix of the run."""

    NAME = "map"
    TITLE = "map"
    HEATMAP = "clusters-map"


class PlacesPanel(PlotPanel):
    """The clustered features in the plane."""

    NAME = "places"
    TITLE = "scatter"

    def show(
        self, data: MatrixClusters, members: dict[int, int], embedding: str, matrix: MatrixFigures
    ) -> None:
        """Show an embedding, or the first one if it is missing; `members` maps features to clusters."""
        known = sorted({place.embedding for place in data.places})
        shown = embedding if embedding in known else known[0]
        self.plot.show(text.place_plot(data, members, shown), NO_PLACES)
        self.retitle(f"clustered features of {describe_matrix(matrix)} by {EMBEDDINGS.get(shown, shown)}")

    def show_none(self, matrix: MatrixFigures) -> None:
        """Say how to get them."""
        self.plot.show(None, NO_PLACES)
        self.retitle(f"clustered features of {describe_matrix(matrix)}")


class SizesPanel(ChartPanel):
    """How many features are in each cluster."""

    NAME = "sizes"
    TITLE = "sizes"

    def show(self, sizes: "list[Size]", variant: Variant, matrix: MatrixFigures) -> None:
        """Show the clusters of one clustering."""
        self.chart.show(text.size_bars(sizes))
        around = f" around feature {sizes[0].reference_feature}" if sizes else ""
        self.retitle(f"features in each cluster of {describe_matrix(matrix)}, {variant.name}{around}")


class TrendsPanel(PlotPanel):
    """How figures change with depth."""

    NAME = "trends"
    TITLE = "depth"

    def show(self, data: RunClusters, run: str, *, errors: bool) -> None:
        """Show reconstruction errors, or else separation."""
        self.plot.show(text.trend_plot(data, errors=errors), "no figures by block of this run")
        shown = "reconstruction error" if errors else "separation above chance, largest k,"
        self.retitle(f"{shown} by depth · {run}")


class StabilityPanel(TablePanel):
    """How far clusterings agree."""

    NAME = "stability"
    TITLE = "stability"
    HEADINGS = text.STABILITY_HEADINGS

    def show(self, data: MatrixClusters, matrix: MatrixFigures) -> None:
        """Show the agreement of clusterings that differ in one setting."""
        self.table.fill([text.stability_row(row) for row in data.agreements])
        some = "adjusted Rand index (ARI) between clusterings: 1 equal, 0 chance"
        self.retitle(f"{describe_matrix(matrix)}: {some if data.agreements else text.MORE_SEEDS}")


class BlocksPanel(TablePanel):
    """What skipping blocks of pruned weights could save."""

    NAME = "blocks"
    TITLE = "blocks"
    HEADINGS = text.COHERENCE_HEADINGS

    def show(self, data: MatrixClusters, matrix: MatrixFigures) -> None:
        """Show what every order of the features could save."""
        self.table.fill([text.coherence_row(row) for row in data.coherence])
        self.retitle(f"{describe_matrix(matrix)}: one position × one cluster, wholly pruned")


class PublishedPanel(TablePanel):
    """Published ratios beside ours."""

    NAME = "published"
    TITLE = "published"
    HEADINGS = text.PUBLISHED_HEADINGS

    def show(self, data: RunClusters) -> None:
        """Show what was published for runs of this kind."""
        self.table.fill([text.published_row(row) for row in data.published])
        if data.published:
            model = data.published[0].reported_model
            self.retitle(f"published for {model}, beside ours; chance beside both")
        else:
            self.retitle("no published ratio is of this method, sparsity and pattern")


# In the order of the keys [ and ].
PANELS = (
    BarsPanel,
    RatiosPanel,
    RunMapPanel,
    PlacesPanel,
    SizesPanel,
    TrendsPanel,
    StabilityPanel,
    BlocksPanel,
    PublishedPanel,
)
