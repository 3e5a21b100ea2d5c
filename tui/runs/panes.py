"""The widgets of the runs screen: how far a run is, its steps, its log."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.runs import ledger
from tui.runs.job_lines import is_trouble
from tui.runs.ledger import JobStatus
from tui.widgets.table import Table

if TYPE_CHECKING:
    from warehouse.ledger import LedgerStep

BAR_CELLS = 24
STEP_HEADINGS = ("state", ">took", ">rows", "step", "of")


class ProgressLine(Static):
    """A line with the progress of the job that runs; not there while none does."""

    def __init__(self) -> None:
        super().__init__(id="run-progress")
        self.display = False

    def show(self, running: JobStatus | None) -> None:
        """Draw the bar, and say what is being done."""
        self.display = running is not None
        if running is not None:
            filled = int(running.progress.share * BAR_CELLS)
            bar = "█" * filled + "░" * (BAR_CELLS - filled)
            share = f" {100 * running.progress.share:.0f}%  "
            self.update(
                Content.assemble(("running ", "bold"), (bar, "$primary"), share, running.progress.sentence)
            )


class StepTable(Table):
    """The steps of a run."""

    def __init__(self) -> None:
        super().__init__(*STEP_HEADINGS)

    def show(self, steps: "Iterable[LedgerStep]") -> None:
        """Show a row for every step."""
        self.fill([_step_row(step) for step in steps])


class LogView(VerticalScroll, can_focus=True):
    """The log of a job in words, the end in view."""

    def compose(self) -> ComposeResult:
        """Make the text."""
        yield Static(id="log-lines")

    def show(self, lines: list[str]) -> None:
        """Show lines; a reader who has scrolled up stays there."""
        at_end = self.scroll_offset.y >= self.max_scroll_y - 1
        styled = [Content.styled(line, "bold $error" if is_trouble(line) else "") for line in lines]
        self.query_one("#log-lines", Static).update(Content("\n").join(styled))
        if at_end:
            self.call_after_refresh(self.scroll_end, animate=False)


def _step_row(step: "LedgerStep") -> tuple[str, ...]:
    return (
        f"{ledger.MARKS.get(step.state, '·')} {step.error or step.state}",
        "" if step.seconds is None else ledger.duration(step.seconds),
        f"{step.rows_written:,}",
        step.step,
        step.subject,
    )
