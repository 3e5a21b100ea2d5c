# ruff: noqa: D102  # the registry says what each do_<verb> does
"""Questions in SQL: an editor over their results, with what can be asked beside it."""

import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.dialogs.tables import ExportTable
from tui.frame.bars import TabLine
from tui.frame.screen import SparsityScreen
from tui.sql.editor import CompletionList, SqlEditor
from tui.sql.history import Entry, add_to_history, read_history
from tui.sql.query_pane import QueryPane
from tui.sql.shelf import SqlShelf
from tui.state.registry import Action

if TYPE_CHECKING:
    import duckdb

    from warehouse.completion import Vocabulary

WIDTH_STEP = 8  # cells
RUN_KEYS = "f5,ctrl+enter,ctrl+j"  # many terminals send Ctrl+Enter as Ctrl+J


class SqlScreen(SparsityScreen):
    """Runs one text at a time in a worker; everything else stays usable meanwhile."""

    NAME: ClassVar[str] = "sql"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("sql.run", RUN_KEYS, "run", "Run the text in the editor (F5 or Ctrl+Enter)", rank=1),
        Action("sql.edit", "i", "edit", "Go to the editor; Esc leaves it", rank=2),
        Action("sql.shelf", "o", "questions", "Go to saved questions, history and tables", rank=3),
        Action("sql.rows", "r", "result", "Go to the result", rank=12),
        Action("sql.plot", "p", "plot", "Plot the column under the cursor, and back to the rows", rank=4),
        Action("sql.plot_x", "x", "x axis", "Put something else along the plot", rank=14),
        Action("sql.plot_y", "v", "y axis", "Plot the next column that holds numbers", rank=14),
        Action("sql.sort", "S", "sort", "Sort all rows by the column under the cursor", rank=5),
        Action("sql.wider", "greater_than_sign", "wider", "Make the column under the cursor wider", rank=15),
        Action("sql.narrower", "less_than_sign", "narrower", "Make the column under the cursor narrower"),
        Action("sql.cancel", "escape", "cancel", "Cancel the query that runs, or leave the editor", rank=13),
        Action("sql.complete", "ctrl+space,ctrl+@", "complete", "Offer what can be typed at the cursor"),
        Action("sql.older", "ctrl+up,alt+up", "older", "Load the query run before this one"),
        Action("sql.newer", "ctrl+down,alt+down", "newer", "Load the query run after this one"),
    )

    @dataclass
    class Described(Message):
        """The names in the database."""

        vocabulary: "Vocabulary"

    def __init__(self) -> None:
        super().__init__()
        self._entries = read_history()
        self._place = len(self._entries)
        self._generation: int | None = None

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the shelf beside the editor over the result."""
        with Vertical(id="sql-shelf", classes="pane"):
            yield SqlShelf()
        with Vertical(id="sql-main", classes="wrap"):
            with Vertical(id="sql-editor", classes="pane"):
                yield SqlEditor()
            yield QueryPane(self.host.database.path)
        yield CompletionList()

    def on_mount(self) -> None:
        """Load the last query, or the first saved one, and start on the shelf."""
        from warehouse.sql_files import saved_queries  # noqa: PLC0415  # not needed for the first paint

        super().on_mount()
        questions = saved_queries()
        shelf = self.query_one(SqlShelf)
        shelf.show_questions(questions)
        shelf.show_history(self._entries)
        last = self._entries[-1].text if self._entries else next(iter(questions.values()), ("", ""))[1]
        self.query_one(SqlEditor).load(last.strip())
        self.query_one("#sql-shelf").border_title = "what to ask"
        self.query_one("#sql-editor").border_title = "SQL"
        self.do_shelf()

    def update(self) -> None:
        """Read the names anew when the database was replaced."""
        self.query_one(TabLine).context = self.host.database.path.name
        if self._generation != self.host.generation:
            self._generation = self.host.generation
            self.query_one(QueryPane).session.expire()
            self.fetch("tables and columns", _read_vocabulary, self.Described)

    def why_not(self, verb: str) -> str | None:
        """Say why something cannot be done now."""
        return self.query_one(QueryPane).why_not(verb)

    def tables(self) -> list[ExportTable]:
        """Offer the whole result, in the order it is shown in."""
        pane = self.query_one(QueryPane)
        result = partial(pane.session.result, pane.sort)
        return [ExportTable("query", "The whole result of the query", lambda _cursor: result())]

    def command(self) -> str:
        """Return the command that gives this result in a shell."""
        text = " ".join(self.query_one(SqlEditor).text.split())
        return shlex.join(["sparsity-sql", "--db", str(self.host.database.path), text])

    def do_run(self) -> None:
        text = self.query_one(SqlEditor).text.strip()
        if not text:
            self.notify("write a query first", severity="warning", timeout=3)
            return
        self._entries = add_to_history(Entry(text, time.time()))
        self._place = len(self._entries) - 1
        self.query_one(SqlShelf).show_history(self._entries)
        self.query_one(QueryPane).run(text)

    def do_edit(self) -> None:
        self.query_one(SqlEditor).focus()

    def do_shelf(self) -> None:
        self.add_class("-shelf-in-front")
        self.query_one(SqlShelf).focus()

    def do_rows(self) -> None:
        self.remove_class("-shelf-in-front")
        self.query_one(QueryPane).focus_front()

    def do_plot(self) -> None:
        self.remove_class("-shelf-in-front")
        self.query_one(QueryPane).toggle_plot()

    def do_plot_x(self) -> None:
        self.query_one(QueryPane).turn_axes(turn_y=False)

    def do_plot_y(self) -> None:
        self.query_one(QueryPane).turn_axes(turn_y=True)

    def do_sort(self) -> None:
        self.query_one(QueryPane).turn_sort()

    def do_wider(self) -> None:
        self._resize_column(WIDTH_STEP)

    def do_narrower(self) -> None:
        self._resize_column(-WIDTH_STEP)

    def _resize_column(self, step: int) -> None:
        table = self.query_one(QueryPane).table
        if table is not None:
            table.resize_column(step)

    def do_cancel(self) -> None:
        pane = self.query_one(QueryPane)
        if pane.running:
            pane.cancel()
        elif self.query_one(SqlEditor).has_focus:
            self.do_shelf() if pane.page is None else self.do_rows()

    def do_complete(self) -> None:
        self.query_one(SqlEditor).suggest()

    def do_older(self) -> None:
        self._load_entry(self._place - 1)

    def do_newer(self) -> None:
        self._load_entry(self._place + 1)

    @on(SqlShelf.Moved)
    def _describe_item(self, message: SqlShelf.Moved) -> None:
        self.query_one("#sql-shelf").border_subtitle = Content(message.item.note)

    @on(SqlShelf.Chosen)
    def _take_item(self, message: SqlShelf.Chosen) -> None:
        from warehouse.console import browse_text  # noqa: PLC0415  # imports DuckDB and Arrow

        item, editor = message.item, self.query_one(SqlEditor)
        if item.kind == "column":
            editor.insert(item.text)
            editor.focus()
            return
        editor.load(item.text if item.kind == "query" else browse_text(item.text))
        self.host.action_perform("sql.run")

    @on(QueryPane.Settled)
    def _show_outcome(self, message: QueryPane.Settled) -> None:
        """Show the result; the focus stays in the editor while it is there, and goes there after an error."""
        self.remove_class("-shelf-in-front")
        editor = self.query_one(SqlEditor)
        if message.failed:
            editor.focus()
        elif not editor.has_focus:
            self.query_one(QueryPane).focus_front()

    @on(Described)
    def _use_vocabulary(self, message: Described) -> None:
        self.query_one(SqlEditor).vocabulary = message.vocabulary
        self.query_one(SqlShelf).show_vocabulary(message.vocabulary)

    def _load_entry(self, place: int) -> None:
        if not 0 <= place < len(self._entries):
            self.notify("there is no other query in the history", timeout=2)
            return
        self._place = place
        self.query_one(SqlEditor).load(self._entries[place].text)


def _read_vocabulary(cursor: "duckdb.DuckDBPyConnection") -> "Vocabulary":
    from warehouse.completion import read_vocabulary  # noqa: PLC0415  # imports DuckDB

    return read_vocabulary(cursor)
