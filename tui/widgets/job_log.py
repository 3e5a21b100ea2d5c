"""The last lines a job has written, followed while it runs."""

import time
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from tui.state.fetching import run_in_thread
from tui.state.jobs import Job

FOLLOW_SECONDS = 0.5


class JobLog(Widget, can_focus=True):
    """Shows as many of the last lines as fit; tells when the job has ended."""

    DEFAULT_CSS = "JobLog { width: 1fr; height: 1fr; background: $background; }"

    @dataclass
    class Advanced(Message):
        """The job wrote something, or ended."""

        job: Job
        lines: list[str]
        running: bool

    @dataclass
    class Ended(Message):
        """The job has ended; `failed` unless it said that it finished."""

        job: Job
        failed: bool

    def __init__(self, missing: str) -> None:
        """`missing` is said while there is no job."""
        super().__init__()
        self.missing = missing
        self.job: Job | None = None
        self.lines: list[str] = []

    def follow(self, job: Job) -> None:
        """Show what a job writes."""
        self.job, self.lines = job, []
        self.refresh()
        run_in_thread(self, "job", partial(self._watch, job))

    def render(self) -> Content:
        """Return the last lines."""
        if self.job is None:
            return Content.styled(self.missing, "$muted")
        room = max(1, self.size.height)
        return Content("\n").join(Content(line).truncate(self.size.width) for line in self.lines[-room:])

    def _watch(self, job: Job) -> None:
        worker = get_current_worker()
        running = True
        while running and not worker.is_cancelled:
            running = job.running
            self.post_message(self.Advanced(job, job.lines(), running))
            if running:
                time.sleep(FOLLOW_SECONDS)

    @on(Advanced)
    def _show(self, message: Advanced) -> None:
        if message.job is not self.job:
            return
        self.lines = message.lines
        self.refresh()
        if not message.running:
            finished = any(event.get("event") == "finished" for event in message.job.events())
            self.post_message(self.Ended(message.job, failed=not finished))
