"""Queries in the background: what a worker posts, and what it no longer posts."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Static

from tui.state.fetching import Fetcher, NoDatabase
from tui.state.messages import FetchFailed

WAITING_SECONDS = 30


@dataclass
class Answer(Message):
    """What a worker brought."""

    value: object


class Mailbox(Static):
    """Keeps what arrives."""

    def on_mount(self) -> None:
        self.fetcher = Fetcher(self)
        self.answers: list[object] = []
        self.failures: list[tuple[str, str]] = []

    @on(Answer)
    def _keep(self, message: Answer) -> None:
        self.answers.append(message.value)

    @on(FetchFailed)
    def _keep_failure(self, message: FetchFailed) -> None:
        self.failures.append((message.subject, message.reason))


class MailboxApp(App[None]):
    """An app of a mailbox alone."""

    def compose(self) -> ComposeResult:
        yield Mailbox()


def fetch(mailbox: Mailbox, work: Callable[[Any], object]) -> None:
    """Run work with a cursor."""
    mailbox.fetcher.fetch(NoDatabase(), "group", work, Answer)


def compute(mailbox: Mailbox, work: Callable[[Any], object]) -> None:
    """Run work without one."""
    mailbox.fetcher.compute("group", lambda: work(None), Answer)


async def finished(pilot: Pilot) -> None:
    """Wait for all workers and for what they posted."""
    await asyncio.wait_for(
        pilot.app.workers.wait_for_complete([w for w in pilot.app.workers if not w.is_cancelled]),
        WAITING_SECONDS,
    )
    await pilot.pause()


def fail(_: object) -> object:
    """Fail as a query does, with more than one line."""
    msg = "no such table\nLINE 1: …"
    raise ValueError(msg)


@pytest.mark.parametrize("start", [fetch, compute])
async def test_a_result_and_a_failure_arrive_as_messages(start: Callable[..., None]) -> None:
    """A failure says in one line what it was for and why."""
    async with MailboxApp().run_test() as pilot:
        mailbox = pilot.app.query_one(Mailbox)
        start(mailbox, lambda _: 7)
        await finished(pilot)
        start(mailbox, fail)
        await finished(pilot)
        assert mailbox.answers == [7]
        ((subject, reason),) = mailbox.failures
        assert subject == "group"
        assert reason.startswith("no such table (ValueError; details in ")


@pytest.mark.parametrize("end", [lambda _: "old", fail], ids=["result", "failure"])
@pytest.mark.parametrize("start", [fetch, compute])
async def test_a_cancelled_worker_posts_nothing(
    start: Callable[..., None], end: Callable[[object], object]
) -> None:
    """Of two queries of a group only the later one is heard, however late the first one ends."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(argument: object) -> object:
        begun.set()
        go_on.wait(WAITING_SECONDS)
        return end(argument)

    async with MailboxApp().run_test() as pilot:
        mailbox = pilot.app.query_one(Mailbox)
        start(mailbox, slow)
        assert await asyncio.to_thread(begun.wait, WAITING_SECONDS)
        (first,) = pilot.app.workers
        start(mailbox, lambda _: "new")
        await finished(pilot)
        assert first.is_cancelled
        go_on.set()
        # Joins the threads: what the first worker had to say is posted by then.
        await asyncio.get_running_loop().shutdown_default_executor()
        await pilot.pause()
        assert (mailbox.answers, mailbox.failures) == (["new"], [])


class Interruptible:
    """Stands in for a cursor whose query runs until it is interrupted."""

    def __init__(self) -> None:
        self.running, self.interrupted = threading.Event(), threading.Event()

    def cursor(self) -> "Interruptible":
        return self

    def execute(self) -> object:
        self.running.set()
        return "interrupted" if self.interrupted.wait(WAITING_SECONDS) else "never stopped"

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        pass


async def test_a_new_query_interrupts_the_one_before_it() -> None:
    """A query ends when another one of its group begins, and not when one of another group does."""
    source = Interruptible()
    async with MailboxApp().run_test() as pilot:
        mailbox = pilot.app.query_one(Mailbox)
        mailbox.fetcher.fetch(source, "group", lambda cursor: cursor.execute(), Answer)
        assert await asyncio.to_thread(source.running.wait, WAITING_SECONDS)
        mailbox.fetcher.fetch(NoDatabase(), "other", lambda _: "beside", Answer)
        assert not source.interrupted.is_set()
        fetch(mailbox, lambda _: "new")
        assert source.interrupted.is_set()
        await finished(pilot)
        assert sorted(mailbox.answers) == ["beside", "new"]
