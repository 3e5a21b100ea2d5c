"""What every numbered screen has: the frame around it, its actions as key bindings, queries in workers."""

import contextlib
import datetime
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tui.frame.bars import KeyLine, TabLine
from tui.state.fetching import Fetcher, Work
from tui.state.host import Host, host_of
from tui.state.registry import APP_ACTIONS, SCREEN_NAMES, Action
from tui.state.selection import Selection, describe
from warehouse.errors import SparsityError
from warehouse.files import written_whole

if TYPE_CHECKING:
    from tui.dialogs.tables import ExportTable

T = TypeVar("T")
NARROW = 100  # columns under which a screen has one column


class SparsityScreen(Screen[None]):
    """A screen opened by a number key.

    A subclass names itself in NAME, declares ACTIONS (each `<NAME>.<verb>` is the method `do_<verb>`), and
    implements `compose_content` and `update`. `why_not` gives the reason an action is not possible now.
    Without NEEDS_DATA the page can be copied, exported and searched while there is no database.
    """

    NAME: ClassVar[str] = ""
    NEEDS_DATA: ClassVar[bool] = True
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012  # Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (16, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init_subclass__(cls, **options: Any) -> None:
        cls.BINDINGS = [bind(action) for action in cls.ACTIONS]
        super().__init_subclass__(**options)

    def __init__(self) -> None:
        super().__init__()
        self.fetcher = Fetcher(self)
        self._seen: object = None
        self._ready = False
        self._titles: dict[str, str] = {}

    @property
    def host(self) -> Host:
        """The app."""
        return host_of(self.app)

    def compose(self) -> ComposeResult:
        """Lay out the frame around the content."""
        yield TabLine(self.NAME)
        with Container(id="content"):
            yield from self.compose_content()
        yield KeyLine()

    def compose_content(self) -> Iterable[Widget]:
        """Yield the widgets between the top and the bottom line."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Choose what the bottom line shows, and take up what the command line asked for."""
        wanted = self.host.take_view(self.NAME)
        if wanted:
            self.use_view_options(wanted)
        for name, value in wanted.items() - self.view_options().items():
            self.notify(f"this screen has no {name} {value!r}", title="--view", severity="warning")
        read_only = self.host.read_only
        actions = (*self.ACTIONS, *APP_ACTIONS)
        shown = [action for action in actions if action.rank and not (action.writes and read_only)]
        self.query_one(KeyLine).actions = tuple(sorted(shown, key=lambda action: action.rank))

    def on_screen_resume(self) -> None:
        """Catch up with what changed while another screen was in front."""
        self._ready = True
        self.bring_up_to_date()

    def on_idle(self) -> None:
        """Have the bottom line follow what is possible, which whatever was just drawn may have changed."""
        waiting = self.NAME in SCREEN_NAMES and self.host.overview is None
        if self.is_ready and self.is_current and not waiting:
            # While the app ends, widgets go one after the other.
            with contextlib.suppress(NoMatches):
                line = self.query_one(KeyLine)
                line.refused = frozenset(action.name for action in line.actions if self.why_not(action.verb))

    @property
    def is_ready(self) -> bool:
        """Whether the widgets are there: before the first resume, and while the app ends, they are not."""
        return self._ready and any(isinstance(child, TabLine) for child in self.children)

    def bring_up_to_date(self) -> None:
        """Update the screen when the data or the selection changed since it was last shown."""
        app = self.host
        state = (app.overview, app.selection)
        if not self.is_ready or app.overview is None or state == self._seen:
            return
        self._seen = state
        self.query_one(TabLine).context = describe(app.overview, app.selection)
        self.update()

    def update(self) -> None:
        """Show the app's overview and selection; called when either changed."""

    def tell(self, error: SparsityError) -> None:
        """Say that the database cannot be read; the screen for that overrides this."""
        self.notify(str(error), severity="error")

    def tables(self) -> "list[ExportTable]":
        """Return the tables of this screen that can be exported, the one in view first."""
        return []

    def copied_text(self) -> str:
        """Return what is copied: the command that opens what is shown."""
        return self.command()

    def save_text(self, name: str, text: str) -> None:
        """Write a text into the current folder, in a file named by the screen, `name` and the time."""
        moment = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        path = Path.cwd() / f"sparsity-{self.NAME}-{name}-{moment}.txt"
        try:
            with written_whole(path) as arriving:
                arriving.write_text(text, encoding="utf-8", errors="replace")
        except SparsityError as error:
            self.notify(str(error), title="text", severity="error")
        else:
            self.notify(str(path), title="saved")

    def command(self) -> str:
        """Return the command that opens what is shown."""
        selection = self.shown_selection()
        return selection.command(self.host.database.path, self.NAME, self.view_options())

    def shown_selection(self) -> Selection:
        """Return the selection, with what this screen chose by itself where nothing is selected."""
        return self.host.selection

    def view_options(self) -> dict[str, str]:
        """Return what is shown beyond the selection, by the names that --view takes."""
        return {}

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show what `view_options` gave; values that are not possible here are left out."""

    def why_not(self, verb: str) -> str | None:  # noqa: ARG002  # for subclasses
        """Return why an action is not possible now; None when it is."""
        return None

    def zoom_pane(self) -> None:
        """Give the pane that has the focus the whole screen, or give the others their place back.

        Panes have the class `pane`, containers that only hold panes the class `wrap`.
        """
        parts = list(self.query(".pane, .wrap"))
        zoomed = any(part.has_class("-zoomed-away") for part in parts)
        focused = next((part for part in parts if part.has_class("pane") and part.has_focus_within), None)
        kept = set(parts) if zoomed or focused is None else {focused, *focused.ancestors}
        for part in parts:
            part.set_class(part not in kept, "-zoomed-away")
            part.set_class(not zoomed and part in kept, "-zoomed")

    def title_pane(self, name: str, title: str) -> None:
        """Put a title on the rule of a pane; Textual draws the whole pane for it, so only when it changed."""
        if self._titles.get(name) != title:
            self._titles[name] = title
            self.query_one(f"#{name}").border_title = Content(title)

    def fetch(self, group: str, work: Work[T], deliver: Callable[[T], Message]) -> None:
        """Query in a worker; the message arrives at this screen, a failure as FetchFailed."""
        if self.host.reader is not None:
            self.fetcher.fetch(self.host.reader, group, work, deliver)


def bind(action: Action) -> Binding:
    """Return the key binding of an action of the app or of a screen."""
    return Binding(action.keys, f"app.perform('{action.name}')", action.label, show=False, id=action.name)
