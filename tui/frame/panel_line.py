"""The panels of a screen by name, the one in front marked; a click puts another in front."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from tui.frame.bars import ActionLine


class PanelLine(ActionLine):
    """One line; where all names do not fit, those around the one in front."""

    DEFAULT_CSS = "PanelLine { background: $background; color: $muted; }"
    names: reactive[tuple[str, ...]] = reactive(())
    front: reactive[str] = reactive("")
    titles: reactive[dict[str, str]] = reactive({})

    @dataclass
    class Chosen(Message):
        """The name of a panel was clicked."""

        name: str

    def render(self) -> Content:
        """Write the names, leaving out first ones until the one in front fits."""
        names = list(self.names)
        while len(names) > 1 and names[0] != self.front and self._width(names) > self.size.width:
            names.pop(0)
        pieces = [(name, self._piece(name)) for name in names]
        return self.join(pieces)

    def on_click(self, event: events.Click) -> None:
        """Tell which name is under the mouse."""
        name = next((name for end, name in self._ends if event.x < end), None)
        if name is not None:
            self.post_message(self.Chosen(name))

    def _piece(self, name: str) -> Content:
        title = self.titles.get(name, name)
        if name == self.front:
            return Content.styled(f" ▸{title} ", "bold $primary")
        return Content.styled(f"  {title} ", "$muted")

    def _width(self, names: list[str]) -> int:
        return sum(self._piece(name).cell_length for name in names)
