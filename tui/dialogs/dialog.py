"""What every dialog has in common: it is answered once, whatever else is pressed before it has gone."""

from contextlib import suppress
from typing import Any

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import OptionList


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


class Options(OptionList):
    """A list to choose from, without markup, that pages also before it was drawn for the first time."""

    def __init__(self, *content: Any, **options: Any) -> None:
        super().__init__(*content, markup=False, **options)

    def _move_page(self, direction: Any) -> None:
        with suppress(KeyError, IndexError):
            super()._move_page(direction)


class Palette(CommandPalette, AnsweredOnce[None]):
    """Textual's list of commands, with its list as ours."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)
