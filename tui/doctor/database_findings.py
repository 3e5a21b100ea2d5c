"""How the database stands: whether it can be read and written, what is in it, who writes to it."""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tui.doctor.findings import Finding
from tui.state import jobs
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from warehouse.inspection import Inspection
    from warehouse.reading import Reader

TOPIC = "Database"
MEGABYTE = 1_000_000


def examine_database(path: Path, reader: "Reader | None" = None) -> list[Finding]:
    """Look at the file, its content, its folder and its writer."""
    from warehouse.opening import MissingDatabaseError  # noqa: PLC0415  # imports DuckDB

    try:
        content = _content(path, _inspect(path, reader))
    except MissingDatabaseError:
        command = f"sparsity-etl run --db {path}"
        content = [Finding(TOPIC, "missing", f"there is no file {path}", f"build one with: {command}")]
    except SparsityError as error:
        content = [Finding(TOPIC, "missing", str(error))]
    return [*content, *_writer(path), _folder(path)]


def _inspect(path: Path, reader: "Reader | None") -> "Inspection":
    from warehouse import inspection  # noqa: PLC0415  # imports DuckDB

    if reader is None or not os.path.exists(path):  # noqa: PTH110  # False where that cannot be found out
        return inspection.inspect_file(path)
    # Opening the file a second time and closing it again would drop the lock that this process holds on it.
    cursor = reader.cursor()
    try:
        return inspection.inspect(cursor)
    finally:
        cursor.close()


def _content(path: Path, found: "Inspection") -> list[Finding]:
    lines = [
        Finding(
            TOPIC,
            "good",
            f"{path}, {_size(path.stat().st_size)}, schema version {found.schema_version}",
        )
    ]
    if not found.current:
        lines.append(
            Finding(
                TOPIC,
                "limited",
                "its views are of another version of this program",
                f"bring them up to date with: sparsity-etl upgrade --db {path}",
            )
        )
    counts = Counter(found.methods)
    by_method = ", ".join(f"{count} {method}" for method, count in sorted(counts.items()))
    if counts:
        lines.append(Finding(TOPIC, "good", f"{_count(found.methods)}: {by_method}"))
    else:
        advice = f"prune a model with: sparsity-etl run --db {path}"
        lines.append(Finding(TOPIC, "limited", "it holds no runs yet", advice))
    return lines


def _writer(path: Path) -> list[Finding]:
    from warehouse.locking import current_writer  # noqa: PLC0415  # imports DuckDB

    pid = current_writer(path)
    if pid is None:
        return []
    who = f"process {pid} is writing to it: {jobs.command_line(pid)}"
    return [Finding(TOPIC, "limited", who, "reading goes on meanwhile; another job must wait for its end")]


def _folder(path: Path) -> Finding:
    """Look whether a job could publish: it works in a copy beside the file."""
    folder = path.parent
    try:
        free = shutil.disk_usage(folder).free
    except FileNotFoundError:
        advice = f"make it with: mkdir -p {folder}"
        return Finding(TOPIC, "missing", f"the folder {folder} does not exist", advice)
    except OSError as error:
        sentence = f"the folder {folder} cannot be used: {error.strerror}"
        return Finding(TOPIC, "missing", sentence, "choose a database elsewhere with --db")
    if not os.access(folder, os.W_OK | os.X_OK):
        sentence = f"the folder {folder} cannot be written: the app can read, jobs cannot run"
        return Finding(TOPIC, "limited", sentence, "to start jobs, choose a database elsewhere with --db")
    try:
        needed = path.stat().st_size
    except OSError:
        needed = 0  # there is none, which is told above
    sentence = f"its folder can be written and has {_size(free)} free"
    if free < 2 * needed:
        advice = "a job works in a copy of the file: make room, or choose a database elsewhere with --db"
        return Finding(TOPIC, "limited", sentence, advice)
    return Finding(TOPIC, "good", sentence)


def _count(methods: tuple[str, ...]) -> str:
    return "1 run" if len(methods) == 1 else f"{len(methods)} runs"


def _size(size: int) -> str:
    """Write a number of bytes in MB or GB."""
    return f"{size / MEGABYTE:,.1f} MB" if size < 1000 * MEGABYTE else f"{size / MEGABYTE / 1000:,.1f} GB"
