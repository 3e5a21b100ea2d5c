"""Worker processes end with the process that started them."""

import subprocess
import sys
import time
from pathlib import Path

#: Starts two workers, one with a long task and one that waits for its next.
PARENT = """
import time
from etl.clusters import workers

workers.FITS_WORTH_WORKERS = 0
started = workers.Workers()
list(started.cluster([]))
assert list(started._pool.map(abs, [-1, -2])) == [1, 2]
started._pool.submit(time.sleep, 600)
print(*started._pool._processes, flush=True)
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie, which nobody in a container may collect."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_a_killed_parent() -> None:
    """A job that is killed leaves no process that keeps its memory, busy or waiting."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert workers
        parent.kill()
    deadline = time.monotonic() + 60
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline, "workers outlive their parent"
        time.sleep(0.1)
