"""What all commands share."""

import errno
import subprocess
import sys

import pytest

from tests.patience import PATIENCE_SECONDS
from warehouse.commands import add_common_options, command_parser, guarded
from warehouse.errors import SparsityError, UsageError


def failing(error: BaseException):
    def body() -> int:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SparsityError("the file\nis gone"), 1, "error: the file is gone\n"),
        (UsageError("no such key"), 2, "error: no such key\n"),
        (ValueError("surprise"), 1, "error: ValueError: surprise (--debug shows where)\n"),
        (OSError(errno.EIO, "I/O error", "a"), 1, "error: cannot use a: I/O error (--debug shows where)\n"),
        (OSError(errno.EDQUOT, "quota"), 1, "error: quota; make room and try again\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_errors_become_one_line_and_a_code(error, code, line, capsys: pytest.CaptureFixture) -> None:
    """Every kind of failure has its exit code and one line on stderr."""
    assert guarded(failing(error), debug=False) == code
    assert capsys.readouterr().err == line


def test_a_signal_inside_a_query_is_an_interruption() -> None:
    """DuckDB turns it into an error of its own; the command still says "interrupted" and ends with 130."""
    script = (
        "import duckdb, os, signal, sys, threading\nfrom warehouse.commands import guarded\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it\n"
        "interruption = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))\n"
        "query = 'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b'\n"
        "sys.exit(guarded(lambda: interruption.start() or duckdb.sql(query).fetchall(), debug=False))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert (process.returncode, process.stderr) == (130, "interrupted\n")


def test_debug_lets_the_traceback_through() -> None:
    """With --debug the exception reaches the interpreter."""
    with pytest.raises(SparsityError):
        guarded(failing(SparsityError("why")), debug=True)


def test_closed_pipe_is_no_traceback() -> None:
    """`command | head` ends quietly."""
    script = (
        "from warehouse.commands import guarded\nimport sys\n"
        "sys.exit(guarded(lambda: [print('x' * 1000, flush=True) for _ in range(10000)] and 0, debug=False))"
    )
    process = subprocess.run(
        f'{sys.executable} -c "$SCRIPT" | head -1',
        shell=True,
        env={"SCRIPT": script, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "database"),
    [(["--db", "a.db", "run"], "a.db"), (["--db", "a.db", "run", "--db", "b.db"], "b.db"), (["run"], None)],
)
def test_common_options_stand_before_or_after_the_subcommand(
    arguments: list[str], database: str | None
) -> None:
    """What stands after the name of the subcommand wins; its silence takes nothing back."""
    parser = command_parser("sparsity-test", "Test.", "  none")
    add_common_options(parser.add_subparsers().add_parser("run"))
    assert parser.parse_args(["--debug", *arguments]).debug
    assert parser.parse_args(arguments).db == database
