"""The norms and weights of the pruning lesson, to be changed cell by cell."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.visualizer.pruning import EXAMPLE, GROUP, Lesson
from tui.visualizer.text import CELL
from tui.widgets.motions import MOTION_BINDINGS, Motions

LABEL = 2
LARGEST = 999.0
NORM_STEP, WEIGHT_STEP = 1.0, 0.1


class LessonEditor(Motions, Widget, can_focus=True):
    """A cursor over one row of norms and the rows of weights; Enter changes a cell, + and − nudge it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *MOTION_BINDINGS,
        Binding("enter", "edit", show=False),
        Binding("plus,equals_sign", "nudge(1)", show=False),
        Binding("minus", "nudge(-1)", show=False),
    ]
    DEFAULT_CSS = "LessonEditor { width: 1fr; height: auto; background: $background; }"
    cursor: reactive[tuple[int, int]] = reactive((-1, 0))
    lesson: reactive[Lesson] = reactive(EXAMPLE)
    typed: reactive[str | None] = reactive(None)

    @dataclass
    class Changed(Message):
        """A cell has another value."""

        lesson: Lesson

    def validate_cursor(self, cursor: tuple[int, int]) -> tuple[int, int]:
        """Keep the cursor among the cells; row −1 holds the norms."""
        row, column = cursor
        return min(max(row, -1), len(self.lesson.weights) - 1), min(
            max(column, 0), len(self.lesson.norms) - 1
        )

    def perform(self, verb: str) -> None:
        """Move the cursor."""
        row, column = self.cursor
        last = len(self.lesson.weights) - 1
        places = {
            "left": (row, column - 1), "right": (row, column + 1), "up": (row - 1, column),
            "down": (row + 1, column), "first": (-1, 0), "last": (last, column),
            "page_up": (-1, column), "page_down": (last, column),
        }  # fmt: skip
        self.cursor = places.get(verb, self.cursor)

    @property
    def value(self) -> float:
        """The value under the cursor."""
        row, column = self.cursor
        return self.lesson.norms[column] if row < 0 else self.lesson.weights[row][column]

    def action_edit(self) -> None:
        """Begin to type a value."""
        self.typed = ""

    def action_nudge(self, sign: int) -> None:
        """Change the value by a step."""
        step = NORM_STEP if self.cursor[0] < 0 else WEIGHT_STEP
        self._set(round(self.value + sign * step, 2))

    def on_key(self, event: events.Key) -> None:
        """Take what is typed while a cell is changed; other keys keep their meaning elsewhere."""
        if self.typed is None:
            return
        event.stop()
        event.prevent_default()
        if event.key == "enter":
            self._take()
        elif event.key == "escape":
            self.typed = None
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.character and event.character in "0123456789.-+−,":
            self.typed += event.character

    def on_blur(self) -> None:
        """Leave the cell as it was when the focus goes elsewhere."""
        self.typed = None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a second click changes the cell."""
        x = event.x - LABEL
        column = (x - (x > GROUP * CELL)) // CELL
        if 0 <= column < len(self.lesson.norms):
            self.cursor = (event.y - 1, column)
            if event.chain == 2:
                self.action_edit()

    def search_texts(self) -> list[str]:
        """Return the values of all cells, row by row."""
        return [str(value) for row in (self.lesson.norms, *self.lesson.weights) for value in row]

    def search_position(self) -> int:
        """Return the place of the cursor among them."""
        return (self.cursor[0] + 1) * len(self.lesson.norms) + self.cursor[1]

    def search_go(self, position: int) -> None:
        """Put the cursor there."""
        row, column = divmod(position, len(self.lesson.norms))
        self.cursor = (row - 1, column)

    def render(self) -> Content:
        """Draw the norms above the weights."""
        lines = [self._line("x ", -1, self.lesson.norms)]
        lines += [self._line(f"{row + 1} ", row, weights) for row, weights in enumerate(self.lesson.weights)]
        return Content("\n").join(lines)

    def _line(self, label: str, row: int, values: tuple[float, ...]) -> Content:
        line = Content.styled(label, "$muted")
        for column, value in enumerate(values):
            line += Content.styled("│", "$muted") if column and column % GROUP == 0 else Content("")
            text, style = f"{value:.4g}" if row < 0 else f"{value:.2f}", "bold $accent" if row < 0 else ""
            if (row, column) == self.cursor:
                text = f"{self.typed}▏" if self.typed is not None else text
                style = "bold $background on $primary" if self.has_focus else "bold underline"
            line += Content.styled(f"{text[-CELL + 1 :]:>{CELL - 1}} ", style)
        return line

    def _take(self) -> None:
        """Take over what was typed, or say why not."""
        text = (self.typed or "").replace("−", "-").replace(",", ".")
        self.typed = None
        if not text:
            return
        try:
            value = float(text)
        except ValueError:
            self.app.notify(f"“{text}” is no number", severity="warning", timeout=3)
        else:
            self._set(value)

    def _set(self, value: float) -> None:
        row, column = self.cursor
        if not isfinite(value) or abs(value) > LARGEST or (row < 0 and value < 0):
            kind = "a norm lies between 0" if row < 0 else f"a weight lies between −{LARGEST:.0f}"
            self.app.notify(f"{kind} and {LARGEST:.0f}", severity="warning", timeout=3)
            return
        self.lesson = self.lesson.with_value(row, column, value)
        self.post_message(self.Changed(self.lesson))
