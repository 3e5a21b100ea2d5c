"""Standard streams that are closed, lack an encoding for some letters, or have lost their reader."""

import io
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Make standard input, output and error usable, whatever this process was started with.

    A closed one is replaced by the null device: the next file that is opened, a database for instance, would
    take its number and receive what is meant for the stream. Letters that the encoding lacks become escapes.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or _discarding(1)
    sys.stderr = sys.stderr or _discarding(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard(stream: TextIO) -> None:
    """Discard whatever is still written to a stream whose reader has gone or whose disk is full."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def settle(stream: TextIO) -> None:
    """Flush a stream, or discard its buffer, so that the interpreter has nothing left to write at exit."""
    try:
        stream.flush()
    except OSError:
        discard(stream)


def _discarding(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", closefd=False)
