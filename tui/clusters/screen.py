# ruff: noqa: D102  # the registry says what each do_<verb> does
"""The clusters of a run: how far they stand above chance, matrix by matrix, and how sure that is."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from tui.clusters import data as clusters_data
from tui.clusters import text as panels
from tui.clusters.data import MatrixClusters, RunClusters
from tui.clusters.panes import NOT_PRUNED, ClustersPanels
from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable
from tui.drawing.matrix_grid import matrix_places
from tui.frame.panels import chosen_row, panel_actions, step_actions
from tui.state.registry import Action
from tui.state.selection import matrix_of
from tui.state.variants import Variant, next_variant, variant_of, variants_of
from tui.widgets.heatmap import Heatmap
from tui.widgets.level_bars import LevelBars
from tui.widgets.table import Table


class ClustersScreen(ClustersPanels):
    """Reads what the panels show, and follows what is chosen in them."""

    NAME: ClassVar[str] = "clusters"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("clusters.next_variant", "w", "k", "Show the next number of clusters, or algorithm", rank=1),
        Action("clusters.next_figure", "f", "figure", "Another figure in the panel in front", rank=2),
        *panel_actions("clusters"),
        *step_actions("clusters"),
        Action("clusters.open", "o", "open", "Open the selected matrix (2)", rank=6),
    )

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
        self._asked: tuple[object, object] = (None, None)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        self.matrix = matrix_of(app.overview, app.selection)
        if self.matrix is None:
            self.show_nothing(NOT_PRUNED)
            return
        run_id, matrix_id = self.matrix.run_id, self.matrix.matrix_id
        asked = ((app.generation, run_id), (app.generation, run_id, matrix_id))
        if asked[0] != self._asked[0]:
            self.run_data = None
            self.fetch("clusters of the run", partial(clusters_data.load_run, run_id=run_id), self.RunRead)
        if asked[1] != self._asked[1]:
            self.matrix_data = None
            work = partial(clusters_data.load_matrix, run_id=run_id, matrix_id=matrix_id)
            self.fetch("clusters of the matrix", work, self.MatrixRead)
        self._asked = asked
        self.show_run()

    def why_not(self, verb: str) -> str | None:
        """Say why there is nothing to turn to or to open."""
        if verb == "next_variant" and self.run_data is not None and not self.run_data.intervals:
            return "this run is not clustered"
        if verb == "next_figure" and self.front not in {"map", "places", "trends"}:
            return "this panel has one figure; the map, the scatter and the depth plot have more"
        if verb == "open" and self.matrix is None:
            return "this run has no pruned matrix"
        return None

    def tables(self) -> list[ExportTable]:
        """Return what the panels show, whole."""
        if self.matrix is None:
            return []
        run_id, matrix_id = self.matrix.run_id, self.matrix.matrix_id
        run, matrix = f"run-{run_id}", f"run-{run_id}-matrix-{matrix_id}"

        def table(name: str, title: str, question: str, *key: int) -> ExportTable:
            return question_table(name, title, "clusters", question, *key)

        return [
            table(f"{run}-separations", f"Separation of every matrix of run {run_id}", "intervals", run_id),
            table(f"{run}-trends", "Figures by depth", "trends", run_id),
            table(f"{run}-published", "Published ratios beside ours", "published", run_id),
            table(f"{matrix}-sizes", "Cluster sizes of this matrix", "sizes", run_id, matrix_id),
            table(f"{matrix}-stability", "Agreement of clusterings", "agreements", run_id, matrix_id),
            table(f"{matrix}-blocks", "What skipping blocks could save", "coherence", run_id, matrix_id),
            table(f"{matrix}-scatter", "Features in the plane", "places", run_id, matrix_id),
        ]

    def do_next_variant(self) -> None:
        if self.run_data is not None and self.variant is not None:
            self._use_variant(next_variant(variants_of(self.run_data.intervals), self.variant))

    def do_next_figure(self) -> None:
        if self.front == "map":
            self.figure = (self.figure + 1) % len(panels.FIGURES)
        elif self.front == "trends":
            self.errors = not self.errors
        elif self.front == "places":
            self.embedding = "tsne" if self.embedding == "pca" else "pca"
        self.show_run()
        self.show_matrix()

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
        self.show_run()
        self.show_matrix()

    @on(MatrixRead)
    def _take_matrix(self, message: MatrixRead) -> None:
        if self.matrix is not None and message.data.matrix_id == self.matrix.matrix_id:
            self.matrix_data = message.data
            self.show_matrix()

    @on(LevelBars.Moved)
    def _choose_bar(self, message: LevelBars.Moved) -> None:
        matrix_id, k = message.key
        if self.variant is not None and k != self.variant.k:
            self._use_variant(replace(self.variant, k=k))
        self._select(matrix_id)

    @on(Heatmap.Moved)
    def _choose_cell(self, message: Heatmap.Moved) -> None:
        selection = self.host.selection
        self.host.select(replace(selection, layer=message.row, projection=message.column))

    @on(Heatmap.Opened)
    def _open_cell(self) -> None:
        self.do_open()

    @on(Table.RowHighlighted, "#ratios Table")
    def _choose_variant(self, event: Table.RowHighlighted) -> None:
        rows = self.matrix_rows()
        place = chosen_row(event)
        if place is not None and place < len(rows):
            self._use_variant(variant_of(rows[place]))

    @on(ClustersPanels.MembersWanted)
    def _fetch_members(self, message: ClustersPanels.MembersWanted) -> None:
        self.fetch(
            "clusters of the features",
            partial(clusters_data.load_members, clustering_id=message.clustering_id),
            partial(self.MembersRead, message.data),
        )

    @on(MembersRead)
    def _show_places(self, message: MembersRead) -> None:
        if message.data is self.matrix_data:
            self.show_places(message.data, message.members)

    def _use_variant(self, variant: Variant) -> None:
        if variant != self.variant:
            self.variant = variant
            self.show_run()
            self.show_matrix()

    def _select(self, matrix_id: int) -> None:
        app = self.host
        if app.overview is not None and self.matrix is not None and matrix_id != self.matrix.matrix_id:
            layer, projection = matrix_places(app.overview, self.matrix.run_id)[matrix_id]
            app.select(replace(app.selection, layer=layer, projection=projection))
