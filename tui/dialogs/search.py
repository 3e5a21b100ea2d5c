"""One line at the bottom to type what to look for."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from tui.dialogs.dialog import Dialog
from tui.widgets.plain import Label


class SearchScreen(Dialog[str | None]):
    """Asks for a text; gives None when it is left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "cancel")]

    def __init__(self, last: str) -> None:
        super().__init__()
        self.last = last

    def compose(self) -> ComposeResult:
        """Lay out the dialog."""
        with Horizontal(id="search-line"):
            yield Label("/")
            yield Input(
                self.last, placeholder="text to look for in the focused pane; n and N go on", compact=True
            )

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
