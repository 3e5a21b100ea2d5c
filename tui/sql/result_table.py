"""The rows of a query in a viewer over Arrow, which lays out what is in view alone."""

from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual_fastdatatable import DataTable
from textual_fastdatatable.format import measure_width

from tui.state.host import host_of
from tui.widgets.motions import MOTION_BINDINGS, Motions

if TYPE_CHECKING:
    from warehouse.console import Page, Sort

WIDEST_CELL = 60
MEASURED_ROWS = 1000
NARROWEST_COLUMN = 1
PADDING = 2  # a blank on each side of a cell


class ResultTable(Motions, DataTable):
    """A page of rows with a cell cursor; sorting is for the database to do."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    DEFAULT_CSS = """
    ResultTable { height: 1fr; width: 1fr; background: $background; scrollbar-size: 1 1; }
    ResultTable > .datatable--header { background: $background; color: $muted; text-style: none; }
    ResultTable > .datatable--even-row { background: $background; }
    ResultTable > .datatable--cursor { background: $panel; color: $foreground; text-style: bold; }
    ResultTable:focus > .datatable--cursor { background: $primary; color: $background; }
    """

    def __init__(
        self, page: "Page", sort: "Sort | None" = None, chosen_widths: dict[int, int] | None = None
    ) -> None:
        """Show a page; `chosen_widths` are those of columns that a person made wider or narrower."""
        self.chosen_widths = dict(chosen_widths or {})
        labels: list[str | Text] = [
            _heading(column.name, place, sort) for place, column in enumerate(page.columns)
        ]
        super().__init__(
            data=page.rows,
            column_labels=labels,
            column_widths=[
                self.chosen_widths.get(n) or _width(page.rows.column(n), label)
                for n, label in enumerate(labels)
            ],
            max_column_content_width=WIDEST_CELL,
            null_rep="NULL",
            render_markup=False,
        )
        self.page = page
        self._texts: list[str] | None = None

    @on(DataTable.SelectionCopied)
    def _copy(self, event: DataTable.SelectionCopied) -> None:
        """Copy cells as tab-separated lines, the form spreadsheets take."""
        lines = ("\t".join("" if value is None else str(value) for value in row) for row in event.values)
        host_of(self.app).copy_text("\n".join(lines))

    def resize_column(self, step: int) -> None:
        """Make the column under the cursor wider by some cells, or narrower by as many less than none."""
        column = self.ordered_columns[self.cursor_column]
        width = max(NARROWEST_COLUMN, column.render_width - PADDING + step)
        self.chosen_widths[self.cursor_column] = width
        column.width, column.auto_width = width, False
        self._clear_caches()
        self._require_update_dimensions = True
        self.refresh(layout=True)

    def perform(self, verb: str) -> None:
        """Move the cursor."""
        moves = {
            "down": self.action_cursor_down, "up": self.action_cursor_up,
            "left": self.action_cursor_left, "right": self.action_cursor_right,
            "first": self.action_scroll_home, "last": self.action_scroll_end,
            "page_up": self.action_page_up, "page_down": self.action_page_down,
        }  # fmt: skip
        moves[verb]()

    def search_texts(self) -> list[str]:
        """Return the text of every row that is shown."""
        if self._texts is None:
            columns = [map(str, column.to_pylist()) for column in self.page.rows.columns]
            self._texts = [" ".join(row) for row in zip(*columns, strict=True)]
        return self._texts

    def search_position(self) -> int:
        """Return the row of the cursor."""
        return self.cursor_row

    def search_go(self, position: int) -> None:
        """Put the cursor on a row."""
        self.move_cursor(row=position)


def _width(column: "pa.ChunkedArray", label: str | Text) -> int | None:
    """Return the width of the widest of the first numbers; None where the table measures rightly by itself.

    Of floating-point columns it takes one value for all of them.
    """
    if not pa.types.is_floating(column.type):
        return None
    values = column.slice(0, MEASURED_ROWS).to_pylist()
    return max(
        cell_len(str(label)), *(measure_width("NULL" if value is None else value) for value in values), 1
    )


def _heading(name: str, place: int, sort: "Sort | None") -> Text:
    """Write a column's name, with an arrow where the rows are sorted by it."""
    if sort is None or sort.column != place:
        return Text(name)
    return Text(f"{name} {'↓' if sort.descending else '↑'}")
