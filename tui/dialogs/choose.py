"""A short list to choose from."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.dialogs.dialog import Dialog, Options


class ChooseScreen(Dialog[str | None]):
    """Gives the name of the chosen option, None when it is left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "cancel"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, title: str, options: list[tuple[str, str, str]], current: str) -> None:
        """Offer options as (name, title, explanation)."""
        super().__init__()
        self.heading = title
        self.options = options
        self.current = current

    def compose(self) -> ComposeResult:
        """Lay out the dialog."""
        with Vertical(classes="dialog fitted") as dialog:
            dialog.border_title = Content(self.heading)
            dialog.border_subtitle = "Enter chooses · Esc cancels"
            yield Options(*(self._option(*option) for option in self.options), compact=True)

    def on_mount(self) -> None:
        """Fill the list."""
        names = [name for name, _, _ in self.options]
        self.query_one(OptionList).highlighted = names.index(self.current) if self.current in names else 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, direction: str) -> None:
        """Move as the arrow keys do."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if direction == "down" else options.action_cursor_up()

    def _option(self, name: str, title: str, explanation: str) -> Option:
        return Option(Content.assemble((title, "bold"), (f"\n  {explanation}", "$muted")), id=name)
