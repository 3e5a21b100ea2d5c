"""Work started from the app: subprocesses that outlive it, followed through their logs."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui.state.folders import state_folder
from warehouse.errors import SparsityError
from warehouse.files import PRIVATE, PRIVATE_FOLDER, written_whole


class JobError(SparsityError):
    """The work could not be started."""


@dataclass(frozen=True, slots=True)
class Job:
    """A subprocess: what it runs, on which database, and the file its lines go to."""

    pid: int
    born: str
    command: list[str]
    database: str
    log: str

    @property
    def started(self) -> float:
        """When the job was started, in seconds since 1970; the name of its log says so."""
        try:
            return float(Path(self.log).stem.partition("-")[0])
        except ValueError:
            return 0.0

    @property
    def written(self) -> str:
        """The command as a person would type it."""
        return shlex.join([Path(self.command[0]).name, *self.command[1:]])

    @property
    def running(self) -> bool:
        """Whether the process still lives; a later process with the same number does not count."""
        return process_birth(self.pid) == self.born

    def events(self) -> list[dict[str, Any]]:
        """Return the JSON objects the job has written so far."""
        return [event for line in self.lines() if "event" in (event := json_object(line) or {})]

    def lines(self) -> list[str]:
        """Return the lines of the log, errors among them."""
        try:
            return Path(self.log).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def last_words(self) -> str:
        """Return the last line that is no event: where a command says what went wrong."""
        plain = [line for line in self.lines() if line.strip() and "event" not in (json_object(line) or {})]
        return plain[-1].removeprefix("error: ") if plain else "it ended without saying why"


def build_command(database: Path) -> list[str]:
    """Return the command that builds the bundled database."""
    return [*program("sparsity-etl", "etl.cli"), "run", "--json", "--db", str(database)]


def start(command: list[str], database: Path) -> Job:
    """Start a command in a session of its own, its output in a log, and remember it for later screens.

    Raises:
        JobError: the log or the process could not be made.
    """
    folder = state_folder() / "jobs"
    stem = f"{time.time():.6f}-{os.getpid()}"
    log = folder / f"{stem}.log"
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=database.parent,
            )
        job = Job(process.pid, process_birth(process.pid) or "", command, str(database), str(log))
        with written_whole(folder / f"{stem}.json", mode=PRIVATE) as arriving:
            arriving.write_text(json.dumps(asdict(job)), encoding="utf-8")
    except OSError as error:
        msg = f"cannot start {command[0]}: {error.strerror}"
        raise JobError(msg) from error
    _reap(process)
    return job


def stop(job: Job) -> None:
    """Ask a job to end, with everything it has started; one that has ended is left alone."""
    if job.running:
        # The job leads a session of its own, so its process group has its number.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGTERM)


def find_jobs(database: Path) -> list[Job]:
    """Return the jobs on a database that this and earlier sessions started, the latest first."""
    jobs = []
    for path in (state_folder() / "jobs").glob("*.json"):
        try:
            job = Job(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if job.database == str(database):
            jobs.append(job)
    return sorted(jobs, key=lambda job: job.started, reverse=True)


def find_running(database: Path) -> Job | None:
    """Return the job on a database that an earlier session started and that still runs."""
    return next((job for job in find_jobs(database) if job.running), None)


def belongs(pid: int, job: Job) -> bool:
    """Whether a process is part of a job."""
    try:
        return os.getpgid(pid) == job.pid
    except ProcessLookupError:
        return False


def command_line(pid: int) -> str:
    """Return the command line of a process, or its number where that cannot be read."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        words = []
    return shlex.join(word for word in words if word) or f"process {pid}"


def process_birth(pid: int) -> str | None:
    """Return the start time of a living process in clock ticks since boot; None for the dead and zombies."""
    try:
        # The name in the second field may hold spaces and parentheses; the rest follows the last one.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


def program(script: str, module: str) -> tuple[str, ...]:
    """Find a command of this installation: beside the interpreter, on the path, or as a module."""
    beside = Path(sys.executable).with_name(script)
    found = str(beside) if beside.exists() else shutil.which(script)
    return (found,) if found else (sys.executable, "-m", module)


def json_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line of a log holds; None where it holds something else."""
    if not line.startswith("{"):
        return None
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Collect the exit of the child in the background, so that it does not stay as a zombie."""
    threading.Thread(target=process.wait, daemon=True).start()
