"""A monkey at the keyboard: random keys, clicks, wheel turns and sizes, the same for the same seed."""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

from textual import events
from textual.geometry import Size
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from tui.state.registry import all_actions

LEAVING = {"q", "ctrl+q"}
EDITING = (
    *("enter", "enter", "escape", "escape", "tab", "shift+tab", "space", "backspace", "delete", "ctrl+a"),
    *("ctrl+c", "ctrl+v", "ctrl+x", "ctrl+z", "ctrl+y", "ctrl+w", "shift+left", "shift+down", "ctrl+end"),
    *("ctrl+s", "ctrl+home", "f2", "f7", "insert"),
)
TYPED = sorted({*string.ascii_letters, *string.digits, *",.()'\"*;=[]"} - LEAVING)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing a person does: a key, or something with a place on the screen."""

    what: str
    place: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.what}{self.place}" if self.what in {"click", "wheel", "resize"} else self.what


def deeds(seed: int) -> Iterator[Deed]:
    """Yield what a monkey does; most of it are keys that mean something somewhere."""
    chance = random.Random(seed)
    known = sorted({key for action in all_actions() for key in action.keys.split(",")} - LEAVING)
    while True:
        place = (chance.randrange(1, 161), chance.randrange(1, 51))
        kinds = {"known": 68, "editing": 20, "typed": 6, "click": 4, "wheel": 1, "resize": 1}
        (kind,) = chance.choices(list(kinds), list(kinds.values()))
        keys = {"known": known, "editing": EDITING, "typed": TYPED}.get(kind, (kind,))
        yield Deed(chance.choice(keys), place)


def perform(pilot: Pilot, deed: Deed) -> None:
    """Report a deed to the app as a terminal does, without waiting for what it brings."""
    app = pilot.app
    driver = app._driver
    assert driver is not None
    x, y = deed.place[0] % app.size.width, deed.place[1] % app.size.height
    at = (None, x, y, 0, 0)
    rest = (False, False, False, x, y)
    if deed.what == "resize":
        driver._size = Size(*deed.place)
        driver.send_message(events.Resize(Size(*deed.place), Size(*deed.place)))
    elif deed.what == "click":
        driver.process_message(events.MouseDown(*at, 1, *rest))
        driver.process_message(events.MouseUp(*at, 1, *rest))
    elif deed.what == "wheel":
        driver.process_message(events.MouseScrollDown(*at, 0, *rest))
    else:
        driver.process_message(_key(deed.what))


def _key(name: str) -> events.Key:
    key = _character_to_key(name) if len(name) == 1 and not name.isalnum() else name
    try:
        import unicodedata

        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(key, key)))
    except KeyError:
        character = name if len(name) == 1 else None
    return events.Key(key, character)
