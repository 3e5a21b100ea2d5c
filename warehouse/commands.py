"""What all commands of this project share: exit codes, one clear line on stderr, version."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NoReturn

from warehouse.errors import SparsityError, is_interruption, lacks_room
from warehouse.printable import one_line
from warehouse.streams import discard, prepare_streams, settle

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

DISTRIBUTION = "sparsity-tui"


class CommandParser(argparse.ArgumentParser):
    """A parser whose messages quote arguments, such as file names, in printable form only."""

    def error(self, message: str) -> NoReturn:
        """See argparse; one line is told, without all of the usage."""
        self.exit(2, f"{self.prog}: error: {one_line(message)}; see {self.prog} --help\n")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """See argparse, which passes over what could not be written, as a help text longer than a buffer."""
        (file or sys.stderr).write(message)


def command_parser(program: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Return a parser with --db, --version and --debug, and the examples below its help."""
    parser = CommandParser(
        prog=program,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=VersionAction, nargs=0, help="show the version and exit")
    _add_common_options(parser, default=None)
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add --db and --debug to a subcommand, where they may stand before its name as well."""
    # A default of the subcommand would overwrite what stood before its name.
    _add_common_options(parser, default=argparse.SUPPRESS)


def _add_common_options(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    parser.add_argument(
        "--db",
        metavar="PATH",
        default=default,
        help="database (default: $SPARSITY_DB, else sparsity.db here)",
    )
    parser.add_argument(
        "--debug", action="store_true", default=default or False, help="show the traceback of an error"
    )


class VersionAction(argparse.Action):
    """Prints the version and ends; it is looked up, on disk, only when asked for."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002  # as argparse calls it
        values: object,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Print the version as every command does and end with 0."""
        parser.exit(message=f"{parser.prog} {project_version()}\n")


def project_version() -> str:
    """Return the installed version, or "unknown" in a bare checkout."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def run_command(
    parser: argparse.ArgumentParser,
    argv: list[str] | None,
    action: Callable[[argparse.Namespace], int | None],
) -> int:
    """Parse the arguments, act on them and return the exit code: the whole of a command."""
    prepare_streams()
    try:
        arguments = parser.parse_args(argv)
    except (SystemExit, OSError) as ended:
        # What --help prints may have no reader, or no room.
        raise SystemExit(guarded(partial(_end, ended), debug=False)) from None
    return guarded(lambda: action(arguments), debug=arguments.debug)


def _end(cause: SystemExit | OSError) -> int:
    if isinstance(cause, OSError):
        raise cause
    return int(cause.code or 0)


def guarded(body: Callable[[], int | None], *, debug: bool) -> int:
    """Run the body of a command and return its exit code.

    A `SparsityError` becomes one line on stderr and its own exit code, anything unexpected one line and 1;
    with `debug` the traceback is let through. A reader of our output that has gone is no failure.
    """
    try:
        code = body() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return 0
    except (Exception, KeyboardInterrupt) as error:  # the last line of defence of a command
        if debug:
            raise
        return _tell(error)
    return code


def _tell(error: BaseException) -> int:
    """Say in one line what ended the command, and return its exit code."""
    if is_interruption(error):
        line, code = "interrupted", 130
    elif isinstance(error, SparsityError):
        line, code = f"error: {error}", error.exit_code
    elif isinstance(error, OSError) and error.strerror:
        place = f"cannot use {os.fsdecode(error.filename)}: " if error.filename else ""
        more = "; make room and try again" if lacks_room(error) else " (--debug shows where)"
        line, code = f"error: {place}{error.strerror}{more}", 1
    else:
        line, code = f"error: {type(error).__name__}: {error} (--debug shows where)", 1
    settle(sys.stdout)
    with suppress(OSError):
        print(one_line(line), file=sys.stderr)  # noqa: T201  # commands speak on stderr
    settle(sys.stderr)
    return code
