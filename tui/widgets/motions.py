"""Moving and searching inside the focused widget, the same in all of them."""

import time

from textual.binding import Binding, BindingType

from tui.state.registry import MOTION_ACTIONS

PREFIX_SECONDS = 1.0
# Textual collects bindings from widget classes alone: every widget with motions lists these itself.
MOTION_BINDINGS: list[BindingType] = [
    Binding(action.keys, f"motion('{action.verb}')", action.label, show=False, id=action.name)
    for action in MOTION_ACTIONS
]


class Motions:
    """Mixin of a focusable widget: arrows, hjkl, gg and G, pages.

    The widget has MOTION_BINDINGS among its bindings and implements `perform(verb)`, with the verbs of
    MOTION_ACTIONS.
    """

    _prefixed_at = 0.0

    def action_motion(self, verb: str) -> None:
        """Perform one motion; `g` waits for its second press."""
        if verb == "prefix":
            now = time.monotonic()
            complete = now - self._prefixed_at < PREFIX_SECONDS
            self._prefixed_at = 0.0 if complete else now
            if not complete:
                return
            verb = "first"
        self.perform(verb)

    def perform(self, verb: str) -> None:
        """Move as the verb says; verbs that mean nothing here do nothing."""

    def search_texts(self) -> list[str]:
        """Return the text of every place the cursor can be at, in order."""
        return []

    def search_position(self) -> int:
        """Return where the cursor is among them."""
        return 0

    def search_go(self, position: int) -> None:
        """Put the cursor there."""


def next_match(texts: list[str], wanted: str, start: int, step: int) -> int | None:
    """Return the place of the next text that contains `wanted`, going round; letter case does not matter."""
    wanted = wanted.casefold()
    for distance in range(1, len(texts) + 1):
        place = (start + step * distance) % len(texts)
        if wanted in texts[place].casefold():
            return place
    return None
