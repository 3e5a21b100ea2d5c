"""A heatmap with a cursor; every colour stands beside its number or a shape."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.drawing.colours import Palette
from tui.drawing.grids import Grid, Place
from tui.drawing.heatmap_cells import MEAN_LABEL, Painter
from tui.drawing.heatmap_layout import FRAME_LINES, Layout
from tui.widgets.motions import MOTION_BINDINGS, Motions


class Heatmap(Motions, ScrollView, can_focus=True):
    """Rows scroll under a fixed header; columns scroll beside fixed labels of the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    COMPONENT_CLASSES = {"heatmap--label", "heatmap--missing", "heatmap--cursor"}  # noqa: RUF012  # Textual's own form
    DEFAULT_CSS = """
    Heatmap { height: 1fr; width: 1fr; scrollbar-size: 1 1; background: $background; }
    Heatmap > .heatmap--label { color: $muted; background: $background; }
    Heatmap > .heatmap--missing { color: $text-disabled; background: $background; }
    Heatmap > .heatmap--cursor { color: $accent; background: $background; text-style: bold; }
    """
    # A move of the cursor draws two rows, not everything: a tenth of the bytes on a slow connection.
    cursor: reactive[tuple[int, int]] = reactive((0, 0), repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another cell."""

        row: int
        column: str
        heatmap: "Heatmap"

        @property
        def control(self) -> "Heatmap":
            """The heatmap, for the selectors of `@on`."""
            return self.heatmap

    @dataclass
    class Opened(Message):
        """The cell under the cursor was chosen with Enter or a double click."""

    class LeftEdge(Message):
        """The cursor was moved left out of the heatmap."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.grid: Grid | None = None
        self.palette = Palette()
        self._row_keys: tuple[int, ...] = ()
        self.cells = Layout.fitted([], 0, 0, 0)

    def show(self, grid: Grid, palette: Palette, place: Place | None) -> None:
        """Show a grid with the cursor on one of its places; draw only what that changes."""
        fresh = grid is not self.grid or palette != self.palette
        self.grid, self.palette = grid, palette
        self._row_keys = tuple(grid.rows)
        cursor = self.validate_cursor(self.cursor)
        if place is not None and place[0] in grid.rows and place[1] in grid.columns:
            cursor = (self._row_keys.index(place[0]), grid.columns.index(place[1]))
        if cursor != self.cursor:
            self._redraw_rows(self.cursor[0], cursor[0])
            self.set_reactive(Heatmap.cursor, cursor)
        if fresh:
            self._measure()
            self.refresh()
        self._follow()

    # The cursor.

    def validate_cursor(self, cursor: tuple[int, int]) -> tuple[int, int]:
        """Keep the cursor inside the grid."""
        if self.grid is None or not self._row_keys:
            return 0, 0
        row, column = cursor
        return (
            min(max(row, 0), len(self._row_keys) - 1),
            min(max(column, 0), len(self.grid.columns) - 1),
        )

    def watch_cursor(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Tell where the cursor went, and keep it in view."""
        if self.grid is None or not self._row_keys:
            return
        self._follow()
        row, column = after
        self._redraw_rows(before[0], row)
        self.post_message(self.Moved(self._row_keys[row], self.grid.columns[column], self))

    def perform(self, verb: str) -> None:
        """Move the cursor; moving left from the first column leaves the heatmap."""
        row, column = self.cursor
        if verb == "left" and column == 0:
            self.post_message(self.LeftEdge())
        last = len(self._row_keys) - 1 if self.grid else 0
        places = {
            "left": (row, column - 1), "right": (row, column + 1), "up": (row - 1, column),
            "down": (row + 1, column), "first": (0, column), "last": (last, column),
            "page_up": (row - self._page, column), "page_down": (row + self._page, column),
        }  # fmt: skip
        self.cursor = places.get(verb, self.cursor)

    def on_key(self, event: events.Key) -> None:
        """Open what is under the cursor with Enter."""
        if event.key == "enter":
            event.stop()
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a second click opens."""
        if self.grid is None or event.y < 1 or event.x < self.cells.label_width:
            return
        row = (event.y - 1 + self.scroll_offset.y) // self.cells.cell_height
        column = (event.x - self.cells.label_width + self.scroll_offset.x) // self.cells.cell_width
        if row < len(self._row_keys) and column < len(self.grid.columns):
            self.cursor = (row, column)
            if event.chain == 2:
                self.post_message(self.Opened())

    def search_texts(self) -> list[str]:
        """Return a text for every place of the cursor."""
        if self.grid is None:
            return []
        labels = self.grid.rows.values()
        return [f"{label} {column} {label}.{column}" for label in labels for column in self.grid.columns]

    def search_position(self) -> int:
        """Return the place of the cursor."""
        return self.cursor[0] * len(self.grid.columns) + self.cursor[1] if self.grid else 0

    def search_go(self, position: int) -> None:
        """Put the cursor there."""
        if self.grid:
            row, column = divmod(position, len(self.grid.columns))
            self.cursor = (row, column)

    # Layout.

    def on_resize(self) -> None:
        """Fit the cells to the new size."""
        self._measure()
        self._follow()

    def _measure(self) -> None:
        """Fit the cells to the pane, and the scrolling to the cells."""
        if self.grid is None:
            return
        width, height = self.outer_size
        labels = [*self.grid.rows.values()]
        self.cells = Layout.fitted(labels, len(self.grid.columns), width, height)
        self.virtual_size = Size(self.cells.width, self.cells.height)

    @property
    def _page(self) -> int:
        return max(1, (self.size.height - FRAME_LINES) // self.cells.cell_height)

    def _redraw_rows(self, *rows: int) -> None:
        """Draw some rows anew, and the header, which shows the column of the cursor."""
        width, height = self.size.width, self.cells.cell_height
        tops = (1 + row * height - self.scroll_offset.y for row in rows)
        self.refresh(Region(0, 0, width, 1), *(Region(0, top, width, height) for top in tops))

    def _follow(self) -> None:
        row, column = self.cursor
        self.scroll_to_region(
            Region(
                column * self.cells.cell_width,
                row * self.cells.cell_height,
                self.cells.cell_width + self.cells.label_width,
                self.cells.cell_height + 1,
            ),
            animate=False,
            force=True,
        )

    # Drawing.

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header, a line of a row of cells, or the means."""
        width = self.size.width
        painter = self._painter()
        if painter is None:
            return Strip.blank(width, self.rich_style)
        rows, chosen = self._row_keys, False
        row, line = divmod(y - 1 + self.scroll_offset.y, self.cells.cell_height)
        if y == 0:
            text, cells = painter.grid.row_title, painter.header()
        elif row < len(rows):
            middle = line == (self.cells.cell_height - 1) // 2
            text, cells = (
                painter.grid.rows[rows[row]] if middle else "",
                painter.row(rows[row], middle=middle),
            )
            chosen = row == self.cursor[0]
        elif row == len(rows) and line == 0:
            text, cells = MEAN_LABEL, painter.means()
        else:
            return Strip.blank(width, self.rich_style)
        start = self.scroll_offset.x
        strip = Strip(cells).crop_extend(start, start + width - self.cells.label_width, self.rich_style)
        return Strip.join([Strip([painter.label(text, chosen=chosen)]), strip])

    def _painter(self) -> Painter | None:
        if self.grid is None or not self._row_keys:
            return None
        row, column = self.cursor
        return Painter(
            self.grid,
            self.cells,
            self.palette,
            label_style=self.get_component_rich_style("heatmap--label"),
            cursor_style=self.get_component_rich_style("heatmap--cursor"),
            missing_style=self.get_component_rich_style("heatmap--missing"),
            cursor=(self._row_keys[row], self.grid.columns[column]),
            focused=self.has_focus,
        )
