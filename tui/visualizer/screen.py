# ruff: noqa: D102  # the registry says what each do_<verb> does
"""The teaching page: a small matrix pruned side by side, and what storing and multiplying it costs."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget

from tui.frame.bars import TabLine
from tui.frame.screen import NARROW, SparsityScreen
from tui.state.registry import Action
from tui.state.selection import matrix_of
from tui.visualizer import text
from tui.visualizer.editor import LessonEditor
from tui.visualizer.lesson_options import lesson_of, lesson_options
from tui.visualizer.pruning import CORRELATIONS, EXAMPLE, SPARSITIES, Lesson, outcomes
from tui.visualizer.storage import Shape
from tui.widgets.plain import Static

METHODS = tuple(text.TITLES)
PANELS = (*METHODS, "compare", "bytes")
SHAPES = ((4096, 4096), (11008, 4096), (4096, 11008))


class VisualizerScreen(SparsityScreen):
    """Everything at once where there is room, else one panel at a time beside the input."""

    NAME: ClassVar[str] = "visualizer"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "visualizer.sparser", "greater_than_sign,full_stop", "sparser", "Prune one eighth more", rank=1
        ),
        Action("visualizer.denser", "less_than_sign,comma", "denser", "Prune one eighth less", rank=2),
        Action(
            "visualizer.correlate", "c", "correlate", "Correlate neighbouring inputs: 0, 0.5, 0.9", rank=3
        ),
        Action(
            "visualizer.next_panel", "right_square_bracket", "panel", "Put the next panel in front", rank=4
        ),
        Action("visualizer.previous_panel", "left_square_bracket", "back", "Put the panel before in front"),
        Action("visualizer.shape", "m", "matrix", "Calculate bytes and FLOPs for another matrix", rank=5),
        Action("visualizer.reset", "R", "reset", "Go back to the example", rank=12),
    )

    def __init__(self) -> None:
        super().__init__()
        self.lesson = EXAMPLE
        self.front = PANELS[0]
        self._shape = 0

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the input above a panel for each method, the comparison and the calculator."""
        with Container(id="lesson"):
            with Vertical(id="lesson-input", classes="pane"):
                yield LessonEditor()
                yield Static(id="lesson-about")
            for method in METHODS:
                with Vertical(id=_id(method), classes="pane lesson-panel"):
                    yield Static(classes="cells")
                    yield Static(classes="why")
            with Vertical(id="lesson-compare", classes="pane lesson-panel"):
                yield Static(classes="cells")
            with Vertical(id="lesson-bytes", classes="pane lesson-panel"):
                yield Static(classes="cells")

    def on_mount(self) -> None:
        """Start on the example."""
        super().on_mount()
        self.query_one("#lesson-compare").border_title = "comparison"
        editor = self.query_one(LessonEditor)
        editor.lesson = self.lesson
        editor.focus()
        self._rotate(0)
        self._show()

    def update(self) -> None:
        """Offer the selected matrix to the calculator."""
        self.query_one(TabLine).context = "a matrix to learn with"
        self._show_bytes()

    def view_options(self) -> dict[str, str]:
        """Return the panel in front, the matrix of the calculator and the lesson, value by value."""
        options = {"panel": self.front, "matrix": str(self._shape)}
        return options | lesson_options(self.lesson)

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show another panel, calculate for another matrix, or prune another lesson."""
        if options.get("panel") in PANELS:
            self.front = options["panel"]
        if options.get("matrix", "") in map(str, range(len(SHAPES) + 1)):
            self._shape = int(options["matrix"])
        self.lesson = lesson_of(options)

    def why_not(self, verb: str) -> str | None:
        """Say why the sparsity cannot go further, and that there is no table to export."""
        if verb == "sparser" and self.lesson.sparsity == SPARSITIES[-1]:
            return "seven eighths are pruned; one more and nothing is left"
        if verb == "denser" and self.lesson.sparsity == 0:
            return "nothing is pruned"
        if verb == "export":
            return "this page has no table; s saves it as a picture"
        return None

    def do_sparser(self) -> None:
        self._set(replace(self.lesson, sparsity=self.lesson.sparsity + SPARSITIES[1]))

    def do_denser(self) -> None:
        self._set(replace(self.lesson, sparsity=self.lesson.sparsity - SPARSITIES[1]))

    def do_correlate(self) -> None:
        place = (CORRELATIONS.index(self.lesson.correlation) + 1) % len(CORRELATIONS)
        self._set(replace(self.lesson, correlation=CORRELATIONS[place]))

    def do_reset(self) -> None:
        self._set(EXAMPLE)

    def do_next_panel(self) -> None:
        self._rotate(1)

    def do_previous_panel(self) -> None:
        self._rotate(-1)

    def do_shape(self) -> None:
        self._shape = (self._shape + 1) % len(self._shapes())
        self._show_bytes()

    def on_resize(self) -> None:
        """Write the notes of the formats where there is room."""
        self._show_bytes()

    @on(LessonEditor.Changed)
    def _take_values(self, message: LessonEditor.Changed) -> None:
        self._set(message.lesson)

    def _set(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.query_one(LessonEditor).lesson = lesson
        self._show()

    def _rotate(self, step: int) -> None:
        self.front = PANELS[(PANELS.index(self.front) + step) % len(PANELS)]
        for panel in PANELS:
            self.query_one(f"#{_id(panel)}").set_class(panel == self.front, "-front")

    def _show(self) -> None:
        """Show what every method makes of the matrix now."""
        lesson, found = self.lesson, outcomes(self.lesson)
        title = f"dense · prune {100 * lesson.sparsity:g}% · correlation of inputs {lesson.correlation:g}"
        self.title_pane("lesson-input", title)
        about = (
            "x: the norms ‖x‖ of 8 inputs; 1 to 4: an output's weights. Enter changes a cell, + − nudge it."
        )
        self.query_one("#lesson-about", Static).update(Content.styled(about, "$muted"))
        for outcome in found:
            panel = self.query_one(f"#{_id(outcome.method)}")
            panel.border_title = Content(text.outcome_title(outcome))
            panel.query_one(".cells", Static).update(text.outcome_cells(outcome, scores=True))
            why = text.explanation(lesson, outcome.method)
            panel.query_one(".why", Static).update(Content.styled(why, "$muted"))
        self.query_one("#lesson-compare .cells", Static).update(text.comparison(found))
        self._show_bytes()

    def _show_bytes(self) -> None:
        shapes = self._shapes()
        name, shape = shapes[min(self._shape, len(shapes) - 1)]
        panel = self.query_one("#lesson-bytes")
        panel.border_title = Content(text.calculator_title(shape, name))
        panel.query_one(".cells", Static).update(
            text.calculator(shape, self.lesson.sparsity, notes=self.size.width >= NARROW)
        )

    def _shapes(self) -> list[tuple[str, Shape]]:
        """Return the matrices to calculate for, the selected one first."""
        app = self.host
        selected = matrix_of(app.overview, app.selection) if app.overview else None
        shapes = [("", Shape(*size)) for size in SHAPES]
        if selected is not None:
            name = f"block {selected.layer} {selected.projection}"
            shapes.insert(0, (name, Shape(selected.out_features, selected.in_features)))
        return shapes


def _id(panel: str) -> str:
    """Return the identifier of a panel; a colon has a meaning of its own in selectors."""
    return f"lesson-{panel.replace(':', '-')}"
