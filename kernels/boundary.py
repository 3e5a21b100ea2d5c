"""Where `sparsity-bench` meets the system: standard streams, exit codes, one line for whatever goes wrong.

`warehouse/commands.py` does the same for the other commands; kernels know no warehouse and have their own.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from kernels.errors import KernelError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

INTERRUPTED = 130
#: A disk is full, or the person's share of it.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def run_command(
    parser: argparse.ArgumentParser, argv: list[str] | None, action: Callable[[argparse.Namespace], int]
) -> int:
    """Parse the arguments, act on them and return the exit code.

    A reader of the output that has gone is no failure; with --debug errors keep their traceback.
    """
    _prepare_streams()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as ended:
        # What --help prints may have no reader, or no room.
        raise SystemExit(_guarded(lambda: 0, debug=False) or ended.code) from None
    return _guarded(lambda: action(arguments), debug=arguments.debug)


def _guarded(body: Callable[[], int], *, debug: bool) -> int:
    try:
        code = body()
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return 0
    except (Exception, KeyboardInterrupt) as error:  # the last line of defence of a command
        if debug:
            raise
        return _tell(error)
    return code


def printable(text: str) -> str:
    r"""Return a text in one line, with escapes for what a terminal would obey or hide."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def say(line: str, *, needed: bool) -> None:
    """Print a line of the output; where it is not `needed`, work goes on for a reader that has gone."""
    try:
        print(line, flush=True)  # noqa: T201 - the output of the command
    except BrokenPipeError:
        if needed:
            raise
        discard(sys.stdout)


def discard(stream: TextIO) -> None:
    """Let whatever is still written to a stream vanish."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _tell(error: BaseException) -> int:
    """Say in one line what ended the command, and return its exit code."""
    code = 1
    if isinstance(error, KeyboardInterrupt):
        line, code = "interrupted", INTERRUPTED
    elif isinstance(error, KernelError):
        line, code = str(error), 2 if isinstance(error, UsageError) else 1
    elif isinstance(error, OSError) and error.strerror:
        place = f"cannot use {os.fsdecode(error.filename)}: " if error.filename else ""
        more = "; make room and try again" if error.errno in _NO_ROOM else ""
        line = f"{place}{error.strerror}{more}"
    else:
        line = f"{type(error).__name__}: {error} (--debug shows where)"
    _settle(sys.stdout)
    with suppress(OSError):
        print(printable(f"sparsity-bench: {line}"), file=sys.stderr)  # noqa: T201 - commands speak on stderr
    _settle(sys.stderr)
    return code


def _settle(stream: TextIO) -> None:
    """Write what a stream holds back, or discard it, so that the interpreter has nothing left to write."""
    try:
        stream.flush()
    except OSError:
        discard(stream)


def _prepare_streams() -> None:
    """Put the null device where a stream is closed: the next file opened would take its number.

    Letters that an encoding lacks become escapes.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
