"""The real program in a pseudo-terminal, and where it refuses to start."""

import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.tui.pseudo_terminal import ENTER_ALTERNATE, LEAVE_ALTERNATE, SHOW_CURSOR, Terminal, app_command

# Starts the app, and on its first data tells which heavy packages the process holds by then.
WATCHED_APP = """
import sys
from pathlib import Path
from tui.app import SparsityApp
from tui.state.database import Database
HEAVY = ("torch", "triton", "transformers", "sklearn", "ibis", "plotext", "etl", "kernels")
HEAVY += ("aiohttp", "textual_serve", "tui.terminal.serving", "tui.doctor.examine")
update = SparsityApp.update_screen
told = []
def watched(self):
    update(self)
    if not told:
        told.append([name for name in HEAVY if name in sys.modules])
SparsityApp.update_screen = watched
database = Database(Path(sys.argv[1]))
database.prefetch()
SparsityApp(database).run()
told.append([name for name in HEAVY if name in sys.modules])
Path(sys.argv[2]).write_text("\\n".join(" ".join(names) for names in told))
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Return the variables that keep the program away from the home folder."""
    repository = str(Path(__file__).resolve().parents[2])
    state, config = str(tmp_path / "state"), str(tmp_path / "config")
    return {"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": config, "PYTHONPATH": repository}


def assert_restored(terminal: Terminal) -> None:
    """Check that the terminal is as it was: line discipline, main screen, visible cursor."""
    assert LEAVE_ALTERNATE in terminal.output
    assert terminal.output.rindex(LEAVE_ALTERNATE) > terminal.output.rindex(ENTER_ALTERNATE)
    assert SHOW_CURSOR in terminal.output
    assert termios.tcgetattr(terminal.slave) == terminal.settings


def test_start_look_around_and_quit(database: Path, places: dict[str, str]) -> None:
    """The overview appears with its data, a key opens the matrix, q leaves with 0."""
    with Terminal(app_command(database), **places) as terminal:
        assert terminal.shows("wanda")
        assert terminal.shows("0.102")
        terminal.press("2")
        assert terminal.shows("separation of")
        terminal.press("q")
        assert terminal.wait() == 0
        assert_restored(terminal)
        assert b"Traceback" not in terminal.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_restore_the_terminal(database: Path, places: dict[str, str], number: signal.Signals) -> None:
    """Killed politely, the program leaves a usable terminal and the customary exit code."""
    with Terminal(app_command(database), **places) as terminal:
        assert terminal.shows("wanda")
        os.kill(terminal.process.pid, number)
        assert terminal.wait() == 128 + number
        assert_restored(terminal)


def test_a_dropped_connection_ends_the_program(database: Path, places: dict[str, str]) -> None:
    """When the line is gone the program goes, too; nothing keeps running unseen."""
    with Terminal(app_command(database), **places) as terminal:
        assert terminal.shows("wanda")
        terminal.hang_up()
        assert terminal.wait() != 0


def test_a_dumb_terminal_gets_one_line(database: Path, places: dict[str, str]) -> None:
    """No control codes where they mean nothing."""
    with Terminal(app_command(database), **{**places, "TERM": "dumb"}) as terminal:
        assert terminal.wait() == 1
        assert terminal.output.startswith(b"error: the terminal type is dumb")
        assert terminal.output.count(b"\n") == 1
        assert b"\x1b" not in terminal.output


def test_a_slow_link_is_drawn_calmly(database: Path, places: dict[str, str]) -> None:
    """Over SSH the app starts and ends like anywhere else."""
    with Terminal(app_command(database), SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22", **places) as terminal:
        assert terminal.shows("wanda")
        terminal.press("q")
        assert terminal.wait() == 0


def test_a_wrong_keymap_is_told_before_anything_is_drawn(
    database: Path, places: dict[str, str], tmp_path: Path
) -> None:
    """A mistake in the keymap ends the start with its sentence and 2."""
    folder = tmp_path / "config" / "sparsity-tui"
    folder.mkdir(parents=True)
    (folder / "keymap.toml").write_text('[keys]\n"app.qit" = "Q"\n')
    with Terminal(app_command(database), **places) as terminal:
        assert terminal.wait() == 2
        assert b'did you mean "app.quit"?' in terminal.output
        assert ENTER_ALTERNATE not in terminal.output


def run_without_terminal(*arguments: str) -> subprocess.CompletedProcess:
    """Run the command with pipes for streams."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )


def test_no_terminal_gets_one_line(database: Path) -> None:
    """In a pipe the program names the command for pipes."""
    result = run_without_terminal("--db", str(database))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "sparsity-sql" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--help"], 0, "--read-only"),
        (["--version"], 0, "sparsity-tui "),
        (["--screen", "nowhere"], 2, "invalid choice"),
        (["--layer", "twelve"], 2, "invalid int value"),
    ],
)
def test_command_line(arguments: list[str], code: int, text: str) -> None:
    """Help with examples, the version, and wrong usage with its own exit code."""
    result = run_without_terminal(*arguments)
    assert result.returncode == code
    assert text in result.stdout + result.stderr


def test_heavy_packages_stay_out(database: Path, places: dict[str, str], tmp_path: Path) -> None:
    """The first data is there before Ibis and plotext; the numeric stack is never loaded."""
    report = tmp_path / "report.txt"
    command = [sys.executable, "-c", WATCHED_APP, str(database), str(report)]
    with Terminal(command, columns=160, lines=50, **places) as terminal:
        assert terminal.shows("wanda")
        terminal.press("2")
        assert terminal.shows("chance 0.")
        terminal.press("q")
        assert terminal.wait() == 0
    at_first, at_last = report.read_text().split("\n")
    assert at_first == ""
    assert set(at_last.split()) <= {"ibis", "plotext"}
    assert "ibis" in at_last
