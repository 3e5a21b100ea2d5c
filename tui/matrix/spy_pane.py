"""The spy plot of a matrix with its legend: fetches the mask, orders its features, pools what is in view."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from tui.drawing.figures import percent
from tui.drawing.themes import palette_of
from tui.frame.panes import Panel
from tui.matrix.data import (
    ORDERS,
    MatrixKey,
    Structure,
    feature_order,
    load_compliance,
    load_mask,
    make_picture,
)
from tui.matrix.spy import Picture, Spy
from tui.matrix.spy_window import Window
from tui.matrix.text import compliance_line
from tui.state.fetching import Fetcher
from tui.state.host import host_of
from tui.state.messages import FetchFailed
from tui.widgets.plain import Static

if TYPE_CHECKING:
    from warehouse.expressions.matrices import Compliance
    from warehouse.masks import PackedMask

ORDER_TITLES = {
    "plain": "as stored",
    "cluster": "by cluster",
    "gradient": "by Hamming gradient",
}


class SpyPanel(Panel):
    """Shows one matrix; `order` says how its features are arranged."""

    NAME = "spy"
    TITLE = "spy plot"
    SIDE = "left"

    @dataclass
    class Masked(Message):
        """The mask is here."""

        key: MatrixKey
        mask: "PackedMask"

    @dataclass
    class Drawn(Message):
        """A picture of the mask is ready."""

        picture: Picture

    @dataclass
    class Complied(Message):
        """How far the mask respects N:M patterns is known."""

        key: MatrixKey
        rows: "list[Compliance]"

    def __init__(self) -> None:
        super().__init__()
        self.fetcher = Fetcher(self)
        self.key: MatrixKey | None = None
        self.name_of_matrix = ""
        self.order = ORDERS[0]
        self.structure: Structure | None = None
        self._mask: tuple[MatrixKey, PackedMask] | None = None
        self._wanted: MatrixKey | None = None
        self._drawing = False
        self._outdated = False
        self._asked: tuple[int, ...] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the plot above its legend and the N:M patterns."""
        yield Spy()
        yield Static(id="spy-legend", classes="legend")
        yield Static(id="patterns", classes="legend")

    def view_options(self) -> dict[str, str]:
        """Return the order of the features and, where the view is closer, its top, left, rows and columns."""
        part = self._asked
        window = next((spy.window for spy in self.query(Spy)), None)
        if part is None and window is not None and window.zoomed:
            part = (window.top, window.left, window.rows, window.columns)
        return {"order": self.order} | ({"part": ",".join(map(str, part))} if part else {})

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show the first matrix in another order, or a part of it."""
        if options.get("order") in ORDERS:
            self.order = options["order"]
        numbers = options.get("part", "").split(",")
        if len(numbers) == 4 and all(number.isdecimal() for number in numbers):
            self._asked = tuple(map(int, numbers))

    def show(self, key: MatrixKey, name: str) -> None:
        """Show a matrix as a whole; its clustering follows with `use`."""
        if self.key is not None:
            self._asked = None
        self.key, self.name_of_matrix = replace(key, axis="input"), name
        self.structure = None
        self._wanted = None
        self._redraw(whole=True)
        reader = host_of(self.app).reader
        if reader is not None:
            load = partial(load_compliance, key=self.key)
            self.fetcher.fetch(reader, "patterns", load, partial(self.Complied, self.key))

    def use(self, structure: Structure | None) -> None:
        """Take the clustering that the orders go by."""
        self.structure = structure
        if self.order != "plain":
            self._redraw(whole=True)

    def turn_order(self) -> None:
        """Go on to the next order of the features."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self._redraw(whole=True)

    def zoom(self, *, closer: bool) -> None:
        """Look closer, or from further away."""
        self.query_one(Spy).zoom(closer=closer)

    def whole(self) -> None:
        """Show the whole matrix."""
        self._redraw(whole=True)

    @property
    def effective_order(self) -> str:
        """The order in use: plain until a clustering is here."""
        return self.order if self.structure is not None else "plain"

    def _redraw(self, *, whole: bool) -> None:
        """Bring title, mask and picture in line with matrix, order and clustering."""
        app = host_of(self.app)
        if self.key is None or app.reader is None:
            return
        order = self.effective_order
        self.retitle(f"{self.name_of_matrix} · {ORDER_TITLES[order]}")
        axis = self.structure.separation.axis if self.structure is not None and order != "plain" else "input"
        wanted = replace(self.key, axis=axis)
        if whole:
            self.query_one(Spy).window = self._first_window(*self._extent(wanted))
        if self._mask is not None and self._mask[0] == wanted:
            self._draw()
        elif wanted != self._wanted:
            self._wanted = wanted
            self.fetcher.fetch(
                app.reader, "mask", partial(load_mask, key=wanted), partial(self.Masked, wanted)
            )

    def _first_window(self, height: int, width: int) -> Window:
        """Return the view of all, or of the part that was asked for, once the order is the one it is of."""
        if self._asked is None or self.order != self.effective_order:
            return Window.whole(height, width)
        (top, left, rows, columns), self._asked = self._asked, None
        return Window(
            height, width, top, left, min(max(rows, 1), height), min(max(columns, 1), width)
        ).clamped()

    def _extent(self, key: MatrixKey) -> tuple[int, int]:
        """Return rows and columns of the picture: the clustered features alone where they go by cluster."""
        count = key.feature_count
        if self.structure is not None and self.effective_order == "cluster":
            count = len(self.structure.assignments)
        return (key.position_count, count) if key.axis == "input" else (count, key.position_count)

    @on(Masked)
    def _take_mask(self, message: Masked) -> None:
        if message.key == self._wanted:
            self._mask = (message.key, message.mask)
            self._draw()

    @on(Spy.Wanted)
    def _draw(self) -> None:
        spy = self.query_one(Spy)
        spy.palette = palette_of(self.app)
        if self._mask is None or self._mask[0] != self._wanted or spy.window is None:
            return
        if self._drawing:
            # One picture at a time, then the newest: keys that come faster are not drawn one by one.
            self._outdated = True
            return
        self._drawing, self._outdated = True, False
        key, mask = self._mask
        order = feature_order(self.effective_order, self.structure, key.feature_count)
        draw = partial(
            make_picture,
            mask,
            key.axis,
            order,
            spy.window,
            spy.pixels(None if order[1] is None else key.axis),
        )
        self.fetcher.compute("picture", draw, self.Drawn)

    @on(Drawn)
    def _show_picture(self, message: Drawn) -> None:
        spy = self.query_one(Spy)
        self._drawing = False
        spy.show(message.picture, palette_of(self.app))
        self.query_one("#spy-legend", Static).update(self._legend(message.picture))
        if self._outdated:
            self._draw()

    @on(FetchFailed)
    def _give_up(self, message: FetchFailed) -> None:
        """Be ready for another picture; the app tells of the failure."""
        if message.subject == "picture":
            self._drawing = False

    @on(Complied)
    def _show_compliance(self, message: Complied) -> None:
        if message.key == self.key:
            self.query_one("#patterns", Static).update(compliance_line(message.rows))

    def _legend(self, picture: Picture) -> str:
        window, (height, width) = picture.window, picture.density.shape
        rows, columns = window.rows / height, window.columns / width
        dot = f"a dot is {max(1, round(rows))}×{max(1, round(columns))} weights"
        shades = (
            f"{percent(picture.low)}–{percent(picture.high)}% kept"
            if rows > 1 or columns > 1
            else "dark pruned, bright kept"
        )
        return (
            f"↓ outputs {window.top}–{window.top + window.rows - 1}  → inputs {window.left}–"
            f"{window.left + window.columns - 1}  {shades}, {dot}"
        )
