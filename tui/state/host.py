"""What screens, bars and dialogs may ask of the app they are part of; they know it by this class alone."""

from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App

from tui.state.selection import Selection

if TYPE_CHECKING:
    from tui.state.database import Database
    from tui.state.registry import Action
    from warehouse.overview import Overview
    from warehouse.reading import Reader


class ActionList(Protocol):
    """The actions of the screen in view and of the app."""

    def available(self) -> "list[Action]":
        """Return the actions of the screen in view, then those of the app."""

    def why_not(self, action: "Action") -> str | None:
        """Return why an action is not possible now; None when it is."""

    def keys(self, action: "Action") -> list[str]:
        """Return the keys of an action as Textual names them."""

    def key_names(self, action: "Action") -> list[str]:
        """Return the keys of an action as a person would write them."""


class Host(App[None]):
    """The database in view, what is selected in it, and the actions; `SparsityApp` implements the rest.

    `generation` counts how often the overview was read anew: what was fetched under another number is old.
    """

    def __init__(self, database: "Database", selection: Selection, *, read_only: bool) -> None:
        super().__init__()
        self.database = database
        self.read_only = read_only
        self.selection = selection
        self.overview: Overview | None = None
        self.generation = 0

    @property
    def reader(self) -> "Reader | None":
        """The open database, None while there is none."""
        return self.database.reader

    @property
    def actions(self) -> ActionList:
        """What can be done here."""
        raise NotImplementedError

    def action_perform(self, name: str) -> None:
        """Run an action of the registry by its name, or say why it cannot be run now."""
        raise NotImplementedError

    def copy_text(self, text: str) -> None:
        """Give a text to the clipboard and say what was done."""
        raise NotImplementedError

    def take_view(self, screen: str) -> dict[str, str]:
        """Return what --view asked a screen to show; it is asked once."""
        raise NotImplementedError

    def select(self, selection: Selection) -> None:
        """Change what is selected, on all screens."""
        raise NotImplementedError

    def look(self, *, again: bool = False) -> None:
        """Look whether the database file was replaced; `again` reads it in any case."""
        raise NotImplementedError

    def open_doctor(self) -> None:
        """Show what is supported here."""
        raise NotImplementedError

    def leave_doctor(self) -> None:
        """Go back to where the doctor page was opened."""
        raise NotImplementedError


def host_of(app: App[Any]) -> Host:
    """Return the app of a screen, widget or command provider as their host.

    Raises:
        TypeError: it is another app.
    """
    if not isinstance(app, Host):
        msg = f"{type(app).__name__} is no {Host.__name__}"
        raise TypeError(msg)
    return app
