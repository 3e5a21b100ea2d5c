"""What every dialog has in common: it is answered once, whatever else is pressed before it has gone."""

from contextlib import suppress
from typing import Any

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.screen import ModalScreen, Screen, ScreenResultType

from tui.widgets.steady_list import SteadyList


class AnsweredOnce(Screen[ScreenResultType]):
    """A screen that leaves the one below it alone.

    Textual's `dismiss` takes away whatever screen is in front: a second answer, typed before the first one
    took effect, would end another screen with an answer of the wrong kind, or the app.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Give the answer, unless this screen is not in front any more."""
        return super().dismiss(result) if self.is_active else AwaitComplete.nothing()


class Dialog(ModalScreen[ScreenResultType], AnsweredOnce[ScreenResultType]):
    """A screen over the others that is left with an answer."""


class Options(SteadyList):
    """A list to choose from, without markup, that pages also before it was drawn for the first time."""

    def __init__(self, *content: Any, **options: Any) -> None:
        super().__init__(*content, markup=False, **options)

    def _move_page(self, direction: Any) -> None:
        with suppress(KeyError, IndexError):
            super()._move_page(direction)


class Commands(CommandList, SteadyList, can_focus=False):
    """The list of the palette, which every key typed fills anew."""


class Palette(CommandPalette, AnsweredOnce[None]):
    """Textual's list of commands, with its list as ours."""

    def compose(self) -> ComposeResult:
        """Lay out Textual's palette around our list."""
        for widget in super().compose():
            yield Commands() if isinstance(widget, CommandList) else widget

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)
