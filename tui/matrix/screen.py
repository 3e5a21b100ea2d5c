# ruff: noqa: D102  # the registry says what each do_<verb> does
"""One weight matrix of one run: its mask as a spy plot, and its structure beside chance."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.message import Message

from tui.dialogs.tables import ExportTable
from tui.frame.panels import PanelScreen, chosen_row, panel_actions, step_actions
from tui.matrix import panes
from tui.matrix.data import MatrixKey, Profile, Structure, load_profile, load_separations, load_structure
from tui.matrix.tables import matrix_tables
from tui.state.registry import Action
from tui.state.selection import describe_matrix, matrix_of, run_of
from tui.widgets.table import Table

if TYPE_CHECKING:
    from warehouse.expressions.matrices import Separation


class MatrixScreen(PanelScreen):
    """Shows the selected matrix; every part arrives by itself from a worker."""

    NAME: ClassVar[str] = "matrix"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "matrix.order", "o", "order", "Order features: as stored, by cluster, by Hamming gradient", rank=1
        ),
        Action("matrix.closer", "plus,equals_sign", "closer", "Look closer at the spy plot", rank=2),
        Action("matrix.further", "minus", "further", "Look at the spy plot from further away", rank=3),
        Action("matrix.whole", "0", "whole", "Show the whole matrix in the spy plot"),
        *(action for action in panel_actions("matrix") if action.verb != "write_text"),
        *step_actions("matrix"),
        Action("matrix.axis", "x", "axis", "Densities along inputs or along outputs", rank=14),
        Action("matrix.back", "escape,backspace", "back", "Back to the overview"),
    )
    PANELS = panes.PANELS

    @dataclass
    class SeparationsRead(Message):
        """The clusterings of a matrix are here."""

        key: MatrixKey
        separations: "list[Separation]"

    @dataclass
    class StructureRead(Message):
        """A clustering of a matrix is here in detail."""

        key: MatrixKey
        structure: Structure

    @dataclass
    class ProfileRead(Message):
        """The densities of a matrix are here."""

        profile: Profile

    def __init__(self) -> None:
        super().__init__()
        self.key: MatrixKey | None = None
        self.axis = "input"
        self.separations: list[Separation] = []
        self._preferred_k: int | None = None
        self._shown: tuple[int, int, int] | None = None

    def rotation(self) -> list[str]:
        """Return the panels beside the spy plot, which is always in view."""
        return [panel.NAME for panel in self.PANELS if panel is not panes.SpyPanel]

    def bring_to_front(self, name: str) -> None:
        """Put a panel in front; the focus stays, on the spy plot as a rule."""
        focused = self.focused
        super().bring_to_front(name)
        self.set_focus(focused)

    def update(self) -> None:
        """Show the selected matrix."""
        app = self.host
        self.matrix = matrix_of(app.overview, app.selection) if app.overview else None
        if self.matrix is None or app.overview is None:
            return
        shown = (app.generation, self.matrix.run_id, self.matrix.matrix_id)
        if shown == self._shown:
            return
        if self._shown is not None:
            self.axis = "input"
        self._shown = shown
        run = run_of(app.overview, self.matrix.run_id)
        name = f"{describe_matrix(self.matrix)} · {run.run_label if run else ''}"
        size = self.matrix.out_features, self.matrix.in_features
        self.key = key = MatrixKey(self.matrix.run_id, self.matrix.matrix_id, *size)
        self.query_one(panes.SpyPanel).show(key, f"{name} · {size[0]}×{size[1]}")
        deliver = partial(self.SeparationsRead, key)
        self.fetch("clusterings", partial(load_separations, key=key), deliver)
        self._fetch_profile()

    def why_not(self, verb: str) -> str | None:
        """Say why the other axis cannot be shown."""
        if verb == "axis" and self.matrix is not None and self.matrix.projection != "down":
            return "densities along outputs are stored for down projections alone"
        return None

    def view_options(self) -> dict[str, str]:
        """Return the panel in front, the number of clusters, and axis, order and part of the picture."""
        options = super().view_options() | {"axis": self.axis} | self.query_one(panes.SpyPanel).view_options()
        return options | ({"k": str(self._preferred_k)} if self._preferred_k is not None else {})

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show another panel, clustering, axis or order, or part of the matrix."""
        super().use_view_options(options)
        self.axis = "output" if options.get("axis") == "output" else "input"
        self._preferred_k = int(options["k"]) if options.get("k", "").isdecimal() else None
        self.query_one(panes.SpyPanel).use_view_options(options)

    def tables(self) -> list[ExportTable]:
        """Return what the panels show."""
        structure = self.query_one(panes.SpyPanel).structure
        if self.key is None:
            return []
        return matrix_tables(replace(self.key, axis=self.axis), structure.separation if structure else None)

    def do_order(self) -> None:
        self.query_one(panes.SpyPanel).turn_order()

    def do_closer(self) -> None:
        self.query_one(panes.SpyPanel).zoom(closer=True)

    def do_further(self) -> None:
        self.query_one(panes.SpyPanel).zoom(closer=False)

    def do_whole(self) -> None:
        self.query_one(panes.SpyPanel).whole()

    def do_axis(self) -> None:
        self.axis = "output" if self.axis == "input" else "input"
        self._fetch_profile()

    def do_back(self) -> None:
        self.app.switch_mode("overview")

    @on(SeparationsRead)
    def _take_separations(self, message: SeparationsRead) -> None:
        if message.key != self.key:
            return
        self.separations = message.separations
        ratios = self.query_one(panes.RatiosPanel)
        ratios.show(message.separations)
        ks = [row.k for row in message.separations]
        if not ks:
            self._show_structure(None)
            return
        row = ks.index(self._preferred_k if self._preferred_k in ks else max(ks))
        ratios.table.move_cursor(row=row)
        self._fetch_structure(row)

    @on(Table.RowHighlighted, "#ratios Table")
    def _choose_clustering(self, event: Table.RowHighlighted) -> None:
        row = chosen_row(event)
        if row is not None and row < len(self.separations):
            self._fetch_structure(row)

    @on(StructureRead)
    def _take_structure(self, message: StructureRead) -> None:
        if message.key == self.key:
            self._show_structure(message.structure)
            self.query_one(panes.SpyPanel).use(message.structure)

    @on(ProfileRead)
    def _show_profile(self, message: ProfileRead) -> None:
        self.query_one(panes.DensityPanel).show(message.profile)
        self.query_one(panes.FeaturesPanel).show(message.profile)

    def _fetch_structure(self, row: int) -> None:
        if self.key is not None:
            separation = self.separations[row]
            self._preferred_k = separation.k
            work = partial(load_structure, key=self.key, separation=separation)
            self.fetch("structure", work, partial(self.StructureRead, self.key))

    def _fetch_profile(self) -> None:
        if self.key is not None:
            work = partial(load_profile, key=replace(self.key, axis=self.axis))
            self.fetch("densities", work, self.ProfileRead)

    def _show_structure(self, structure: Structure | None) -> None:
        self.query_one(panes.DistancesPanel).show(structure)
        self.query_one(panes.SizesPanel).show(structure)
