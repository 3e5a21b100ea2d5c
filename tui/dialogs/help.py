"""The help page: every key and action, searchable."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from tui.dialogs.dialog import Dialog
from tui.state.host import host_of
from tui.state.registry import DOCTOR, MOTION_ACTIONS, SCREENS, Action
from tui.widgets.plain import Static

WIDTH_WITH_NAMES = 100  # columns from which the names for the keymap file have room


class HelpScreen(Dialog[None]):
    """Lists keys by where they apply; what is typed filters the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "close"),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the dialog."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Keys and actions"
            dialog.border_subtitle = "Esc closes · ↑ ↓ scroll"
            yield Input(placeholder="type to search", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(id="listing")

    def on_mount(self) -> None:
        """Fill the list."""
        self._list("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._list(event.value)

    def action_scroll(self, lines: int) -> None:
        """Scroll the list while the input keeps the focus."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _list(self, wanted: str) -> None:
        wanted = wanted.casefold()
        parts = []
        for title, actions in self._sections():
            lines = [self._line(action) for action in actions]
            found = [line for line in lines if wanted in line.plain.casefold()]
            if found:
                parts += [Content.styled(title, "bold $primary"), *found, Content("")]
        nothing = Content(f"nothing is called “{wanted}”")
        self.query_one("#listing", Static).update(Content("\n").join(parts) if parts else nothing)

    def _sections(self) -> list[tuple[str, list[Action]]]:
        actions = host_of(self.app).actions
        available = actions.available()
        titles = {
            entry.name: f"{entry.title}: {entry.summary[0].lower()}{entry.summary[1:]}"
            for entry in (*SCREENS, DOCTOR)
        }
        here = [action for action in available if action.scope != "app"]
        return [
            (titles.get(here[0].scope, "") if here else "", here),
            ("In every list and picture", [*MOTION_ACTIONS]),
            ("Everywhere", [action for action in available if action.scope == "app"]),
        ]

    def _line(self, action: Action) -> Content:
        actions = host_of(self.app).actions
        keys = " ".join(actions.key_names(action))
        reason = actions.why_not(action) if action.scope != "motion" else None
        note = f"  (not now: {reason})" if reason else ""
        name = f"  {action.name}" if self.size.width >= WIDTH_WITH_NAMES else ""
        return Content.assemble(
            (f" {keys:<9} ", "bold $accent"), action.help, (note, "$warning"), (name, "$muted")
        )
