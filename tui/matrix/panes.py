"""The panels beside the spy plot: ratios, distances, clusters, densities, features."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui.matrix import data as matrix_data
from tui.matrix import text as matrix_panels
from tui.matrix.data import MatrixKey, Profile, Structure
from tui.state.fetching import Fetcher
from tui.state.host import host_of
from tui.widgets.bar_chart import BarChart
from tui.widgets.table import Table

if TYPE_CHECKING:
    from warehouse.expressions.matrices import Separation

PANELS = ("ratios", "hamming", "sizes", "density", "features")


class MatrixDeck(Vertical):
    """All panels at once where there is room, else one at a time."""

    @dataclass
    class Clustered(Message):
        """The clusterings of the matrix are here."""

        key: MatrixKey
        separations: "list[Separation]"

    @dataclass
    class Profiled(Message):
        """The densities are here."""

        profile: Profile

    @dataclass
    class Structured(Message):
        """A clustering is here in detail; it is the one that the screen is about now."""

        key: MatrixKey
        structure: Structure | None

    def __init__(self) -> None:
        super().__init__(id="panels", classes="wrap")
        self.fetcher = Fetcher(self)
        self.key: MatrixKey | None = None
        self.panel = PANELS[0]
        self.separations: list[Separation] = []
        self._preferred_k: int | None = None

    def compose(self) -> ComposeResult:
        """Make the panels."""
        with Vertical(id="ratios", classes="pane panel"):
            yield Table(*matrix_panels.RATIO_HEADINGS)
        with Vertical(id="hamming", classes="pane panel"):
            yield BarChart("no clustering of this matrix, so no reference feature")
        with Vertical(id="sizes", classes="pane panel"):
            yield BarChart("no clustering of this matrix")
        with Vertical(id="density", classes="pane panel"):
            yield BarChart("no figures of single features for this matrix")
        with Vertical(id="features", classes="pane panel"):
            yield Table(*matrix_panels.FEATURE_HEADINGS)

    def on_mount(self) -> None:
        """Put one panel in front for terminals with room for one."""
        self.turn(0)

    def show(self, key: MatrixKey) -> None:
        """Fetch everything about a matrix; panels fill as their parts arrive."""
        self.key = key
        self._fetch(
            "clusterings", partial(matrix_data.load_separations, key=key), partial(self.Clustered, key)
        )
        self.show_axis(key)

    def show_axis(self, key: MatrixKey) -> None:
        """Show the densities along the axis of the key."""
        self._fetch("densities", partial(matrix_data.load_profile, key=key), self.Profiled)

    def turn(self, step: int) -> None:
        """Put another panel in front, and the focus on it if the focus was on a panel."""
        self.panel = PANELS[(PANELS.index(self.panel) + step) % len(PANELS)]
        for name in PANELS:
            self.query_one(f"#{name}").set_class(name == self.panel, "-front")

    @on(Clustered)
    def _list_clusterings(self, message: Clustered) -> None:
        if message.key != self.key:
            return
        self.separations = message.separations
        self.query_one("#ratios").border_title = matrix_panels.ratios_title(message.separations)
        table = self.query_one("#ratios Table", Table)
        table.fill([matrix_panels.ratio_row(row) for row in message.separations])
        ks = [row.k for row in message.separations]
        if not ks:
            self._show_structure(None)
            return
        table.move_cursor(row=ks.index(self._preferred_k) if self._preferred_k in ks else ks.index(max(ks)))
        self._fetch_structure(table.cursor_row)

    @on(Table.RowHighlighted, "#ratios Table")
    def _choose(self, event: Table.RowHighlighted) -> None:
        if self.query_one("#ratios Table", Table).has_focus:
            self._fetch_structure(event.cursor_row)

    def _fetch_structure(self, row: int) -> None:
        if self.key is None or not 0 <= row < len(self.separations):
            return
        separation = self.separations[row]
        self._preferred_k = separation.k
        self._fetch(
            "structure",
            partial(matrix_data.load_structure, key=self.key, separation=separation),
            partial(self.Structured, self.key),
        )

    @on(Structured)
    def _take_structure(self, message: Structured) -> None:
        if message.key == self.key:
            self._show_structure(message.structure)

    def _show_structure(self, structure: Structure | None) -> None:
        self.query_one("#hamming BarChart", BarChart).show(matrix_panels.histogram_bars(structure))
        self.query_one("#sizes BarChart", BarChart).show(matrix_panels.size_bars(structure))
        self.query_one("#hamming").border_title = matrix_panels.histogram_title(structure)
        self.query_one("#sizes").border_title = matrix_panels.sizes_title(structure)

    @on(Profiled)
    def _show_profile(self, message: Profiled) -> None:
        profile = message.profile
        self.query_one("#density BarChart", BarChart).show(matrix_panels.density_bars(profile))
        self.query_one("#features Table", Table).fill(matrix_panels.feature_rows(profile))
        self.query_one("#density").border_title = matrix_panels.density_title(profile)
        self.query_one("#features").border_title = f"densest and sparsest {profile.key.axis} features"

    def _fetch(self, group: str, work: matrix_data.Work, deliver: matrix_data.Deliver) -> None:
        reader = host_of(self.app).reader
        if reader is not None:
            self.fetcher.fetch(reader, group, work, deliver)
