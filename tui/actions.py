# ruff: noqa: D102  # the registry says what each do_<verb> does
"""Finds, checks and runs every action, and implements those of the whole app."""

import datetime
from pathlib import Path

from tui.frame.screen import SparsityScreen
from tui.state.fetching import NoDatabase
from tui.state.host import Host
from tui.state.keymap import key_name
from tui.state.registry import SCREEN_NAMES, Action, actions_of
from tui.widgets.motions import Motions, next_match
from warehouse.errors import SparsityError
from warehouse.files import written_whole

NEEDS_DATA = {"export", "copy", "search", "search_next", "search_previous", "zoom"}


class Actions:
    """Finds, checks and runs actions by name; `do_<verb>` are those of scope `app`."""

    def __init__(self, app: Host, custom_keys: dict[str, str]) -> None:
        """`custom_keys` are those of the person's keymap, by the name of the action."""
        self.app = app
        self.custom_keys = custom_keys
        self._wanted = ""

    @property
    def screen(self) -> SparsityScreen | None:
        """The screen in view below any dialog; None while the app starts or ends."""
        screen = next(iter(self.app.screen_stack), None)
        return screen if isinstance(screen, SparsityScreen) else None

    def available(self) -> list[Action]:
        """Return the actions of the screen in view, then those of the app, less what --read-only removes."""
        screen = self.screen
        actions = [*(screen.ACTIONS if screen else ()), *actions_of("app")]
        return [action for action in actions if not (action.writes and self.app.read_only)]

    def keys(self, action: Action) -> list[str]:
        """Return the keys of an action as Textual names them, the person's own where they chose any."""
        keys = self.custom_keys.get(action.name, action.keys)
        return [key.strip() for key in keys.split(",")]

    def key_names(self, action: Action) -> list[str]:
        """Return the keys of an action as a person would write them."""
        return [key_name(key) for key in self.keys(action)]

    def perform(self, name: str) -> None:
        """Run an action, or say why it cannot be run now."""
        action = next((action for action in self.available() if action.name == name), None)
        if action is None or not self.app.screen_stack:  # a key that was pressed after the one that leaves
            return
        reason = self.why_not(action)
        if reason is not None:
            self.app.notify(reason, title=action.label, severity="warning", timeout=4)
        elif action.verb.startswith("screen_"):
            self.app.switch_mode(action.verb.removeprefix("screen_"))
        else:
            getattr(self if action.scope == "app" else self.screen, f"do_{action.verb}")()

    def why_not(self, action: Action) -> str | None:
        """Return why an action is not possible now; None when it is."""
        of_data = self.screen is None or self.screen.NEEDS_DATA
        needs_data = (
            action.scope in SCREEN_NAMES
            or (action.verb in NEEDS_DATA and of_data)
            or action.verb.startswith("screen_")
        )
        if needs_data and self.app.overview is None:
            return "there is no data yet"
        if self.screen is not None and not self.screen.is_ready:
            elsewhere = action.verb == "quit" or action.verb.startswith("screen_")
            return None if elsewhere else "this screen is not there yet"
        if action.verb == "export" and self.screen is not None and not self.screen.tables():
            return "there is no table here yet"
        return self.screen.why_not(action.verb) if self.screen else None

    def do_quit(self) -> None:
        self.app.exit()

    def do_palette(self) -> None:
        from tui.dialogs.dialog import Palette  # noqa: PLC0415  # not needed for the first paint

        self.app.push_screen(Palette())

    def do_theme(self) -> None:
        from textual.theme import ThemeProvider  # noqa: PLC0415  # not needed for the first paint

        from tui.dialogs.dialog import Palette  # noqa: PLC0415

        self.app.push_screen(Palette([ThemeProvider], placeholder="Search for themes…"))

    def do_refresh(self) -> None:
        self.app.look(again=True)

    def do_doctor(self) -> None:
        self.app.open_doctor()

    def do_help(self) -> None:
        from tui.dialogs.help import HelpScreen  # noqa: PLC0415  # not needed for the first paint

        self.app.push_screen(HelpScreen())

    def do_copy(self) -> None:
        if self.screen is not None:
            self.app.copy_text(self.screen.copied_text())

    def do_save(self) -> None:
        """Write the screen as SVG into the current folder, without the toast that says so."""
        moment = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        path = Path.cwd() / f"sparsity-{self.app.current_mode}-{moment}.svg"
        try:
            with written_whole(path) as arriving:
                arriving.write_text(self.app.export_screenshot(), encoding="utf-8", errors="replace")
        except SparsityError as error:
            self.app.notify(str(error), title="save", severity="error")
        else:
            self.app.notify(str(path), title="saved")

    def do_export(self) -> None:
        from tui.dialogs.export import ExportScreen  # noqa: PLC0415  # not needed for the first paint

        if self.screen:
            self.app.push_screen(ExportScreen(self.screen.tables(), self.app.reader or NoDatabase()))

    def do_zoom(self) -> None:
        if self.screen:
            self.screen.zoom_pane()

    def do_search(self) -> None:
        from tui.dialogs.search import SearchScreen  # noqa: PLC0415  # not needed for the first paint

        self.app.push_screen(SearchScreen(self._wanted), self._search)

    def do_search_next(self) -> None:
        self._move_to_match(1)

    def do_search_previous(self) -> None:
        self._move_to_match(-1)

    def _search(self, wanted: str | None) -> None:
        if wanted:
            self._wanted = wanted
            self._move_to_match(1)

    def _move_to_match(self, step: int) -> None:
        widget = self.app.focused
        if not isinstance(widget, Motions) or not self._wanted:
            self.app.notify("press / and type what to look for", title="search", timeout=3)
            return
        texts = widget.search_texts()
        place = next_match(texts, self._wanted, widget.search_position(), step)
        if place is None:
            self.app.notify(
                f"nothing in the focused pane contains “{self._wanted}”", title="search", timeout=3
            )
        else:
            widget.search_go(place)
