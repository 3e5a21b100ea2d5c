"""The line of screens on top and the line of keys at the bottom."""

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.state.host import host_of
from tui.state.keymap import key_name
from tui.state.registry import SCREENS, Action

CONTEXT_ROOM = 16  # least columns for the context at the right of the tabs


class ActionLine(Widget):
    """A line of pieces that each perform an action when clicked."""

    DEFAULT_CSS = """
    ActionLine { height: 1; width: 1fr; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[tuple[int, str]] = []

    def join(self, pieces: list[tuple[str, Content]]) -> Content:
        """Put (action, text) pieces side by side and remember where each ends."""
        line = Content("")
        self._ends = []
        for name, text in pieces:
            line += text
            self._ends.append((line.cell_length, name))
        return line

    def on_click(self, event: events.Click) -> None:
        """Perform the action under the mouse."""
        name = next((name for end, name in self._ends if event.x < end), None)
        if name is not None:
            host_of(self.app).action_perform(name)


class TabLine(ActionLine):
    """The screens by number, the open one marked, and what is selected at the right."""

    context: reactive[str] = reactive("")

    def __init__(self, current: str) -> None:
        super().__init__()
        self.current = current

    def render(self) -> Content:
        """Write full names where they fit, else short ones, else the numbers alone."""
        tabs = self._tabs([entry.title for entry in SCREENS])
        if tabs.cell_length + CONTEXT_ROOM > self.size.width:
            tabs = self._tabs([entry.short or entry.title for entry in SCREENS], gap="")
        if tabs.cell_length > self.size.width:
            tabs = self._tabs([entry.title if entry.name == self.current else "" for entry in SCREENS])
        room = self.size.width - tabs.cell_length - 1
        context = _tail(self.context, room) if room >= CONTEXT_ROOM else ""
        return Content.assemble(tabs, " " * max(0, room - len(context)), (context, "$muted"))

    def _tabs(self, names: list[str], gap: str = " ") -> Content:
        """Put numbers and names side by side; without a gap between them they differ in weight."""
        pieces = []
        for entry, name in zip(SCREENS, names, strict=True):
            if entry.name == self.current:
                text = Content.styled(f" {entry.number} {name} ", "bold $background on $primary")
            else:
                number = f" {entry.number}{gap if name else ''}"
                text = Content.assemble((number, "bold $accent" if not gap else ""), name, gap)
            pieces.append((f"app.screen_{entry.name}", text))
        return self.join(pieces)


class KeyLine(ActionLine):
    """The keys of the actions that matter most here, dim where they are refused now; `?` has the rest."""

    actions: reactive[tuple[Action, ...]] = reactive(())
    typed_into: reactive[Widget | None] = reactive(None)
    refused: reactive[frozenset[str]] = reactive(frozenset[str]())

    def on_mount(self) -> None:
        """Follow the focus, since keys that are typed into a widget perform nothing."""
        self.watch(self.screen, "focused", self._follow)

    def _follow(self, focused: Widget | None) -> None:
        self.typed_into = focused

    def render(self) -> Content:
        """Show as many hints as fit; help and quit, last in rank, stay longest."""
        keys = [(action, self._working_key(action)) for action in self.actions]
        hints = [(action.name, self._hint(action, key)) for action, key in keys if key is not None]
        while len(hints) > 1 and sum(hint.cell_length for _, hint in hints) > self.size.width:
            hints.pop(-3 if len(hints) > 2 else 0)
        return self.join(hints)

    def _working_key(self, action: Action) -> str | None:
        """Return the first key that performs an action while the focus is where it is; None without one."""
        into = self.typed_into
        for key in host_of(self.app).actions.keys(action):
            name = key_name(key)
            # An arrow is written as one character too, but types none.
            character = name if len(name) == 1 and (name.isascii() or name.isalpha()) else None
            if into is None or not into.check_consume_key(key, character):
                return name
        return None

    def _hint(self, action: Action, key: str) -> Content:
        if action.name in self.refused:
            return Content.styled(f" {key} {action.label} ", "dim $muted")
        return Content.assemble((f" {key}", "bold $accent"), (f" {action.label} ", "$muted"))


def _tail(text: str, room: int) -> str:
    """Cut a text from the left, so that its end is seen."""
    return text if len(text) <= room else ("…" + text[len(text) - room + 1 :] if room > 1 else "")
