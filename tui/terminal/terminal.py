"""What the terminal allows, settled before Textual is imported."""

import os
import select
import sys
import threading
from collections.abc import Mapping

from warehouse.errors import SparsityError

SLOW_LINK_FRAMES = "15"
WEB_DRIVER = "textual.drivers.web_driver:WebDriver"


class TerminalError(SparsityError):
    """The app cannot be drawn here."""


def require_terminal() -> None:
    """Check that the app can be drawn and controlled; a browser that textual-serve draws in always can.

    Raises:
        TerminalError: a standard stream is no terminal, or the terminal cannot move its cursor.
    """
    if is_in_browser(os.environ):
        return
    # Textual reads from standard input and draws on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        msg = 'sparsity-tui needs a terminal; in a script or a pipe use: sparsity-sql "FROM run_overview"'
        raise TerminalError(msg)
    if os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"}:
        msg = (
            f"the terminal type is {os.environ.get('TERM') or 'not set'}, which cannot show the app;"
            " set TERM (for instance TERM=xterm-256color), or use sparsity-sql"
        )
        raise TerminalError(msg)


def leave_within(seconds: float, code: int) -> None:
    """End the process after some time, whatever it waits for.

    Textual waits without limit for a writer that may have failed when the line was lost.
    """
    timer = threading.Timer(seconds, os._exit, [code])
    timer.daemon = True
    timer.start()


def leave_without_server(seconds: float) -> None:
    """In a browser, end the process some time after the web server has gone, whatever it is busy with.

    The server holds the other end of standard input; when it ends, killed or not, the pipe hangs up.
    """
    if not is_in_browser(os.environ):
        return
    pipe = select.poll()
    pipe.register(sys.stdin.fileno(), select.POLLHUP)

    def watch() -> None:
        pipe.poll()
        leave_within(seconds, 1)

    threading.Thread(target=watch, name="web server watch", daemon=True).start()


def is_in_browser(environment: Mapping[str, str]) -> bool:
    """Whether textual-serve started the app: then its streams are pipes."""
    return environment.get("TEXTUAL_DRIVER") == WEB_DRIVER


def tune_for_link() -> None:
    """Over SSH draw fewer frames and animate nothing; Textual reads these variables once, on import."""
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", SLOW_LINK_FRAMES)
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
