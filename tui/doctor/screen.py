# ruff: noqa: D102  # the actions say what each do_<verb> does
"""The doctor page: what this terminal, machine and database support, and what to do where it lacks."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from tui.dialogs.tables import ExportTable
from tui.doctor import examine as doctor
from tui.doctor.findings import Finding
from tui.doctor.page import FindingsPage
from tui.frame.screen import SparsityScreen
from tui.state.registry import Action

if TYPE_CHECKING:
    import duckdb

    from warehouse.errors import SparsityError

TEST_TEXT = "sparsity-tui can copy: × ✓ ▀▄"


class DoctorScreen(SparsityScreen):
    """Looks at everything when it is opened, in a worker; works without a database."""

    NAME: ClassVar[str] = "doctor"
    NEEDS_DATA: ClassVar[bool] = False
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("doctor.back", "escape", "back", "Go back to where this page was opened", rank=1),
        Action("doctor.again", "r", "look again", "Look at everything again", rank=2),
        Action("doctor.try_copy", "c", "test copy", "Copy a short text, to be pasted elsewhere", rank=3),
        Action("doctor.write_text", "t", "text", "Write this page into a text file", rank=4),
    )

    @dataclass
    class Examined(Message):
        """Everything was looked at."""

        findings: list[Finding]

    def __init__(self) -> None:
        super().__init__()
        self.findings: list[Finding] = []

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the one page."""
        with Container(id="findings", classes="pane") as pane:
            pane.border_title = "Doctor: what this terminal, this machine and this database support"
            yield FindingsPage("looking at the terminal, the GPU and the database …")

    def on_screen_resume(self) -> None:
        """Look each time the page is opened: the window or the file may be another now."""
        super().on_screen_resume()
        self.query_one(FindingsPage).focus()
        self.do_again()

    def tell(self, error: "SparsityError") -> None:
        """Say nothing: the page itself shows what is wrong with the database."""

    def why_not(self, verb: str) -> str | None:
        """Say that there is nothing to write yet."""
        return (
            "the page is not there yet"
            if verb in {"copy", "export", "write_text"} and not self.findings
            else None
        )

    def copied_text(self) -> str:
        """Return the page as text."""
        return doctor.as_text(self.findings)

    def tables(self) -> list[ExportTable]:
        """Return the page as a table."""
        return [ExportTable("doctor", "What the doctor found, a line for each", self._relation)]

    def do_back(self) -> None:
        self.host.leave_doctor()

    def do_again(self) -> None:
        app = self.host
        surroundings = doctor.this_terminal((app.size.width, app.size.height))
        look = partial(doctor.examine, app.database.path, surroundings, app.reader)
        self.fetcher.compute("doctor", look, self.Examined)

    def do_write_text(self) -> None:
        self.save_text("page", doctor.as_text(self.findings) + "\n")

    def do_try_copy(self) -> None:
        self.app.copy_to_clipboard(TEST_TEXT)
        self.notify(f"paste elsewhere; it should read: {TEST_TEXT}", title="sent to the clipboard")

    @on(Examined)
    def _show(self, message: Examined) -> None:
        self.findings = message.findings
        self.query_one(FindingsPage).findings = tuple(message.findings)

    def _relation(self, cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
        import pyarrow as pa  # noqa: PLC0415  # only when the page is exported

        return cursor.from_arrow(pa.Table.from_pylist([finding.as_dict() for finding in self.findings]))
