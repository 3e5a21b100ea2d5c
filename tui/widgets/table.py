"""A small table with a row cursor, moved like everything else; for up to a few hundred rows."""

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import BindingType
from textual.widgets import DataTable

from tui.widgets.motions import MOTION_BINDINGS, Motions


class Table(Motions, DataTable[Text]):
    """Rows of text; numbers are right-aligned. Long results belong in a viewer that pages in SQL."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    DEFAULT_CSS = """
    Table { height: 1fr; width: 1fr; background: $background; scrollbar-size: 1 1; }
    Table > .datatable--header { background: $background; color: $muted; text-style: none; }
    Table > .datatable--cursor { background: $panel; color: $foreground; text-style: bold; }
    Table:focus > .datatable--cursor { background: $primary; color: $background; }
    """

    def __init__(self, *headings: str) -> None:
        """Make an empty table; a heading that starts with `>` is of a right-aligned column."""
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1)
        self.headings = headings

    def on_mount(self) -> None:
        """Show the headings before there are rows."""
        self.fill([])

    def fill(self, rows: list[tuple[str, ...]]) -> None:
        """Replace the rows; the cursor stays on its line where there still is one."""
        line = self.cursor_row
        self.clear(columns=True)
        for place, heading in enumerate(self.headings):
            # Widths are set here: the table measures its cells later, and would cut numbers off until then.
            width = max(cell_len(heading.removeprefix(">")), *(cell_len(row[place]) for row in rows), 1)
            self.add_column(self._cell(place, heading.removeprefix(">")), width=width)
        for row in rows:
            self.add_row(*(self._cell(place, text) for place, text in enumerate(row)))
        if rows:
            self.move_cursor(row=min(line, len(rows) - 1))

    def perform(self, verb: str) -> None:
        """Move the cursor."""
        moves = {
            "down": self.action_cursor_down, "up": self.action_cursor_up,
            "left": self.action_scroll_left, "right": self.action_scroll_right,
            "first": self.action_scroll_top, "last": self.action_scroll_bottom,
            "page_up": self.action_page_up, "page_down": self.action_page_down,
        }  # fmt: skip
        moves[verb]()

    def search_texts(self) -> list[str]:
        """Return the text of every row."""
        return [" ".join(cell.plain for cell in self.get_row_at(row)) for row in range(self.row_count)]

    def search_position(self) -> int:
        """Return the row of the cursor."""
        return self.cursor_row

    def search_go(self, position: int) -> None:
        """Put the cursor on a row."""
        self.move_cursor(row=position)

    def _cell(self, place: int, text: str) -> Text:
        return Text(text, justify="right" if self.headings[place].startswith(">") else "left")
