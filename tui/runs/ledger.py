"""What was done to a database and what is being done now: published invocations, jobs, other writers."""

import datetime
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.runs.build_progress import BuildProgress
from tui.state import jobs
from tui.state.jobs import Job
from warehouse.ledger import Invocation, LedgerStep, read_invocations, read_steps

if TYPE_CHECKING:
    import duckdb


MOST_JOBS = 50
# Between the start of a process and its first row in the ledger lie the imports and the plan.
LONGEST_START = 300.0
INTERRUPTED = "interrupted"  # the last line of a command that was asked to end
MARKS = {
    "running": "●", "finished": "✓", "published": "✓", "unchanged": "=", "failed": "✗", "interrupted": "✗",
    "cancelled": "✗", "elsewhere": "●",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job started from the app, as its log tells."""

    job: Job
    running: bool
    progress: BuildProgress
    last_words: str = ""

    @property
    def state(self) -> str:
        """What became of it."""
        if self.running:
            return "running"
        if self.last_words == INTERRUPTED:
            return "cancelled"
        return self.progress.state or "failed"


@dataclass(frozen=True, slots=True)
class Activity:
    """The jobs of a database, the latest first, and the process of somebody else that writes to it."""

    statuses: tuple[JobStatus, ...] = ()
    outsider: int | None = None
    outside_command: str = ""

    @property
    def running(self) -> JobStatus | None:
        """The job that runs now."""
        return next((status for status in self.statuses if status.running), None)


@dataclass(frozen=True, slots=True)
class History:
    """The published ledger."""

    invocations: tuple[Invocation, ...] = ()
    steps: tuple[LedgerStep, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the ledger: an invocation, its job, or both; `started` in seconds since 1970."""

    state: str
    started: float | None
    seconds: float | None
    step_text: str
    rows_written: int | None
    command: str
    error: str | None = None
    etl_run_id: int | None = None
    status: JobStatus | None = None

    @property
    def key(self) -> tuple[int | None, str | None]:
        """What tells this line from others."""
        return self.etl_run_id, self.status.job.log if self.status else None

    def cells(self) -> tuple[str, ...]:
        """Write the line as cells of a table."""
        share = f" {100 * self.status.progress.share:.0f}%" if self.status and self.state == "running" else ""
        return (
            "" if self.etl_run_id is None else str(self.etl_run_id),
            f"{MARKS.get(self.state, '·')} {self.state}{share}",
            "" if self.started is None else clock(self.started),
            "" if self.seconds is None else duration(self.seconds),
            self.step_text,
            "" if self.rows_written is None else f"{self.rows_written:,}",
            self.command,
        )


HEADINGS = (">#", "state", "started", ">took", ">steps", ">rows", "command")


def load_history(cursor: "duckdb.DuckDBPyConnection") -> History:
    """Read the published ledger."""
    return History(read_invocations(cursor), read_steps(cursor))


def observe(database: Path, before: Activity) -> Activity:
    """Look at the jobs and at who writes to the database; jobs that had ended `before` are not read again."""
    from warehouse.locking import current_writer  # noqa: PLC0415  # imports DuckDB

    ended = {status.job.log: status for status in before.statuses if not status.running}
    statuses = tuple(ended.get(job.log) or _status(job) for job in jobs.find_jobs(database)[:MOST_JOBS])
    writer = current_writer(database)
    if writer is None or any(status.running and jobs.belongs(writer, status.job) for status in statuses):
        return Activity(statuses)
    return Activity(statuses, writer, jobs.command_line(writer))


def merge(history: History, activity: Activity) -> list[LedgerRow]:
    """Return all lines, what happens now before the latest; a job and its invocation are one."""
    free = list(activity.statuses)
    rows = []
    for invocation in sorted(history.invocations, key=lambda i: i.started_at):
        status = next((s for s in reversed(free) if _is_of(s.job, invocation)), None)
        if status is not None:
            free.remove(status)
        rows.append(_invocation_row(invocation, status))
    rows += [_job_row(status) for status in free]
    rows.sort(key=lambda row: (row.state != "running", -(row.started or 0.0)))
    if activity.outsider is not None:
        rows.insert(0, LedgerRow("elsewhere", None, None, "", None, activity.outside_command))
    return rows


def clock(moment: float) -> str:
    """Write a moment in local time, without the year."""
    return datetime.datetime.fromtimestamp(moment).astimezone().strftime("%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Write a duration as a person would."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


def _status(job: Job) -> JobStatus:
    running = job.running  # before the log is read: what a job wrote last counts
    progress = BuildProgress().after(job.events())
    if running:
        return JobStatus(job, True, replace(progress, state=None))
    return JobStatus(job, False, progress, "" if progress.state else job.last_words())


def _is_of(job: Job, invocation: Invocation) -> bool:
    begun = invocation.started_at.replace(tzinfo=datetime.UTC).timestamp() - job.started
    return 0 <= begun <= LONGEST_START and job.written == invocation.command


def _invocation_row(invocation: Invocation, status: JobStatus | None) -> LedgerRow:
    steps = f"{invocation.finished_step_count}/{invocation.step_count}"
    return LedgerRow(
        state="running" if status and status.running else invocation.state,
        started=invocation.started_at.replace(tzinfo=datetime.UTC).timestamp(),
        seconds=invocation.elapsed_seconds,
        step_text=steps,
        rows_written=invocation.rows_written,
        command=invocation.command,
        error=invocation.error,
        etl_run_id=invocation.etl_run_id,
        status=status,
    )


def _job_row(status: JobStatus) -> LedgerRow:
    job, progress = status.job, status.progress
    done = max(0, progress.number - 1)
    ended = time.time() if status.running else _last_written(job)
    return LedgerRow(
        state=status.state,
        started=job.started,
        seconds=max(0.0, ended - job.started) if ended is not None else None,
        step_text=f"{done}/{progress.count}" if progress.count else "",
        rows_written=None,
        command=job.written,
        error=status.last_words or None,
        status=status,
    )


def _last_written(job: Job) -> float | None:
    try:
        return Path(job.log).stat().st_mtime
    except OSError:
        return None
