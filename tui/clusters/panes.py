"""The panels of the clusters screen: what each shows of what was read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.widget import Widget

from tui.clusters import text as panels
from tui.clusters.data import MatrixClusters, RunClusters
from tui.drawing.matrix_grid import matrix_places
from tui.drawing.themes import palette_of
from tui.frame.panels import Panel, PanelScreen
from tui.state.selection import describe_run, run_of
from tui.state.variants import Variant, variant_of
from tui.widgets.bar_chart import BarChart
from tui.widgets.heatmap import Heatmap
from tui.widgets.legend import Legend
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from tui.widgets.table import Table
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.clusters import Interval

NOT_CLUSTERED = "this run is not clustered; cluster its masks with: sparsity-etl run --cluster"
NOT_PRUNED = "the dense model has no mask; choose a pruned run in the overview (1)"
NO_PLACES = "no map of these features yet; sparsity-etl run places them by PCA and t-SNE"


class ClustersPanels(PanelScreen):
    """Every ratio stands beside its chance level, the macro ratio beside the pair ratio."""

    PANELS: ClassVar[tuple[Panel, ...]] = (
        Panel("bars", "bars", "left"),
        Panel("ratios", "ratios", "left"),
        Panel("map", "map"),
        Panel("places", "scatter"),
        Panel("sizes", "sizes"),
        Panel("trends", "depth"),
        Panel("stability", "stability"),
        Panel("blocks", "blocks"),
        Panel("published", "published"),
    )

    @dataclass
    class MembersWanted(Message):
        """The scatter needs the cluster of every feature."""

        data: MatrixClusters
        clustering_id: int

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self.run_data: RunClusters | None = None
        self.matrix_data: MatrixClusters | None = None
        self.variant: Variant | None = None
        self.figure = 0
        self.embedding = "pca"
        self.errors = False

    def compose_panel(self, name: str) -> Iterable[Widget]:
        """Yield the widgets of one panel."""
        if name == "map":
            yield Heatmap("clusters-map")
            yield Legend()
            return
        headings = {
            "ratios": panels.RATIO_HEADINGS,
            "stability": panels.STABILITY_HEADINGS,
            "blocks": panels.COHERENCE_HEADINGS,
            "published": panels.PUBLISHED_HEADINGS,
        }
        if name in headings:
            yield Table(*headings[name])
        elif name == "bars":
            yield LevelBars()
        elif name == "sizes":
            yield BarChart("reading …")
        else:
            yield PlotView()

    def matrix_rows(self) -> "list[Interval]":
        """Return the figures of the selected matrix, one row for each variant."""
        if self.run_data is None or self.matrix is None:
            return []
        return [row for row in self.run_data.intervals if row.matrix_id == self.matrix.matrix_id]

    def show_nothing(self, why: str) -> None:
        """Empty all panels and say why."""
        self.run_data = self.matrix_data = None
        for panel in self.PANELS:
            self.title_pane(panel.name, panel.title)
        for table in self.query(Table):
            table.fill([])
        for plot in self.query(PlotView):
            plot.show(None, why)
        self.query_one(LevelBars).show(None, missing=why)
        self.query_one(BarChart).show(None)
        self.note(why)

    def show_run(self) -> None:
        """Show the clusterings of the run, those of the selected block and matrix first."""
        data, matrix, overview = self.run_data, self.matrix, self.host.overview
        if data is None or matrix is None or overview is None:
            return
        run = run_of(overview, matrix.run_id)
        name = describe_run(run) if run else ""
        self._show_trends(data, name)
        self._fill("published", [panels.published_row(row) for row in data.published])
        self.title_pane("published", self._published_title(data))
        if self.variant is None:
            self.query_one(LevelBars).show(None, missing=NOT_CLUSTERED)
            self.note(NOT_CLUSTERED)
            return
        levels = panels.block_levels(data, matrix.layer, self.variant.algorithm, self.variant.distance)
        self.query_one(LevelBars).show(levels, (matrix.matrix_id, self.variant.k))
        self.title_pane("bars", f"{levels.title} · {name}")
        self._show_map(data, matrix_places(overview, matrix.run_id), name)
        self._show_ratios()

    def show_matrix(self) -> None:
        """Show the clusters of the selected matrix."""
        data = self.matrix_data
        if data is None:
            return
        self._fill("stability", [panels.stability_row(row) for row in data.agreements])
        self._fill("blocks", [panels.coherence_row(row) for row in data.coherence])
        name = self._matrix_name()
        some = "adjusted Rand index (ARI) between clusterings: 1 equal, 0 chance"
        self.title_pane("stability", f"{name}: {some if data.agreements else panels.MORE_SEEDS}")
        self.title_pane("blocks", f"{name}: one position × one cluster, wholly pruned")
        if self.variant is None:
            return
        sizes = panels.clustering_of(data, self.variant)
        self.query_one(BarChart).show(panels.size_bars(sizes))
        at = f" around feature {sizes[0].reference_feature}" if sizes else ""
        self.title_pane("sizes", f"features in each cluster of {name}, {self.variant.name}{at}")
        if sizes and data.places:
            self.post_message(self.MembersWanted(data, sizes[0].clustering_id))
        else:
            self.query_one("#places PlotView", PlotView).show(None, NO_PLACES)
            self.title_pane("places", f"clustered features of {name}")

    def show_places(self, data: MatrixClusters, members: dict[int, int]) -> None:
        """Show the clustered features in the plane."""
        known = sorted({place.embedding for place in data.places})
        embedding = self.embedding if self.embedding in known else known[0]
        plot = panels.place_plot(data, members, embedding)
        self.query_one("#places PlotView", PlotView).show(plot, NO_PLACES)
        name = {"pca": "PCA", "tsne": "t-SNE"}.get(embedding, embedding)
        self.title_pane("places", f"clustered features of {self._matrix_name()} by {name}")

    def _show_ratios(self) -> None:
        rows = self.matrix_rows()
        table = self.query_one("#ratios Table", Table)
        table.fill([panels.ratio_row(row) for row in rows])
        here = next((place for place, row in enumerate(rows) if variant_of(row) == self.variant), None)
        self.title_pane(
            "ratios", f"separation ratios of {self._matrix_name()}, mean over references and seeds"
        )
        if here is None:
            self.note(f"{self._matrix_name()}: not clustered by {self.variant.name if self.variant else ''}")
            return
        table.move_cursor(row=here)
        self.note(f"{self._matrix_name()}, {variant_of(rows[here]).name} · {panels.sentence(rows[here])}")

    def _show_map(self, data: RunClusters, places: dict[int, tuple[int, str]], name: str) -> None:
        if self.variant is None or self.matrix is None:
            return
        grid, palette = panels.run_grid(data, places, self.variant, self.figure), palette_of(self.app)
        self.query_one(Heatmap).show(grid, palette, places.get(self.matrix.matrix_id))
        self.query_one(Legend).show(grid, palette)
        self.title_pane("map", f"{grid.figure.title}, {self.variant.name} · {name}")

    def _show_trends(self, data: RunClusters, name: str) -> None:
        plot = panels.trend_plot(data, errors=self.errors)
        self.query_one("#trends PlotView", PlotView).show(plot, "no figures by block of this run")
        shown = "reconstruction error" if self.errors else "separation above chance, largest k,"
        self.title_pane("trends", f"{shown} by depth · {name}")

    def _fill(self, name: str, rows: list[tuple[str, ...]]) -> None:
        self.query_one(f"#{name} Table", Table).fill(rows)

    def _published_title(self, data: RunClusters) -> str:
        if not data.published:
            return "no published ratio is of this method, sparsity and pattern"
        return f"published for {data.published[0].reported_model}, beside ours; chance beside both"

    def _matrix_name(self) -> str:
        return f"block {self.matrix.layer} {self.matrix.projection}" if self.matrix else ""
