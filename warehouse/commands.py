"""What every command of this project does alike: exit codes, one clear line on stderr, version."""

import argparse
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from warehouse.errors import SparsityError, is_interruption

DISTRIBUTION = "sparsity-tui"


def command_parser(program: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Return a parser with --db, --version and --debug, and the examples below its help."""
    parser = argparse.ArgumentParser(
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


def guarded(body: Callable[[], int | None], *, debug: bool) -> int:
    """Run the body of a command and return its exit code.

    A `SparsityError` becomes one line on stderr and its own exit code, anything unexpected one line and 1;
    with `debug` the traceback is let through.
    """
    try:
        return body() or 0
    except KeyboardInterrupt:
        if debug:
            raise
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output has gone; leave nothing for the interpreter to flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SparsityError as error:
        if debug:
            raise
        print(f"error: {_one_line(error)}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except Exception as error:  # the last line of defence of a command
        if debug:
            raise
        if is_interruption(error):
            return _interrupted()
        kind = type(error).__name__
        print(f"error: {kind}: {_one_line(error)} (--debug shows where)", file=sys.stderr)  # noqa: T201
        return 1


def _interrupted() -> int:
    print("interrupted", file=sys.stderr)  # noqa: T201  # commands speak on stderr
    return 130


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
