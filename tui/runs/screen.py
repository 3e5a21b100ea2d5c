# ruff: noqa: D102  # the registry says what each do_<verb> does
"""What the ETL did and does: the ledger, the steps and the log of each run; start, watch and cancel."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.dialogs.tables import ExportTable
from tui.frame.screen import SparsityScreen
from tui.runs import ledger
from tui.runs.job_lines import read_lines
from tui.runs.ledger import Activity, History, LedgerRow
from tui.runs.panes import LogView, ProgressLine, StepTable
from tui.runs.run_request import RunRequest
from tui.state import jobs
from tui.state.registry import Action
from tui.widgets.table import Table
from warehouse.ledger import invocation_table, step_table

WATCH_SECONDS = 0.5
NO_LOG = "No log: this run was not started from the app on this machine."


class RunsScreen(SparsityScreen):
    """One table of everything, with the steps and the log of the line under the cursor."""

    NAME: ClassVar[str] = "runs"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("runs.start", "b", "start", "Start an ETL run: choose, see the plan, confirm", 1, writes=True),
        Action("runs.cancel", "x", "cancel", "Cancel the run under the cursor", rank=2, writes=True),
        Action("runs.panel", "right_square_bracket", "steps or log", "Show the log or the steps", rank=3),
    )

    @dataclass
    class Loaded(Message):
        """The published ledger is here."""

        history: History

    @dataclass
    class Observed(Message):
        """What happens now."""

        activity: Activity

    @dataclass
    class LogRead(Message):
        """The log of the line under the cursor."""

        key: tuple
        lines: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.activity = Activity()
        self.rows: list[LedgerRow] = []
        self._generation: int | None = None
        self._chosen: tuple | None = None
        # Until the jobs are known, which may be after the history, the cursor goes to whatever is on top.
        self._jobs_known = False

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the ledger above the steps and the log."""
        yield ProgressLine()
        with Vertical(id="ledger", classes="pane"):
            yield Table(*ledger.HEADINGS)
        with Vertical(id="run-detail", classes="wrap"):
            with Vertical(id="steps", classes="pane"):
                yield StepTable()
            with Vertical(id="log", classes="pane"):
                yield LogView()

    def on_mount(self) -> None:
        """Look at once, and again while the screen is in view."""
        super().on_mount()
        self.query_one("#ledger").border_title = "ETL runs"
        self.query_one("#steps").border_title = "steps"
        self.query_one("#log").border_title = "log"
        self.query_one("#ledger Table", Table).focus()
        self.set_interval(WATCH_SECONDS, self._watch)

    def update(self) -> None:
        """Read the ledger anew when the database was replaced."""
        if self._generation != self.host.generation:
            self._generation = self.host.generation
            self.fetch("ledger", ledger.load_history, self.Loaded)
        self._watch()

    def why_not(self, verb: str) -> str | None:
        """Say why nothing can be started or cancelled."""
        row = self.row
        if verb == "start" and self.activity.running is not None:
            return "a run is in progress; a database has one writer at a time"
        if verb == "start" and self.activity.outsider is not None:
            return f"process {self.activity.outsider} is writing to this database"
        if verb == "cancel" and row is not None and row.state == "elsewhere":
            return f"started outside the app; stop it with: kill {self.activity.outsider}"
        if verb == "cancel" and (row is None or row.status is None or not row.status.running):
            return "this run has ended"
        return None

    def tables(self) -> list[ExportTable]:
        """Offer the ledger and its steps."""
        return [
            ExportTable("etl-runs", "Every invocation of the ETL", invocation_table),
            ExportTable("etl-steps", "Every step of every invocation", step_table),
        ]

    def command(self) -> str:
        """Return the command of the run under the cursor."""
        return self.row.command if self.row is not None else super().command()

    @property
    def row(self) -> LedgerRow | None:
        """The line under the cursor."""
        return next((row for row in self.rows if row.key == self._chosen), None)

    def do_start(self) -> None:
        from tui.runs.start_dialog import StartRunScreen  # noqa: PLC0415  # only when asked for

        request = RunRequest(self.host.database.path)
        self.app.push_screen(StartRunScreen(request, self.history.steps), self._start)

    def do_cancel(self) -> None:
        from tui.dialogs.confirm import ConfirmScreen  # noqa: PLC0415  # only when asked for

        row = self.row
        if row is None or row.status is None:
            return
        text = Content.assemble(
            (f"{row.command}\n\n", "bold"),
            "What is finished stays; the next run takes up where this one stopped.",
        )
        self.app.push_screen(ConfirmScreen("Cancel this run?", text), partial(self._cancel, row.status.job))

    def do_panel(self) -> None:
        self.toggle_class("-log-in-front")

    def _start(self, request: RunRequest | None) -> None:
        if request is None:
            return
        try:
            job = jobs.start(request.command(), request.database)
        except jobs.JobError as error:
            self.notify(str(error), severity="error")
            return
        self._chosen = (None, job.log)
        self._watch()

    def _cancel(self, job: jobs.Job, sure: bool | None) -> None:
        if sure:
            jobs.stop(job)
            self._watch()

    def _watch(self) -> None:
        """Look at the jobs in a worker, while somebody sees it."""
        if self.is_current or self.is_active:
            work = partial(ledger.observe, self.host.database.path, self.activity)
            self.fetcher.compute("jobs", work, self.Observed)

    @on(Loaded)
    def _take_history(self, message: Loaded) -> None:
        self.history = message.history
        self._fill()

    @on(Observed)
    def _take_activity(self, message: Observed) -> None:
        ran = self.activity.running
        changed = message.activity != self.activity
        self.activity = message.activity
        if changed or self.activity.running:
            self._fill()
        self._jobs_known = True
        if ran is not None and self.activity.running is None:
            self._tell_end(ran)

    def _tell_end(self, ran: ledger.JobStatus) -> None:
        """Say how a run that was watched ended, and look for what it published."""
        now = next((status for status in self.activity.statuses if status.job == ran.job), None)
        if now is not None and now.state == "failed":
            self.notify(now.last_words, title="the run failed", severity="error")
        elif now is not None:
            self.notify(now.job.written, title=f"the run has ended: {now.state}")
        self.host.look(again=True)

    def _fill(self) -> None:
        self.rows = ledger.merge(self.history, self.activity)
        table = self.query_one("#ledger Table", Table)
        keys = [row.key for row in self.rows]
        place = keys.index(self._chosen) if self._chosen in keys and self._jobs_known else 0
        with table.prevent(Table.RowHighlighted):
            table.fill([row.cells() for row in self.rows])
            if keys:
                table.move_cursor(row=place)
        self._chosen = keys[place] if keys else None
        self.query_one(ProgressLine).show(self.activity.running)
        self._show_detail()

    @on(Table.RowHighlighted, "#ledger Table")
    def _choose(self, event: Table.RowHighlighted) -> None:
        if 0 <= event.cursor_row < len(self.rows):
            self._chosen = self.rows[event.cursor_row].key
            self._show_detail()

    def _show_detail(self) -> None:
        """Show the steps and the log of the line under the cursor."""
        row = self.row
        if row is None:
            text = "Nothing was run on this database yet; b starts a run."
            self.query_one(LogView).show([text])
            return
        steps = [step for step in self.history.steps if step.etl_run_id == row.etl_run_id]
        self.query_one(StepTable).show(steps)
        title = f"{len(steps)} steps" if steps else "steps: in the log until they are published"
        self.title_pane("steps", title)
        job = row.status.job if row.status else None
        self.title_pane("log", f"log · {job.log}" if job else "log")
        if job is None:
            self.query_one(LogView).show([f"error: {row.error}" if row.error else NO_LOG])
        else:
            self.fetcher.compute("log", lambda: read_lines(job.lines()), partial(self.LogRead, row.key))

    @on(LogRead)
    def _show_log(self, message: LogRead) -> None:
        if message.key == self._chosen:
            self.query_one(LogView).show(message.lines or ["nothing written yet"])
