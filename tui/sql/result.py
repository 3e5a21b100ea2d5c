"""The place under the editor: what to do, the rows, a plot of them, or what went wrong."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.sql import plot as sql_plot
from tui.sql.plot import Axes
from tui.widgets.plain import Static
from tui.widgets.plot import PlotView

if TYPE_CHECKING:
    from tui.sql.result_table import ResultTable
    from warehouse.console import Page, Sort

HINT = Content.assemble(
    "Choose a question at the left with ", ("Enter", "bold $accent"), ", or press ", ("i", "bold $accent"),
    " to write your own and ", ("F5", "bold $accent"), " to run it.\n\n",
    ("The console reads this database and nothing else: no other file, no network, and nothing can be"
     " changed. Temporary tables are yours until the app ends.", "$muted"),
)  # fmt: skip


class Bars(VerticalScroll, can_focus=True):
    """Labelled bars that scroll."""

    def compose(self) -> ComposeResult:
        """Make the text."""
        yield Static(id="sql-bar-lines")


class SqlResult(Vertical):
    """Shows one of its parts at a time."""

    def __init__(self) -> None:
        super().__init__(id="sql-result", classes="pane")
        self.page: Page | None = None
        self.axes: Axes | None = None

    def compose(self) -> ComposeResult:
        """Make the parts; the table comes with the first rows."""
        yield Static(HINT, id="sql-message")
        yield PlotView()
        yield Bars(id="sql-bars")

    def on_mount(self) -> None:
        """Start with what can be done here."""
        self.border_title = "result"
        self._show("#sql-message")

    @property
    def table(self) -> "ResultTable | None":
        """The rows, None before there are any."""
        from tui.sql.result_table import ResultTable  # noqa: PLC0415  # imports Arrow

        found = self.query(ResultTable)
        return found.first() if found else None

    def tell(self, text: Content | str) -> None:
        """Show a text in place of rows."""
        self.query_one("#sql-message", Static).update(text)
        self._show("#sql-message")

    async def show_page(self, page: "Page", sort: "Sort | None") -> None:
        """Show rows; the cursor stays in its column where they are the same, newly sorted."""
        from tui.sql.result_table import ResultTable  # noqa: PLC0415

        before = self.table if sort is not None else None
        column, widths = (before.cursor_column, before.chosen_widths) if before else (0, {})
        focused = self.has_focus_within
        await self.query(ResultTable).remove()
        table = ResultTable(page, sort, widths)
        await self.mount(table)
        table.move_cursor(column=column)
        self.page, self.axes = page, None
        self._show("ResultTable")
        if focused:
            table.focus()

    def toggle_plot(self) -> None:
        """Draw the column under the cursor, or go back to the rows."""
        table = self.table
        if self.page is None or table is None:
            return
        if self.axes is not None:
            self.axes = None
            self._show("ResultTable")
            table.focus()
        else:
            self.axes = sql_plot.choose_axes(self.page, table.cursor_column)
            self._draw()

    def turn_axes(self, *, turn_y: bool) -> None:
        """Draw another column."""
        if self.page is not None and self.axes is not None:
            self.axes = sql_plot.next_axes(self.page, self.axes, turn_y=turn_y)
            self._draw()

    def on_resize(self) -> None:
        """Draw bars as wide as the place is now."""
        if self.axes is not None and self.axes.x == sql_plot.LABELS:
            self._draw()

    def focus_front(self) -> None:
        """Give the focus to what is shown."""
        front = next((child for child in self.children if child.display and child.can_focus), None)
        if front is not None:
            front.focus()

    def _draw(self) -> None:
        if self.page is None or self.axes is None:
            return
        if self.axes.x == sql_plot.LABELS:
            lines = sql_plot.draw_bars(sql_plot.make_bars(self.page, self.axes), max(20, self.size.width - 2))
            self.query_one("#sql-bar-lines", Static).update(lines)
            self._show("#sql-bars")
        else:
            self.query_one(PlotView).show(sql_plot.make_plot(self.page, self.axes), "no row has both values")
            self._show("PlotView")
        self.focus_front()

    def _show(self, selector: str) -> None:
        shown = set(self.query(selector))
        for child in self.children:
            child.display = child in shown
