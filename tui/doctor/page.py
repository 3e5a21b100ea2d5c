"""The findings of the doctor as a page of wrapped lines, moved and searched like everything else."""

from collections.abc import Iterator
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive

from tui.doctor.findings import ARROW, MARKS, Finding, State
from tui.widgets.motions import MOTION_BINDINGS, Motions
from tui.widgets.plain import Static

TOPIC_WIDTH = 11
MARK_WIDTH = 2
WIDEST_TEXT = 110
STYLES: dict[State, str] = {"good": "$success", "limited": "$warning", "missing": "$error"}


class FindingsPage(Motions, VerticalScroll, can_focus=True):
    """Shows a mark and a sentence for everything that was looked at, and below it what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    DEFAULT_CSS = """
    FindingsPage { background: $background; scrollbar-size: 1 1; }
    FindingsPage Static { width: 100%; height: auto; }
    """
    findings: reactive[tuple[Finding, ...]] = reactive(())
    found_line: reactive[int | None] = reactive(None)

    def __init__(self, missing: str) -> None:
        """`missing` is said while there are no findings."""
        super().__init__()
        self.missing = missing
        self.lines: list[Content] = []

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield Static()

    def on_resize(self) -> None:
        """Wrap the sentences anew."""
        self._draw()

    def watch_findings(self) -> None:
        """Show what was found now."""
        self.found_line = None
        self._draw()

    def watch_found_line(self) -> None:
        """Mark what the search has found."""
        self._draw()

    def perform(self, verb: str) -> None:
        """Scroll."""
        moves = {
            "down": self.scroll_down, "up": self.scroll_up,
            "first": self.scroll_home, "last": self.scroll_end,
            "page_up": self.scroll_page_up, "page_down": self.scroll_page_down,
        }  # fmt: skip
        if verb in moves:
            moves[verb](animate=False)

    def search_texts(self) -> list[str]:
        """Return every line."""
        return [line.plain for line in self.lines]

    def search_position(self) -> int:
        """Return the line found last."""
        return -1 if self.found_line is None else self.found_line

    def search_go(self, position: int) -> None:
        """Mark a line and bring it into view."""
        self.found_line = position
        self.scroll_to(y=max(0, position - self.size.height // 2), animate=False)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.lines = [*self._lines()]
        shown = [
            line.stylize("reverse") if n == self.found_line else line for n, line in enumerate(self.lines)
        ]
        self.query_one(Static).update(
            Content("\n").join(shown) if shown else Content.styled(self.missing, "$muted")
        )

    def _lines(self) -> Iterator[Content]:
        width = max(20, min(self.size.width - TOPIC_WIDTH - MARK_WIDTH - 1, WIDEST_TEXT))
        indent = " " * (TOPIC_WIDTH + MARK_WIDTH)
        topic = ""
        for finding in self.findings:
            if topic and finding.topic != topic:
                yield Content("")
            heading = finding.topic if finding.topic != topic else ""
            topic = finding.topic
            first, *rest = wrap(finding.sentence, width)
            mark = MARKS[finding.state]
            yield Content.assemble(
                (f"{heading:<{TOPIC_WIDTH}}", "bold $primary"),
                (f"{mark:<{MARK_WIDTH}}", f"bold {STYLES[finding.state]}"),
                first,
            )
            yield from (Content(indent + line) for line in rest)
            # A command stays in one piece where it fits: a line is broken at spaces alone.
            told = wrap(finding.advice, width - 2, break_on_hyphens=False)
            for number, line in enumerate(told):
                start = f"{'' if number else ARROW:<2}"
                yield Content.styled(f"{indent}{start}{line}", "$muted")
