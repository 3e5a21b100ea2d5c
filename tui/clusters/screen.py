# ruff: noqa: D102  # the registry says what each do_<verb> does
"""The clusters of a run: how far they stand above chance, matrix by matrix, and how sure that is."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.message import Message

from tui.clusters import panes, text
from tui.clusters.data import MatrixClusters, RunClusters, load_matrix, load_members, load_run
from tui.clusters.tables import clusters_tables
from tui.dialogs.tables import ExportTable
from tui.frame.panels import PanelScreen, chosen_row, panel_actions, place_of, step_actions
from tui.state.registry import Action
from tui.state.selection import describe_matrix, maskless, matrix_of, run_of
from tui.state.variants import Variant, next_variant, variant_named, variant_of, variants_of
from tui.widgets.level_bars import LevelBars
from tui.widgets.table import Table
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.clusters import Interval

NOT_CLUSTERED = "this run is not clustered; cluster its masks with: sparsity-etl run --cluster"
NOT_PRUNED = "{} has no mask; choose a pruned run in the overview (1)"


class ClustersScreen(PanelScreen):
    """Reads what the panels show, and follows what is chosen in them."""

    NAME: ClassVar[str] = "clusters"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("clusters.next_variant", "w", "k", "Show the next number of clusters, or algorithm", rank=1),
        Action("clusters.next_figure", "f", "figure", "Another figure in the panel in front", rank=2),
        *panel_actions("clusters"),
        *step_actions("clusters"),
        Action("clusters.open", "o", "open", "Open the selected matrix (2)", rank=6),
    )
    PANELS = panes.PANELS

    @dataclass
    class RunRead(Message):
        """The clusterings of a run are here."""

        data: RunClusters

    @dataclass
    class MatrixRead(Message):
        """The clusters of a matrix are here."""

        data: MatrixClusters

    @dataclass
    class MembersRead(Message):
        """The cluster of every feature of one clustering is here."""

        data: MatrixClusters
        members: dict[int, int]

    def __init__(self) -> None:
        super().__init__()
        self.run_data: RunClusters | None = None
        self.matrix_data: MatrixClusters | None = None
        self.variant: Variant | None = None
        self.figure = 0
        self.embedding = "pca"
        self.errors = False
        self._asked: tuple[object, object] = (None, None)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        self.matrix = matrix_of(app.overview, app.selection)
        if self.matrix is None:
            self.run_data = self.matrix_data = None
            self.show_nothing(NOT_PRUNED.format(maskless(app.overview, app.selection)))
            return
        run_id, matrix_id = self.matrix.run_id, self.matrix.matrix_id
        asked = ((app.generation, run_id), (app.generation, run_id, matrix_id))
        if asked[0] != self._asked[0]:
            self.run_data = None
            self.fetch("clusters of the run", partial(load_run, run_id=run_id), self.RunRead)
        if asked[1] != self._asked[1]:
            self.matrix_data = None
            work = partial(load_matrix, run_id=run_id, matrix_id=matrix_id)
            self.fetch("clusters of the matrix", work, self.MatrixRead)
        self._asked = asked
        self._show_run()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing more to show or to open."""
        if verb == "next_variant" and self.run_data is not None and not self.run_data.intervals:
            return "this run is not clustered"
        if verb == "next_figure" and self.front not in {"map", "places", "trends"}:
            return "this panel has one figure; the map, the scatter and the depth plot have more"
        if verb == "open" and self.matrix is None:
            return "this run has no pruned matrix"
        return None

    def view_options(self) -> dict[str, str]:
        """Return the panel in front, the variant of clustering and the figures of the panels."""
        options = super().view_options() | {
            "figure": text.FIGURES[self.figure][0].name,
            "embedding": self.embedding,
            "trends": "errors" if self.errors else "ratios",
        }
        return options | ({"variant": self.variant.name} if self.variant else {})

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show another panel, variant or figure."""
        super().use_view_options(options)
        self.figure = place_of(options.get("figure"), [figure.name for figure, _ in text.FIGURES])
        self.embedding = "tsne" if options.get("embedding") == "tsne" else "pca"
        self.errors = options.get("trends") == "errors"
        self.variant = variant_named(options.get("variant"))

    def tables(self) -> list[ExportTable]:
        """Return what the panels show, whole."""
        return clusters_tables(self.matrix.run_id, self.matrix.matrix_id) if self.matrix else []

    def do_next_variant(self) -> None:
        if self.run_data is not None and self.variant is not None:
            self._use_variant(next_variant(variants_of(self.run_data.intervals), self.variant))

    def do_next_figure(self) -> None:
        if self.front == "map":
            self.figure = (self.figure + 1) % len(text.FIGURES)
        elif self.front == "trends":
            self.errors = not self.errors
        elif self.front == "places":
            self.embedding = "tsne" if self.embedding == "pca" else "pca"
        self._show_run()
        self._show_matrix()

    def do_open(self) -> None:
        self.host.action_perform("app.screen_matrix")

    @on(RunRead)
    def _take_run(self, message: RunRead) -> None:
        if self.matrix is None or message.data.run_id != self.matrix.run_id:
            return
        self.run_data = message.data
        variants = variants_of(message.data.intervals)
        if self.variant not in variants:
            self.variant = variants[-1] if variants else None
        self._show_run()
        self._show_matrix()

    @on(MatrixRead)
    def _take_matrix(self, message: MatrixRead) -> None:
        if self.matrix is not None and message.data.matrix_id == self.matrix.matrix_id:
            self.matrix_data = message.data
            self._show_matrix()

    @on(LevelBars.Moved)
    def _choose_bar(self, message: LevelBars.Moved) -> None:
        matrix_id, k = message.key
        if self.variant is not None and k != self.variant.k:
            self._use_variant(replace(self.variant, k=k))
        self.select_matrix(matrix_id)

    @on(Table.RowHighlighted, "#ratios Table")
    def _choose_variant(self, event: Table.RowHighlighted) -> None:
        rows = self._matrix_rows()
        place = chosen_row(event)
        if place is not None and place < len(rows):
            self._use_variant(variant_of(rows[place]))

    @on(MembersRead)
    def _show_places(self, message: MembersRead) -> None:
        if message.data is self.matrix_data and self.matrix is not None:
            panel = self.query_one(panes.PlacesPanel)
            panel.show(message.data, message.members, self.embedding, self.matrix)

    def _matrix_rows(self) -> "list[Interval]":
        """Return the figures of the selected matrix, one row for each variant."""
        if self.run_data is None or self.matrix is None:
            return []
        return [row for row in self.run_data.intervals if row.matrix_id == self.matrix.matrix_id]

    def _show_run(self) -> None:
        """Show the clusterings of the run, those of the selected block and matrix first."""
        data, matrix, overview = self.run_data, self.matrix, self.host.overview
        if data is None or matrix is None or overview is None:
            return
        run = run_of(overview, matrix.run_id)
        name = run.run_label if run else ""
        self.query_one(panes.TrendsPanel).show(data, name, errors=self.errors)
        self.query_one(panes.PublishedPanel).show(data)
        if self.variant is not None:
            self._show_variant(data, matrix, self.variant, name)
            return
        self.query_one(panes.BarsPanel).clear(NOT_CLUSTERED)
        self.query_one(panes.RatiosPanel).clear(NOT_CLUSTERED)
        self.note(NOT_CLUSTERED)

    def _show_variant(self, data: RunClusters, matrix: MatrixFigures, variant: Variant, run: str) -> None:
        """Show what the run says of one variant of clustering."""
        self.query_one(panes.BarsPanel).show(data, matrix, variant, run)
        places = self.places()
        grid = text.run_grid(data, places, variant, self.figure)
        title = f"{grid.figure.title}, {variant.name} · {run}"
        self.query_one(panes.RunMapPanel).show(grid, places.get(matrix.matrix_id), title)
        rows = self._matrix_rows()
        self.query_one(panes.RatiosPanel).show(rows, variant, matrix)
        row = next((row for row in rows if variant_of(row) == variant), None)
        said = f", {variant.name} · {text.sentence(row)}" if row else f": not clustered by {variant.name}"
        self.note(describe_matrix(matrix) + said)

    def _show_matrix(self) -> None:
        """Show the clusters of the selected matrix; its scatter follows when the members are read."""
        data, matrix, variant = self.matrix_data, self.matrix, self.variant
        if data is None or matrix is None:
            return
        self.query_one(panes.StabilityPanel).show(data, matrix)
        self.query_one(panes.BlocksPanel).show(data, matrix)
        if variant is None:
            return
        sizes = text.clustering_of(data, variant)
        self.query_one(panes.SizesPanel).show(sizes, variant, matrix)
        if sizes and data.places:
            work = partial(load_members, clustering_id=sizes[0].clustering_id)
            self.fetch("clusters of the features", work, partial(self.MembersRead, data))
        else:
            self.query_one(panes.PlacesPanel).show_none(matrix)

    def _use_variant(self, variant: Variant) -> None:
        if variant != self.variant:
            self.variant = variant
            self._show_run()
            self._show_matrix()
