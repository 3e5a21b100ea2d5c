"""Running queries and showing what they give: one at a time, in a worker, with progress and cancel."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.message import Message

from tui.sql.plot import numeric_columns
from tui.sql.result import SqlResult
from tui.sql.session import SqlSession
from tui.state.faults import reason_of
from tui.state.fetching import run_in_thread
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from warehouse.console import Answer, Page, Sort

TICK_SECONDS = 0.25
BAR_CELLS = 12
CANCELLED = "cancelled"


class QueryPane(SqlResult):
    """The result of a query and the workers that get it; the title shows their state."""

    @dataclass
    class Settled(Message):
        """A query has ended, and its result or its error is in view."""

        failed: bool

    @dataclass
    class Answered(Message):
        """The query is done."""

        answer: "Answer"

    @dataclass
    class Sorted(Message):
        """The rows are here in another order."""

        page: "Page"
        sort: "Sort | None"

    @dataclass
    class Counted(Message):
        """All rows of the result are counted."""

        total: int

    @dataclass
    class Failed(Message):
        """The query failed."""

        reason: str

    def __init__(self, database: Path) -> None:
        super().__init__()
        self.session = SqlSession(database)
        self.sort: Sort | None = None
        self.summary = ""
        self._began: float | None = None

    def on_mount(self) -> None:
        """Prepare the clock that shows progress."""
        super().on_mount()
        self._ticker = self.set_interval(TICK_SECONDS, self._tick, pause=True)

    def on_unmount(self) -> None:
        """Cancel the query that runs, since the app ends."""
        self.session.interrupt()

    @property
    def running(self) -> bool:
        """Whether a query runs."""
        return self._began is not None

    def run(self, text: str) -> None:
        """Run a text of statements."""
        self.sort = None
        self._start(partial(self.session.run, text), self.Answered)

    def turn_sort(self) -> None:
        """Sort by the column under the cursor: up, down, and as the query gave them."""
        if self.table is not None:
            sort = _next_sort(self.sort, self.table.cursor_column)
            self._start(partial(self.session.page, sort), partial(self.Sorted, sort=sort))

    def cancel(self) -> None:
        """Cancel the query that runs."""
        self.session.interrupt()

    def toggle_plot(self) -> None:
        """Draw the column under the cursor, or go back to the rows."""
        super().toggle_plot()
        self._write_title()

    def turn_axes(self, *, turn_y: bool) -> None:
        """Draw another column."""
        super().turn_axes(turn_y=turn_y)
        self._write_title()

    def why_not(self, verb: str) -> str | None:
        """Say why an action on the result cannot be done now."""
        if verb in {"run", "sort"} and self.running:
            return "a query is running; Esc cancels it"
        if verb in {"sort", "plot", "rows", "export", "wider", "narrower"} and self.page is None:
            return "there is no result yet; run a query first"
        if verb == "plot" and self.page is not None and not (self.page.rows and numeric_columns(self.page)):
            return "no column of this result holds numbers"
        if verb in {"plot_x", "plot_y"} and self.axes is None:
            return "there is no plot; p draws one"
        if verb in {"sort", "wider", "narrower"} and self.axes is not None:
            return "p goes back to the rows, which have columns"
        return None

    @on(Answered)
    async def _show_answer(self, message: Answered) -> None:
        self._finish()
        page, took = message.answer.page, f"{message.answer.seconds:.2f} s"
        if page is None:
            self.summary = f"done in {took}"
            self.tell(Content.styled("Done: no statement gave rows.", "$success"))
        else:
            count = page.rows.num_rows
            self.summary = f"{count:,} {'row' if count == 1 else 'rows'} · {took}"
            if message.answer.result_count > 1:
                self.summary += f" · the last of {message.answer.result_count} results"
            await self.show_page(page, None)
        self.post_message(self.Settled(failed=False))
        if page is not None and not page.complete:
            self.summary = f"the first {page.rows.num_rows:,} rows · {took}"
            self._start(self.session.count, self.Counted)
        else:
            self._write_title()

    @on(Sorted)
    async def _show_sorted(self, message: Sorted) -> None:
        self._finish()
        self.sort = message.sort
        await self.show_page(message.page, message.sort)
        self._write_title()

    @on(Counted)
    def _show_total(self, message: Counted) -> None:
        self._finish()
        if self.page is not None:
            self.summary = f"{self.page.rows.num_rows:,} of {message.total:,} rows"
        self._write_title()

    @on(Failed)
    def _show_failure(self, message: Failed) -> None:
        self._finish()
        if message.reason == CANCELLED:
            self._write_title(f"{CANCELLED} · {self.summary}" if self.page else CANCELLED)
            return
        first, _, rest = message.reason.partition("\n")
        self.tell(Content.assemble((first, "bold $error"), f"\n{rest}"))
        self.summary = "the query failed"
        self._write_title()
        self.post_message(self.Settled(failed=True))

    def _start(self, work: Callable[[], object], deliver: Callable[..., Message]) -> None:
        self._began = time.monotonic()
        self._ticker.resume()
        self._tick()
        run_in_thread(self, "sql", partial(self._work, work, deliver), exclusive=False)

    def _work(self, work: Callable[[], object], deliver: Callable[..., Message]) -> None:
        try:
            message = deliver(work())
        except SparsityError as error:
            message = self.Failed(str(error))
        except Exception as error:  # noqa: BLE001  # else the query would run for ever
            message = self.Failed(reason_of(error))
        self.post_message(message)

    def _finish(self) -> None:
        self._began = None
        self._ticker.pause()

    def _tick(self) -> None:
        """Show how long the query runs, and how far it is where DuckDB can tell."""
        if self._began is None:
            return
        share, bar = self.session.progress(), ""
        if share is not None:
            filled = int(share * BAR_CELLS)
            bar = f" {'█' * filled}{'░' * (BAR_CELLS - filled)} {100 * share:.0f}%"
        self._write_title(f"running {time.monotonic() - self._began:.1f} s{bar} · Esc cancels")

    def _write_title(self, state: str = "") -> None:
        drawn = f" · {self.axes.y} by {self.axes.x}; v and x turn" if self.axes else ""
        self.border_title = Content(f"result: {state or self.summary}{drawn}")


def _next_sort(sort: "Sort | None", column: int) -> "Sort | None":
    """Go from ascending to descending to the order of the query."""
    from warehouse.console import Sort  # noqa: PLC0415  # imports DuckDB and Arrow

    if sort is None or sort.column != column:
        return Sort(column)
    return None if sort.descending else Sort(column, descending=True)
