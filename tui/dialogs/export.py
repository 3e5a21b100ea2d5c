"""Writing a table of the screen in view to a file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.dialogs.confirm import ConfirmScreen
from tui.dialogs.dialog import Dialog, Options
from tui.dialogs.tables import ExportTable
from tui.state.fetching import Fetcher
from tui.state.host import host_of
from tui.widgets.plain import Label
from warehouse.printable import printable

if TYPE_CHECKING:
    import duckdb

    from tui.state.fetching import CursorSource


class ExportScreen(Dialog[None]):
    """Asks which table and which file; the ending of the file name chooses the format."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "cancel")]

    @dataclass
    class Written(Message):
        """The file is there."""

        path: Path
        size: int

    def __init__(self, tables: list[ExportTable], reader: "CursorSource") -> None:
        super().__init__()
        self.tables = tables
        self.reader = reader
        self.chosen = tables[0]
        self.fetcher = Fetcher(self)

    def compose(self) -> ComposeResult:
        """Lay out the tables above the file name."""
        with Vertical(classes="dialog fitted") as dialog:
            dialog.border_title = "Export a table"
            dialog.border_subtitle = "Tab between the fields · Enter writes · Esc cancels"
            options = [Option(table.title, id=table.name) for table in self.tables]
            yield Options(*options, compact=True)
            yield Label("File (.csv, .parquet, .json or .jsonl)", classes="field-label")
            yield Input(self._proposal(), compact=True)

    @on(OptionList.OptionHighlighted)
    def _choose(self, event: OptionList.OptionHighlighted) -> None:
        self.chosen = self.tables[event.option_index]
        self.query_one(Input).value = self._proposal()

    @on(OptionList.OptionSelected)
    def _to_name(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _consider(self, event: Input.Submitted) -> None:
        """Write the file; ask first if there is one of that name."""
        path = Path(os.path.expanduser(event.value))  # noqa: PTH111  # ~ of an unknown user stays as it is
        if not os.path.isfile(path):  # noqa: PTH113  # False where that cannot be found out
            self._write(path, replace=False)
            return
        question = Content(f"{printable(str(path))} is there already. Replace it?")

        def act(yes: bool | None) -> None:
            if yes:
                self._write(path, replace=True)

        self.app.push_screen(ConfirmScreen("Export a table", question), act)

    def _write(self, path: Path, *, replace: bool) -> None:
        table, database = self.chosen, host_of(self.app).database.path

        def write(cursor: "duckdb.DuckDBPyConnection") -> tuple[Path, int]:
            from warehouse.exporting import export  # noqa: PLC0415  # only when something is exported

            with table.held(cursor) as rows:
                return path, export(rows, path, replace=replace, database=database)

        self.fetcher.fetch(self.reader, "export", write, lambda result: self.Written(*result))

    @on(Written)
    def _done(self, message: Written) -> None:
        self.app.notify(f"{message.path} ({message.size:,} bytes)", title="exported")
        self.dismiss()

    def _proposal(self) -> str:
        return f"sparsity-{self.chosen.name}.csv"
