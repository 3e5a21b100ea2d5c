"""The real program in a pseudo-terminal: type keys, see what it draws, end it as a dropped line would."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.patience import PATIENCE_SECONDS

ENTER_ALTERNATE = b"\x1b[?1049h"
LEAVE_ALTERNATE = b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


class Terminal:
    """A child process whose three streams are a terminal of the given size."""

    def __init__(self, command: list[str], *, columns: int = 80, lines: int = 24, **environment: str) -> None:
        self.command = command
        self.size = struct.pack("HHHH", lines, columns, 0, 0)
        # Test runners set COLUMNS and LINES; programs believe them before they ask the terminal.
        inherited = {name: os.environ[name] for name in os.environ.keys() - {"COLUMNS", "LINES"}}
        self.environment = {
            **inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment,
        }  # fmt: skip
        self.output = b""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._interpreted = 0

    def __enter__(self) -> Self:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, self.size)
        self.settings = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            self.command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self.environment,
            start_new_session=True,
            # No thread runs in the child before exec; the call makes the terminal the controlling one.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for descriptor in (self.master, self.slave):
            try:
                os.close(descriptor)
            except OSError:
                continue

    def press(self, keys: str) -> None:
        """Type keys."""
        os.write(self.master, keys.encode())

    def shows(self, wanted: str, seconds: float = PATIENCE_SECONDS) -> bool:
        """Read until a text stands in one line of the screen; tell whether it came in time."""
        deadline = time.monotonic() + seconds
        while not self._has_line_with(wanted):
            if time.monotonic() > deadline or not self._read(0.05):
                return self._has_line_with(wanted)
        return True

    def _has_line_with(self, wanted: str) -> bool:
        # Interpreted only when asked, so that taking time by the raw output stays exact.
        self._stream.feed(self.output[self._interpreted :])
        self._interpreted = len(self.output)
        return any(wanted in line for line in self._screen.display)

    def read_until(self, wanted: bytes, seconds: float = PATIENCE_SECONDS, *, start: int = 0) -> bool:
        """Read until the output from `start` on contains a text; tell whether it came in time."""
        deadline = time.monotonic() + seconds
        while wanted not in self.output[start:]:
            if time.monotonic() > deadline or not self._read(0.05):
                return wanted in self.output[start:]
        return True

    def read_for(self, seconds: float) -> bytes:
        """Return what is drawn during some time."""
        start = len(self.output)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(0.02):
            pass
        return self.output[start:]

    def hang_up(self) -> None:
        """Close the line, as a lost SSH connection does."""
        os.close(self.slave)
        os.close(self.master)
        os.killpg(self.process.pid, signal.SIGHUP)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the end of the process, reading what it still writes; return its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            if not self._read(0.05):
                time.sleep(0.02)
        self._read(0.05)
        return self.process.wait(timeout=max(0.1, deadline - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        """Take in what is there; False once the line is closed."""
        try:
            ready, _, _ = select.select([self.master], [], [], seconds)
            if ready:
                self.output += os.read(self.master, 1 << 16)
        except (OSError, ValueError):
            return False
        return True


def app_command(database: Path, *options: str) -> list[str]:
    """Return the command that starts the app of this checkout on a database."""
    return [sys.executable, "-m", "tui", "--db", str(database), *options]
