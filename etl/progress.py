"""Reporting what the pipeline does: bars on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from warehouse.printable import printable
from warehouse.streams import discard

if TYPE_CHECKING:
    from etl.plan import Step


class Progress(Protocol):
    """What the pipeline reports while it works."""

    def started(self, number: int, count: int, step: Step) -> None:
        """Report that step `number` of `count`, from 1, begins."""

    def advanced(self, done: int, total: int, detail: str) -> None:
        """Report that `done` of `total` parts of the current step are complete."""

    def finished(self, step: Step, seconds: float, rows: int) -> None:
        """Report that the current step is committed."""

    def note(self, message: str) -> None:
        """Report something that a person should know."""

    def ended(self, state: str, run_ids: list[int], rows_written: dict[str, int]) -> None:
        """Report that the invocation is over; `state` is published or unchanged."""

    def close(self) -> None:
        """Release the terminal, however the invocation ended."""


class JsonProgress:
    """One JSON object per line on standard output."""

    def __init__(self) -> None:
        self._step: Step | None = None

    def started(self, number: int, count: int, step: Step) -> None:
        """See `Progress`."""
        self._step = step
        self._write("step", state="started", step=step.kind, subject=step.subject, number=number, count=count)

    def advanced(self, done: int, total: int, detail: str) -> None:
        """See `Progress`."""
        if self._step is not None:
            names = {"step": self._step.kind, "subject": self._step.subject}
            self._write("progress", **names, done=done, total=total, detail=detail)

    def finished(self, step: Step, seconds: float, rows: int) -> None:
        """See `Progress`."""
        timed = {"seconds": round(seconds, 3), "rows_written": rows}
        self._write("step", state="finished", step=step.kind, subject=step.subject, **timed)

    def note(self, message: str) -> None:
        """See `Progress`."""
        self._write("note", message=message)

    def ended(self, state: str, run_ids: list[int], rows_written: dict[str, int]) -> None:
        """See `Progress`."""
        self._write("finished", state=state, run_ids=run_ids, rows_written=rows_written)

    def close(self) -> None:
        """See `Progress`."""

    def _write(self, event: str, **values: Any) -> None:
        _print(json.dumps({"event": event, **values}))


class PlainProgress:
    """One line a step on standard output."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def started(self, number: int, count: int, step: Step) -> None:
        """See `Progress`."""
        self._say(f"[{number}/{count}] {step.kind}: {step.subject} …")

    def advanced(self, done: int, total: int, detail: str) -> None:
        """Say nothing: a log holds a line a step."""

    def finished(self, step: Step, seconds: float, rows: int) -> None:
        """See `Progress`."""
        self._say(f"        {step.kind} wrote {rows:,} rows in {seconds:.1f} s")

    def note(self, message: str) -> None:
        """See `Progress`."""
        self._say(f"note: {message}")

    def ended(self, state: str, run_ids: list[int], rows_written: dict[str, int]) -> None:
        """See `Progress`."""
        self._say(closing_line(state, run_ids, rows_written, time.monotonic() - self._began))

    def close(self) -> None:
        """See `Progress`."""

    def _say(self, line: str) -> None:
        _print(printable(line))


class BarProgress:
    """Two bars: the steps of the pipeline, and the parts of the current step."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415  # 0.1 s that JSON lines do without

        self._bars = RichProgress(
            TextColumn("{task.description:<44}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._all = self._bars.add_task("pipeline", total=None)
        self._part = self._bars.add_task("", total=None, visible=False)
        self._began = time.monotonic()
        self._bars.start()

    def started(self, number: int, count: int, step: Step) -> None:
        """See `Progress`."""
        self._bars.update(self._all, total=count, completed=number - 1)
        self._bars.reset(
            self._part, description=f"  {step.kind} {printable(step.subject)}", total=None, visible=True
        )

    def advanced(self, done: int, total: int, detail: str) -> None:
        """See `Progress`."""
        self._bars.update(self._part, completed=done, total=total, description=f"  {printable(detail)}")

    def finished(self, step: Step, seconds: float, rows: int) -> None:
        """See `Progress`."""
        self._bars.advance(self._all)
        self._say(f"{step.kind:<9}{step.subject:<34}{seconds:6.1f} s {rows:>9,} rows", style="dim")

    def note(self, message: str) -> None:
        """See `Progress`."""
        self._say(f"note: {message}")

    def ended(self, state: str, run_ids: list[int], rows_written: dict[str, int]) -> None:
        """See `Progress`."""
        self._bars.update(self._part, visible=False)
        self.close()
        self._say(closing_line(state, run_ids, rows_written, time.monotonic() - self._began))

    def close(self) -> None:
        """See `Progress`."""
        self._bars.stop()

    def _say(self, line: str, style: str | None = None) -> None:
        # Names of models and files are no markup.
        self._bars.console.print(printable(line), style=style, markup=False)


def _print(line: str) -> None:
    """Print a line; if the reader has gone, the work goes on without output."""
    try:
        print(line, flush=True)  # noqa: T201  # the output of the command
    except BrokenPipeError:
        discard(sys.stdout)


def closing_line(state: str, run_ids: list[int], rows_written: dict[str, int], seconds: float) -> str:
    """Return the last line of an invocation."""
    if state == "unchanged":
        return "nothing new to compute; the database is unchanged"
    runs = f"run{'s' * (len(run_ids) != 1)} {', '.join(map(str, run_ids))}" if run_ids else "no new runs"
    return f"published {sum(rows_written.values()):,} rows ({runs}) in {seconds:.1f} s"


def choose_progress(*, as_json: bool) -> Progress:
    """Return JSON lines if asked for, bars on a terminal, plain lines elsewhere."""
    if as_json:
        return JsonProgress()
    return BarProgress() if sys.stdout.isatty() else PlainProgress()
