"""A question that is answered with yes or no."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tui.dialogs.dialog import Dialog
from tui.widgets.plain import Static


class ConfirmScreen(Dialog[bool]):
    """Gives True for y, False for n and Esc; Enter alone answers nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]

    def __init__(self, title: str, text: Content | str) -> None:
        super().__init__()
        self.heading = title
        self.text = text

    def compose(self) -> ComposeResult:
        """Lay out the dialog."""
        with Vertical(classes="dialog fitted") as dialog:
            dialog.border_title = Content(self.heading)
            dialog.border_subtitle = "y yes · n no"
            yield Static(self.text)
