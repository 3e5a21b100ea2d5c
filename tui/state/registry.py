"""Every screen and every action, in one place: keys, command palette and help are made from it.

Nothing here imports Textual, so that the command line can name the screens without loading it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do.

    `name` is "<scope>.<verb>": the scope is `app`, `motion` (the focused widget) or a screen, and the verb
    the method `do_<verb>` of it. `keys` are the default keys, comma-separated, as Textual names them.
    Actions with a `rank` show in the bottom line, lowest first. `writes` marks what --read-only removes.
    """

    name: str
    keys: str
    label: str
    help: str
    rank: int = 0
    writes: bool = False

    @property
    def scope(self) -> str:
        """Where the action applies."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """The part of the name that says what is done."""
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One screen: its key, its names (`short` for narrow terminals), and where its class is."""

    number: int
    name: str
    title: str
    summary: str
    class_path: str
    short: str = ""

    def load(self) -> Any:
        """Import the class of the screen; done when the screen is first opened."""
        module, _, class_name = self.class_path.partition(":")
        return getattr(import_module(module), class_name)

    def create(self) -> Any:
        """Return a new screen."""
        return self.load()()


SCREENS = (
    ScreenEntry(
        1,
        "overview",
        "Overview",
        "The whole model: block × projection",
        "tui.overview.screen:OverviewScreen",
    ),
    ScreenEntry(
        2,
        "matrix",
        "Matrix",
        "One weight matrix: its mask and its structure",
        "tui.matrix.screen:MatrixScreen",
    ),
    ScreenEntry(
        3,
        "compare",
        "Compare",
        "Two runs: masks, clusters, cost",
        "tui.compare.screen:CompareScreen",
    ),
    ScreenEntry(
        4,
        "clusters",
        "Clusters",
        "The clusters of a run, held against chance",
        "tui.clusters.screen:ClustersScreen",
    ),
    ScreenEntry(
        5,
        "kernels",
        "Kernels",
        "Measured kernels against dense and against their limits",
        "tui.kernels.screen:KernelsScreen",
    ),
    ScreenEntry(
        6,
        "recommendations",
        "Recommendations",
        "What to use per matrix, what it gains and loses, and why",
        "tui.recommendations.screen:RecommendationsScreen",
        short="Advice",
    ),
    ScreenEntry(
        7, "sql", "SQL", "Ask in SQL: completion, history, plots of results", "tui.sql.screen:SqlScreen"
    ),
    ScreenEntry(
        8, "runs", "Runs", "What the ETL did and does: start, watch, cancel", "tui.runs.screen:RunsScreen"
    ),
    ScreenEntry(
        9,
        "visualizer",
        "Visualizer",
        "A small matrix pruned side by side, and what formats cost",
        "tui.visualizer.screen:VisualizerScreen",
        short="Learn",
    ),
)
FIRST_RUN = ScreenEntry(
    0, "first_run", "Start", "What to do without a database", "tui.runs.first_run:FirstRunScreen"
)
DOCTOR = ScreenEntry(
    0,
    "doctor",
    "Doctor",
    "What this terminal, machine and database support",
    "tui.doctor.screen:DoctorScreen",
)
UNNUMBERED = (FIRST_RUN, DOCTOR)
SCREEN_NAMES = tuple(entry.name for entry in SCREENS)

APP_ACTIONS = (
    *(Action(f"app.screen_{entry.name}", str(entry.number), entry.title, entry.summary) for entry in SCREENS),
    Action("app.help", "question_mark,f1", "help", "Show and search every key and action", rank=90),
    Action("app.palette", "ctrl+p", "palette", "Run any action by its name", rank=80),
    Action(
        "app.search",
        "slash",
        "search",
        "Move to what contains a text in the focused pane; n and N go on",
        rank=50,
    ),
    Action("app.search_next", "n", "next match", "Move to the next match"),
    Action("app.search_previous", "N", "previous match", "Move to the previous match"),
    Action("app.export", "e", "export", "Write a table of this screen as CSV, Parquet or JSON", rank=60),
    Action("app.save", "s", "save", "Save this screen as an SVG picture"),
    Action(
        "app.copy",
        "y",
        "copy",
        "Copy the command that opens what is shown, or the doctor page as text",
        rank=70,
    ),
    Action("app.zoom", "z", "zoom", "Give the focused pane the whole screen, and back", rank=40),
    Action("app.theme", "T", "theme", "Choose colours: dark, light, or those of the terminal"),
    Action("app.doctor", "D", "doctor", "Show what this terminal, machine and database support"),
    Action("app.refresh", "ctrl+r", "reload", "Read the database again"),
    Action("app.quit", "q,ctrl+q", "quit", "Leave", rank=99),
)
MOTION_ACTIONS = (
    Action("motion.left", "left,h", "left", "Move left"),
    Action("motion.down", "down,j", "down", "Move down"),
    Action("motion.up", "up,k", "up", "Move up"),
    Action("motion.right", "right,l", "right", "Move right"),
    Action("motion.first", "home", "first", "Move to the first; also gg"),
    Action("motion.prefix", "g", "gg: first", "Pressed twice: move to the first"),
    Action("motion.last", "end,G", "last", "Move to the last"),
    Action("motion.page_up", "pageup,ctrl+u", "page up", "Move up by a page"),
    Action("motion.page_down", "pagedown,ctrl+d", "page down", "Move down by a page"),
)


def actions_of(scope: str) -> tuple[Action, ...]:
    """Return the actions of one scope; those of a screen stand in its own file."""
    if scope == "app":
        return APP_ACTIONS
    if scope == "motion":
        return MOTION_ACTIONS
    return next((entry.load().ACTIONS for entry in (*SCREENS, *UNNUMBERED) if entry.name == scope), ())


def all_actions() -> Iterator[Action]:
    """Yield every action there is."""
    for scope in ("app", "motion", *SCREEN_NAMES, *(entry.name for entry in UNNUMBERED)):
        yield from actions_of(scope)
