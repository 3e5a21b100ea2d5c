"""The app: the database in view, what is selected, and how both reach the screens."""

import gc
import math
import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on

from tui.actions import Actions
from tui.drawing import themes
from tui.frame.screen import SparsityScreen, bind
from tui.state import memory
from tui.state.fetching import load_query_packages, run_in_thread
from tui.state.host import Host
from tui.state.keymap import read_keymap
from tui.state.messages import DatabaseFailed, FetchFailed, OverviewCompleted, OverviewLoaded
from tui.state.registry import APP_ACTIONS, DOCTOR, FIRST_RUN, SCREEN_NAMES, SCREENS, UNNUMBERED
from tui.state.selection import Selection
from tui.terminal.line_filter import ControlFilter
from tui.terminal.terminal import leave_within
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.command import Provider
    from textual.filter import LineFilter

    from tui.state.database import Database

POLL_SECONDS = 1.0
HANG_UP_SECONDS = 3.0
TELL_AGAIN_SECONDS = 10.0


def palette_commands() -> "type[Provider]":
    """Import the command palette when it is first opened, which keeps 50 ms out of the first paint."""
    from tui.commands import ActionCommands  # noqa: PLC0415

    return ActionCommands


class SparsityApp(Host):
    """Browses one warehouse, read-only."""

    TITLE = "sparsity"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "overview"
    MODES: ClassVar = {entry.name: entry.create for entry in (*SCREENS, *UNNUMBERED)}
    ENABLE_COMMAND_PALETTE = False  # Textual's; ours is an action like the others
    COMMANDS: ClassVar = {palette_commands}
    BINDINGS: ClassVar = [bind(action) for action in APP_ACTIONS]

    def __init__(
        self,
        database: "Database",
        *,
        link: Selection | None = None,
        screen: str | None = None,
        view: dict[str, str] | None = None,
        read_only: bool = False,
    ) -> None:
        """Prepare the app; `link`, `screen` and `view` say where to start, else where the last session ended.

        Raises:
            UsageError: the keymap file is wrong.
        """
        remembered = memory.recall(database.path)
        super().__init__(database, (link or Selection()).over(remembered.selection), read_only=read_only)
        wanted = screen or remembered.screen
        self.wanted_screen = wanted if wanted in SCREEN_NAMES else self.DEFAULT_MODE
        self._view = dict(view or {})
        self._control_filter = ControlFilter()
        self._failures: dict[tuple[str, str], float] = {}
        self._started_by = os.getppid()
        self._actions = Actions(self, read_keymap())
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        known = remembered.theme in self.available_themes
        self.theme = remembered.theme if known and remembered.theme else themes.DEFAULT_THEME

    @property
    def actions(self) -> Actions:
        """What can be done here, and doing it."""
        return self._actions

    @property
    def base_screen(self) -> SparsityScreen | None:
        """The screen in view below any dialog; None while the app starts or ends."""
        return self.actions.screen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Define for every theme the one variable that Textual's own themes lack."""
        return {"muted": themes.MUTED}

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:  # noqa: ARG002  # never
        """Show a message; it may carry names and values, so that nothing in it is markup."""
        super().notify(message, markup=False, **options)

    def get_line_filters(self) -> "Sequence[LineFilter]":
        """Let nothing through to the terminal that it would obey."""
        return [*super().get_line_filters(), self._control_filter]

    def on_mount(self) -> None:
        """Open the database and keep an eye on it."""
        self.set_keymap(self.actions.custom_keys)
        self.look()
        self.set_interval(POLL_SECONDS, self.look)
        if self._loop is not None and not self.is_headless:
            # Without these, a dropped connection or a kill would leave the terminal unusable.
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._loop.add_signal_handler(number, self._end_by, number)
        if self.is_web:
            self.set_interval(POLL_SECONDS, self._end_without_server)

    def _end_by(self, number: signal.Signals) -> None:
        """Exit with the customary code; after a hang-up there is no terminal to wait for."""
        self.exit(return_code=128 + number)
        if number == signal.SIGHUP:
            leave_within(HANG_UP_SECONDS, 128 + number)

    def _end_without_server(self) -> None:
        """End when the web server was killed: nobody can see the app any more, or end it."""
        if os.getppid() != self._started_by:
            self.exit()

    def on_unmount(self) -> None:
        """Write down where this session ended."""
        self.remember()

    def action_perform(self, name: str) -> None:
        """Run an action of the registry by its name; every key, click and palette entry comes here."""
        self.actions.perform(name)

    def look(self, *, again: bool = False) -> None:
        """Look at the database file in a worker: open it, or notice that it was replaced."""
        run_in_thread(self, "database", partial(self._look, again), exclusive=False)

    def _look(self, again: bool) -> None:  # partial() passes it on
        known = self.overview is not None
        try:
            overview = self.database.look(again=again)
            if overview is not None:
                self.post_message(OverviewLoaded(overview, replaced=known))
                self.post_message(OverviewCompleted(self.database.read_all()))
        except SparsityError as error:
            self.post_message(DatabaseFailed(error))

    @on(OverviewLoaded)
    def _show(self, message: OverviewLoaded) -> None:
        first = self.overview is None
        self.overview = message.overview
        self.generation += 1
        self.selection, complaints = self.selection.settled(message.overview)
        for complaint in complaints:
            self.notify(complaint, severity="warning")
        if first and self.current_mode != DOCTOR.name:
            self.switch_mode(self.wanted_screen)
        elif message.replaced:
            self.notify(f"{len(message.overview.runs)} runs in {self.database.path.name}", title="new data")
        self.update_screen()

    @on(OverviewCompleted)
    def _complete(self, message: OverviewCompleted) -> None:
        self.overview = message.overview
        self.update_screen()
        run_in_thread(self, "packages", self._load_query_packages)

    def _load_query_packages(self) -> None:
        load_query_packages()
        if not self.is_headless:
            # A full garbage collection of all these modules takes 0.1 s, in the middle of a key press. Inside
            # another program, such as a test, that program's objects must not be frozen.
            gc.freeze()

    @on(FetchFailed)
    def _tell_failure(self, message: FetchFailed) -> None:
        """Tell of work that failed; what is tried again every second is not told of every second."""
        told, moment = (message.subject, message.reason), time.monotonic()
        if moment - self._failures.get(told, -math.inf) > TELL_AGAIN_SECONDS:
            self._failures[told] = moment
            self.notify(message.reason, title=f"{message.subject} failed", severity="error")

    @on(DatabaseFailed)
    def _show_failure(self, message: DatabaseFailed) -> None:
        if self.overview is not None:
            self.notify(str(message.error), title="the database was replaced", severity="error")
            return
        if self.current_mode not in {FIRST_RUN.name, DOCTOR.name}:
            self.switch_mode(FIRST_RUN.name)
        if self.base_screen is not None:
            self.base_screen.tell(message.error)

    def copy_text(self, text: str) -> None:
        """Give a text to the clipboard and say what was done."""
        from tui.copying import copy_text  # noqa: PLC0415  # not needed for the first paint

        copy_text(self, text)

    def take_view(self, screen: str) -> dict[str, str]:
        """Return what --view asked the first screen to show; what was taken is not asked for again."""
        if screen != self.wanted_screen:
            return {}
        taken, self._view = self._view, {}
        return taken

    def open_doctor(self) -> None:
        """Show what is supported here, and remember the numbered screen it was asked on."""
        if self.current_mode in SCREEN_NAMES and self.overview is not None:
            self.wanted_screen = self.current_mode
        self.switch_mode(DOCTOR.name)

    def leave_doctor(self) -> None:
        """Go back to where the doctor page was opened; without data that is the first-run page."""
        if self.overview is not None:
            self.switch_mode(self.wanted_screen)
            return
        self.switch_mode(FIRST_RUN.name)
        # A new first-run page does not know yet why the file was refused; looking again tells it.
        self.look(again=True)

    def select(self, selection: Selection) -> None:
        """Change what is selected, on all screens."""
        self.selection = selection
        self.update_screen()

    def update_screen(self) -> None:
        """Bring the numbered screen in front up to date; the others follow when they are opened."""
        if self.base_screen is not None:
            self.base_screen.bring_up_to_date()

    def remember(self) -> None:
        """Write down where this session ended."""
        places = {FIRST_RUN.name: None, DOCTOR.name: self.wanted_screen}
        mode = places.get(self.current_mode, self.current_mode)
        memory.remember(self.database.path, memory.Remembered(self.theme, mode, self.selection))
