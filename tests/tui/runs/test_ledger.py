"""The ledger: jobs and invocations as one list, logs in words, who writes to a database."""

import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tui.runs.build_progress import BuildProgress
from tui.runs.job_lines import is_trouble, read_lines
from tui.runs.ledger import Activity, History, JobStatus, clock, duration, merge, observe
from tui.state import jobs
from tui.state.jobs import Job
from warehouse.ledger import Invocation
from warehouse.locking import current_writer, writer_lock

COMMAND = ["/bin/sparsity-etl", "run", "--json"]
STARTED = 1_700_000_000.0


def job(started: float = STARTED, command: list[str] = COMMAND) -> Job:
    return Job(1, "0", command, "/data/x.db", f"/state/jobs/{started:.6f}-1.log")


def invocation(number: int, started: float, command: str = "sparsity-etl run --json") -> Invocation:
    moment = datetime.datetime.fromtimestamp(started, datetime.UTC).replace(tzinfo=None)
    return Invocation(number, command, "finished", None, 3, 3, 1234, 65.0, moment, moment)


def test_a_job_and_its_invocation_are_one_line() -> None:
    """An invocation belongs to the job that runs the same command and was started just before it."""
    mine = JobStatus(job(), False, BuildProgress(state="published"))
    history = History((invocation(1, STARTED - 5000), invocation(2, STARTED + 4)))
    rows = merge(history, Activity((mine,)))
    assert [(row.etl_run_id, row.status) for row in rows] == [(2, mine), (1, None)]
    assert rows[0].cells()[:6] == ("2", "✓ finished", clock(STARTED + 4), "1:05 min", "3/3", "1,234")


def test_other_commands_and_times_stay_apart() -> None:
    """A job of another command, or one that began after the invocation, has a line of its own."""
    history = History((invocation(1, STARTED),))
    for status in (
        JobStatus(job(STARTED + 1), False, BuildProgress(), "no space"),
        JobStatus(job(STARTED - 1, ["/bin/sh", "-c", "true"]), False, BuildProgress(), "no space"),
    ):
        rows = merge(history, Activity((status,)))
        assert len(rows) == 2
        assert {row.state for row in rows} == {"finished", "failed"}
        assert next(row for row in rows if row.state == "failed").error == "no space"


def test_what_happens_now_comes_first() -> None:
    """The writer of somebody else, then the job that runs with its share, then the past."""
    running = JobStatus(job(STARTED), True, BuildProgress(number=2, count=4, step="prune"))
    ended = JobStatus(job(STARTED + 100), False, BuildProgress(), "interrupted")
    rows = merge(History(), Activity((ended, running), 77, "cron-etl run"))
    assert [row.state for row in rows] == ["elsewhere", "running", "cancelled"]
    assert rows[0].command == "cron-etl run"
    assert rows[1].cells()[1] == "● running 25%"
    assert rows[1].step_text == "1/4"


def test_jobs_are_found_and_watched_through_their_logs(tmp_path: Path) -> None:
    """A job of another session is found, its progress read, and an ended one is not read again."""
    database = tmp_path / "x.db"
    code = (
        "import json, sys; print(json.dumps({'event': 'step', 'state': 'started', 'number': 1, 'count': 2,"
        " 'step': 'prune', 'subject': 'm'}), flush=True); sys.stdin.read(); import time; time.sleep(60)"
    )
    job = jobs.start([sys.executable, "-c", code], database)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not job.events() and time.monotonic() < deadline:
        time.sleep(0.02)
    activity = observe(database, Activity())
    assert activity.running is not None
    assert (activity.running.job, activity.running.progress.step) == (job, "prune")
    assert abs(activity.running.job.started - time.time()) < PATIENCE_SECONDS
    assert observe(tmp_path / "other.db", Activity()).statuses == ()
    jobs.stop(job)
    while job.running and time.monotonic() < deadline:
        time.sleep(0.02)
    after = observe(database, activity)
    assert after.running is None
    assert after.statuses[0].state == "failed"
    Path(job.log).unlink()
    assert observe(database, after).statuses == after.statuses
    jobs.stop(job)  # one that has ended is left alone


def test_stopping_reaches_what_the_job_has_started(tmp_path: Path) -> None:
    """SIGTERM goes to the whole group of the job."""
    child = tmp_path / "child"
    script = f"sleep 60 & echo $! > {child}; wait"
    job = jobs.start(["sh", "-c", script], tmp_path / "x.db")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    number = int(child.read_text())
    assert jobs.belongs(number, job)
    while jobs.command_line(number) != "sleep 60" and time.monotonic() < deadline:
        time.sleep(0.02)  # the shell's copy of itself has not become sleep yet
    assert jobs.command_line(number) == "sleep 60"
    jobs.stop(job)
    while jobs.process_birth(number) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert jobs.process_birth(number) is None
    assert not jobs.belongs(2**22 + 1, job)
    assert jobs.command_line(2**22 + 1) == f"process {2**22 + 1}"


def test_the_writer_of_a_database_is_known(tmp_path: Path) -> None:
    """The kernel tells who holds the writer lock; asking takes no lock; nobody is nobody."""
    database = tmp_path / "x.db"
    assert current_writer(database) is None
    with writer_lock(database):
        assert current_writer(database) == os.getpid()
        activity = observe(database, Activity())
        assert activity.outsider == os.getpid()
        assert Path(sys.executable).name in activity.outside_command or "pytest" in activity.outside_command
    assert current_writer(database) is None


def test_a_writer_inside_a_job_is_no_outsider(tmp_path: Path) -> None:
    """The process of a job that holds the lock belongs to the job."""
    database = tmp_path / "x.db"
    code = (
        "import sys, time; from pathlib import Path; from warehouse.locking import writer_lock\n"
        f"with writer_lock(Path({str(database)!r})): print('held', flush=True); time.sleep(60)"
    )
    job = jobs.start([sys.executable, "-c", code], database)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not job.lines() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job.lines() == ["held"], subprocess.list2cmdline(job.command)
    assert observe(database, Activity()).outsider is None
    jobs.stop(job)


def test_logs_are_told_in_words() -> None:
    """Events become sentences, of progress only the last is kept, other lines stay as they are."""
    events = [
        {"event": "step", "state": "started", "number": 1, "count": 2, "step": "prune", "subject": "m wanda"},
        {"event": "progress", "done": 1, "total": 4, "detail": "block 0"},
        {"event": "progress", "done": 2, "total": 4, "detail": "block 1"},
        {"event": "step", "state": "finished", "step": "prune", "subject": "m wanda", "seconds": 2.5,
         "rows_written": 1200},
        {"event": "note", "message": "few samples"},
        {"event": "finished", "state": "published", "run_ids": [1, 2], "rows_written": {"a": 1000, "b": 200}},
        {"event": "measured", "format": "sell"},
    ]  # fmt: skip
    lines = [*map(json.dumps, events), "error: no space", "{broken"]
    assert read_lines(lines) == [
        "▸ 1/2 prune m wanda",
        "  2 of 4 block 1",
        "✓ prune m wanda: 1,200 rows in 2.5 s",
        "note: few samples",
        "✓ published: 1,200 rows, runs 1 2",
        "event measured, format sell",
        "error: no space",
        "{broken",
    ]
    assert [is_trouble(line) for line in lines[-2:]] == [True, False]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1:01 min"), (3660, "1:01 h"), (7325, "2:02 h")],
)
def test_durations(seconds: float, written: str) -> None:
    """Durations are written as a person would."""
    assert duration(seconds) == written
