"""The page shown while there is no database to read: what to do, and a build one key away."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import ProgressBar
from textual.worker import get_current_worker

from tui.frame.screen import SparsityScreen
from tui.runs.build_progress import BuildProgress
from tui.state import jobs
from tui.state.fetching import run_in_thread
from tui.state.registry import Action
from tui.widgets.plain import Static
from warehouse.errors import SparsityError
from warehouse.opening import MissingDatabaseError

FOLLOW_SECONDS = 0.25
STAYS = "What is finished stays; the next build takes up where this one stopped."
WHAT_IT_IS = (
    "This app shows what pruning does to a language model, matrix by matrix: what each method loses, whether"
    " its masks have structure beyond chance, and which sparse kernel really runs faster."
)


class FirstRunScreen(SparsityScreen):
    """Says why there is nothing to show, and builds the bundled database on request."""

    NAME: ClassVar[str] = "first_run"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("first_run.build", "b", "build", "Build the bundled database here", rank=1, writes=True),
        Action("first_run.cancel", "x", "cancel", "Cancel the build that runs", rank=2, writes=True),
    )
    error: reactive[SparsityError | None] = reactive(None)

    @dataclass
    class Advanced(Message):
        """The job wrote something, or ended."""

        events: list[dict]
        running: bool

    def __init__(self) -> None:
        super().__init__()
        self.job: jobs.Job | None = None
        self._cancelled: jobs.Job | None = None
        self.progress = BuildProgress()

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the explanation above the progress of a build."""
        with VerticalScroll(id="first-run", can_focus=False):
            yield Static(id="problem")
            with Vertical(id="build"):
                yield Static(id="build-step")
                yield ProgressBar(total=1.0, show_eta=False)

    def on_mount(self) -> None:
        """Follow the build an earlier session started, if it still runs."""
        super().on_mount()
        self.query_one("#build").display = False
        self._explain()
        job = jobs.find_running(self.host.database.path)
        if job is not None:
            self._follow(job)

    def tell(self, error: SparsityError) -> None:
        """Show why the database cannot be read."""
        self.error = error

    def watch_error(self) -> None:
        """Say what the problem is now."""
        if self.is_mounted:
            self._explain()

    def why_not(self, verb: str) -> str | None:
        """Say why nothing can be built."""
        if verb == "build" and self.job is not None and self.job.running:
            return "a build is running"
        if verb == "cancel" and (self.job is None or not self.job.running):
            return "no build is running"
        if verb == "build" and self.error is not None and not isinstance(self.error, MissingDatabaseError):
            return "there is a file already; deal with it first, or choose another with --db"
        return None

    def do_build(self) -> None:
        """Start the ETL in a session of its own."""
        database = self.host.database.path
        try:
            job = jobs.start(jobs.build_command(database), database)
        except jobs.JobError as error:
            self.notify(str(error), severity="error")
        else:
            self._follow(job)

    def do_cancel(self) -> None:
        """Ask, then end the job with everything it has started."""
        from tui.dialogs.confirm import ConfirmScreen  # noqa: PLC0415  # only when asked for

        if self.job is not None:
            text = Content.assemble((f"{self.job.written}\n\n", "bold"), STAYS)
            self.app.push_screen(ConfirmScreen("Cancel this build?", text), partial(self._cancel, self.job))

    def _cancel(self, job: jobs.Job, sure: bool | None) -> None:
        if sure:
            self._cancelled = job
            jobs.stop(job)

    def _follow(self, job: jobs.Job) -> None:
        self.job, self.progress = job, BuildProgress()
        self.query_one("#build").display = True
        self._show_progress()
        run_in_thread(self, "job", partial(self._watch, job))

    def _watch(self, job: jobs.Job) -> None:
        worker = get_current_worker()
        seen = 0
        running = True
        while running and not worker.is_cancelled:
            running = job.running
            events = job.events()
            self.post_message(self.Advanced(events[seen:], running))
            seen = len(events)
            time.sleep(FOLLOW_SECONDS)

    @on(Advanced)
    def _advance(self, message: Advanced) -> None:
        self.progress = self.progress.after(message.events)
        self._show_progress()
        if message.running or self.job is None:
            return
        if self._cancelled == self.job:
            self.query_one("#build-step", Static).update(f"The build was cancelled. {STAYS}")
        elif self.progress.state is None:
            text = f"The build failed: {self.job.last_words()}\nThe whole log is in {self.job.log}"
            self.query_one("#build-step", Static).update(Content.styled(text, "$error"))
        self.host.look(again=True)

    def _show_progress(self) -> None:
        log = f"  (log: {self.job.log})" if self.job else ""
        self.query_one("#build-step", Static).update(
            Content.assemble(self.progress.sentence, (log, "$muted"))
        )
        self.query_one(ProgressBar).update(progress=self.progress.share)

    def _explain(self) -> None:
        app = self.host
        if self.error is None:
            text = Content.styled(f"Opening {app.database.path} …", "$muted")
        elif isinstance(self.error, MissingDatabaseError):
            text = self._missing_text()
        else:
            text = Content.assemble(
                ("This database cannot be read\n\n", "bold $warning"),
                f"{self.error}\n\n",
                ("The page opens the overview by itself as soon as the file can be read.", "$muted"),
            )
        self.query_one("#problem", Static).update(text)

    def _missing_text(self) -> Content:
        app = self.host
        command = f"sparsity-etl run --db {app.database.path}"
        offer = Content.assemble(
            "Press ",
            ("b", "bold $accent"),
            " to build one from the bundled model (a minute or two on two cores), or run it elsewhere:\n\n",
        )
        if app.read_only:
            offer = Content("This session is read-only. Build the bundled one in a shell:\n\n")
        return Content.assemble(
            ("No database yet\n\n", "bold $primary"),
            f"{WHAT_IT_IS}\n\n",
            f"All of it is read from one DuckDB file, and there is none at {app.database.path}.\n\n",
            offer,
            (f"    {command}\n\n", "bold"),
            (
                "The overview opens by itself when the file is there. Another file: sparsity-tui --db PATH\n",
                "$muted",
            ),
            ("D", "bold $accent"),
            (" tells what this terminal and machine support.", "$muted"),
        )
