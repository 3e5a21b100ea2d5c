# ruff: noqa: D102  # the registry says what each do_<verb> does
"""One weight matrix of one run: its mask as a spy plot, and its structure beside chance."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.widget import Widget

from tui.dialogs.tables import ExportTable
from tui.frame.screen import SparsityScreen
from tui.matrix.data import MatrixKey
from tui.matrix.panes import MatrixDeck
from tui.matrix.spy import Spy
from tui.matrix.spy_pane import SpyPane
from tui.matrix.tables import matrix_tables
from tui.state.registry import Action
from tui.state.selection import describe_run, matrix_of, next_run, run_of, stepped
from warehouse.overview import MatrixFigures


class MatrixScreen(SparsityScreen):
    """Shows the selected matrix; every part arrives by itself from a worker."""

    NAME: ClassVar[str] = "matrix"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "matrix.order", "o", "order", "Order features: as stored, by cluster, by Hamming gradient", rank=1
        ),
        Action("matrix.closer", "plus,equals_sign", "closer", "Look closer at the spy plot", rank=2),
        Action("matrix.further", "minus", "further", "Look at the spy plot from further away", rank=3),
        Action("matrix.whole", "0", "whole", "Show the whole matrix in the spy plot"),
        Action("matrix.next_panel", "right_square_bracket", "panel", "Put the next panel in front", rank=4),
        Action("matrix.previous_panel", "left_square_bracket", "back", "Put the panel before in front"),
        Action("matrix.next_block", "J", "block", "The same projection of the next block", rank=12),
        Action("matrix.previous_block", "K", "block before", "The same projection of the block before"),
        Action("matrix.next_projection", "L", "projection", "The next projection of the block", rank=13),
        Action("matrix.previous_projection", "H", "projection before", "The projection before it"),
        Action("matrix.next_run", "r", "run", "The same matrix as the next run pruned it", rank=5),
        Action("matrix.axis", "x", "axis", "Densities along inputs or along outputs", rank=14),
        Action("matrix.back", "escape,backspace", "back", "Back to the overview"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self.axis = "input"
        self._shown: tuple[int, int, int] | None = None

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the spy plot beside, or above, the panels."""
        yield SpyPane()
        yield MatrixDeck()

    def on_mount(self) -> None:
        """Start on the spy plot."""
        super().on_mount()
        self.query_one(Spy).focus()

    def update(self) -> None:
        """Show the selected matrix."""
        app = self.host
        self.matrix = matrix_of(app.overview, app.selection) if app.overview else None
        if self.matrix is None or app.overview is None:
            return
        shown = (app.generation, self.matrix.run_id, self.matrix.matrix_id)
        if shown == self._shown:
            return
        self._shown = shown
        self.axis = "input"
        run = run_of(app.overview, self.matrix.run_id)
        name = f"block {self.matrix.layer} {self.matrix.projection} · {describe_run(run) if run else ''}"
        key = self._key(self.matrix)
        self.query_one(SpyPane).show(key, f"{name} · {key.out_features}×{key.in_features}")
        self.query_one(MatrixDeck).show(key)

    def why_not(self, verb: str) -> str | None:
        """Say why the other axis cannot be shown."""
        if verb == "axis" and self.matrix is not None and self.matrix.projection != "down":
            return "densities along outputs are stored for down projections alone"
        return None

    def tables(self) -> list[ExportTable]:
        """Return what the panels show."""
        structure = self.query_one(SpyPane).structure
        if self.matrix is None:
            return []
        key = replace(self._key(self.matrix), axis=self.axis)
        return matrix_tables(key, structure.separation if structure else None)

    @on(MatrixDeck.Structured)
    def _use_clustering(self, message: MatrixDeck.Structured) -> None:
        self.query_one(SpyPane).use(message.structure)

    def do_order(self) -> None:
        self.query_one(SpyPane).turn_order()

    def do_closer(self) -> None:
        self.query_one(SpyPane).zoom(closer=True)

    def do_further(self) -> None:
        self.query_one(SpyPane).zoom(closer=False)

    def do_whole(self) -> None:
        self.query_one(SpyPane).whole()

    def do_next_panel(self) -> None:
        self.query_one(MatrixDeck).turn(1)

    def do_previous_panel(self) -> None:
        self.query_one(MatrixDeck).turn(-1)

    def do_next_block(self) -> None:
        self._step(1, 0)

    def do_previous_block(self) -> None:
        self._step(-1, 0)

    def do_next_projection(self) -> None:
        self._step(0, 1)

    def do_previous_projection(self) -> None:
        self._step(0, -1)

    def do_next_run(self) -> None:
        app = self.host
        if app.overview is not None:
            app.select(next_run(app.overview, app.selection))

    def do_axis(self) -> None:
        if self.matrix is not None:
            self.axis = "output" if self.axis == "input" else "input"
            self.query_one(MatrixDeck).show_axis(replace(self._key(self.matrix), axis=self.axis))

    def do_back(self) -> None:
        self.app.switch_mode("overview")

    def _step(self, blocks: int, projections: int) -> None:
        app = self.host
        if app.overview is not None:
            app.select(stepped(app.overview, app.selection, blocks, projections))

    def _key(self, matrix: MatrixFigures) -> MatrixKey:
        return MatrixKey(matrix.run_id, matrix.matrix_id, matrix.out_features, matrix.in_features)
