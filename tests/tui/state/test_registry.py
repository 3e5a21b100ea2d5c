"""The registry of screens and actions."""

from collections import Counter

import pytest

from tui.actions import Actions
from tui.frame.screen import SparsityScreen
from tui.state.registry import SCREENS, UNNUMBERED, ScreenEntry, actions_of, all_actions

ENTRIES = (*SCREENS, *UNNUMBERED)


def test_names_are_unique() -> None:
    """A name stands for one action."""
    assert max(Counter(action.name for action in all_actions()).values()) == 1


def test_screens_are_numbered_by_their_keys() -> None:
    """Every number opens one screen."""
    numbers = [entry.number for entry in SCREENS]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(range(1, 10))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_screens_implement_their_actions(entry: ScreenEntry) -> None:
    """Every action of a screen is a method of its class, of the same scope."""
    screen = entry.load()
    assert issubclass(screen, SparsityScreen)
    assert entry.name == screen.NAME
    for action in screen.ACTIONS:
        assert action.scope == entry.name
        assert callable(getattr(screen, f"do_{action.verb}"))


def test_the_app_implements_its_actions() -> None:
    """Every action of the app is there, those that open a screen by their name."""
    for action in actions_of("app"):
        opens = action.verb.removeprefix("screen_") in {entry.name for entry in SCREENS}
        assert opens or callable(getattr(Actions, f"do_{action.verb}"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_key_means_two_things(entry: ScreenEntry) -> None:
    """On one screen a key has one meaning; a screen may not take a key from the app or from moving."""
    actions = [*actions_of(entry.name), *actions_of("app"), *actions_of("motion")]
    keys = Counter(key for action in actions for key in action.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("action", list(all_actions()), ids=lambda action: action.name)
def test_help_is_a_sentence(action: object) -> None:
    """Each action says what it does, briefly enough for a line of 80 columns."""
    assert action.label
    assert action.help[0].isupper()
    assert not action.help.endswith(".")
    assert len(action.help) <= 76
