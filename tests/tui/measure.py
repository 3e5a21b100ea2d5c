# ruff: noqa: T201  # what it prints is its purpose
"""Measure the app in a real terminal: python tests/tui/measure.py sparsity.db [repetitions].

Prints milliseconds from launch to the first screen with data, from a key to its paint, from opening a matrix
to its spy plot, and the memory held; an empty Textual app is started the same way for comparison.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tui.pseudo_terminal import Terminal, app_command

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("ready-marker")
Empty().run()
"""


def until(command: list[str], wanted: bytes, **environment: str) -> float:
    """Return the milliseconds from launch until a text is on the screen."""
    began = time.perf_counter()
    with Terminal(command, columns=160, lines=50, **environment) as terminal:
        if not terminal.read_until(wanted):
            raise SystemExit(
                f"{wanted!r} never appeared:\n{terminal.output.decode(errors='replace')[-2000:]}"
            )
        return 1000 * (time.perf_counter() - began)


def key_latencies(terminal: Terminal, keys: str) -> list[float]:
    """Return the milliseconds from each key that changes the screen to the first bytes drawn for it."""
    taken = []
    for key in keys:
        terminal.read_for(0.15)
        began = time.perf_counter()
        length = len(terminal.output)
        terminal.press(key)
        while len(terminal.output) == length and time.perf_counter() - began < 1:
            terminal.read_for(0.002)
        # A key at an edge changes nothing and draws nothing.
        if len(terminal.output) > length:
            taken.append(1000 * (time.perf_counter() - began))
    return taken


def describe(name: str, values: list[float]) -> None:
    """Print the median and the 95th percentile."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(f"{name:<44} median {statistics.median(values):7.1f} ms   p95 {p95:7.1f} ms   n={len(values)}")


def main() -> None:
    """Run all measurements."""
    database = Path(sys.argv[1]).resolve()
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as state:
        places = {"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}
        empty = [until([sys.executable, "-c", EMPTY_APP], b"ready-marker") for _ in range(repetitions)]
        describe("empty Textual app", empty)
        command = app_command(database, "--screen", "overview")
        describe("overview with data", [until(command, b"mean", **places) for _ in range(repetitions)])
        with Terminal(command, columns=160, lines=50, **places) as terminal:
            terminal.read_until(b"mean")
            terminal.read_for(3)
            describe("key to paint, overview", key_latencies(terminal, "ljjjlllkkfffffFFhhjjkkll" * 2))
        # Of a large model perhaps only the first block is stored.
        command = app_command(database, "--screen", "overview", "--layer", "0", "--projection", "down")
        with Terminal(command, columns=160, lines=50, **places) as terminal:
            terminal.read_until(b"mean")
            terminal.read_for(3)
            began = time.perf_counter()
            length = len(terminal.output)
            terminal.press("o")
            terminal.read_until("▀".encode(), start=length)
            print(f"{'matrix opened, spy plot drawn':<44} {1000 * (time.perf_counter() - began):7.1f} ms")
            terminal.read_for(2)
            describe("key to paint, matrix", key_latencies(terminal, "++lljjkkhh--" * 2))
            pages = int(Path(f"/proc/{terminal.process.pid}/statm").read_text().split()[1])
            print(f"{'memory held':<44} {pages * os.sysconf('SC_PAGE_SIZE') / 2**20:7.0f} MB")


if __name__ == "__main__":
    main()
