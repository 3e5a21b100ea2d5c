"""`sparsity-tui`: browse the warehouse in a terminal or a browser, and look at what this machine supports."""

import argparse
import json
import sys
from typing import Any

from tui.state.database import Database
from tui.state.keymap import read_keymap
from tui.state.registry import SCREEN_NAMES
from tui.state.selection import Selection
from tui.terminal.footprint import return_freed_memory
from tui.terminal.terminal import leave_without_server, require_terminal, tune_for_link
from warehouse.commands import add_common_options, command_parser, run_command
from warehouse.location import database_path
from warehouse.printable import printable
from warehouse.streams import discard

EXAMPLES = """\
  sparsity-tui                                   the database here, where the last session ended
  sparsity-tui --db /data/llama.db --read-only   look, and start nothing
  sparsity-tui --model tiny-llama --run 3 --layer 12 --projection o --screen matrix
  sparsity-tui doctor                            what this terminal, machine and database support
  sparsity-tui serve --port 8080 --read-only     the app in a browser of this machine
  SPARSITY_DB=/data/llama.db sparsity-tui"""
SERVERLESS_SECONDS = 3.0
# Of `serve`; a session takes 100 to 200 MB.
SESSIONS = 8


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(command_line(), argv, lambda arguments: arguments.action(arguments))


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = command_parser("sparsity-tui", "Browse the warehouse in a terminal.", EXAMPLES)
    parser.set_defaults(action=_run)
    _add_link_options(parser)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands, in the place of the app")
    # Options may also stand before the command; the command's defaults must not overwrite them.
    kept = argparse.SUPPRESS
    doctor = commands.add_parser(
        "doctor", argument_default=kept, help="say what this terminal, machine and database support"
    )
    doctor.set_defaults(action=_examine)
    doctor.add_argument("--json", action="store_true", default=False, help="one JSON object per line")
    add_common_options(doctor)
    serve = commands.add_parser("serve", argument_default=kept, help="show the app in a web browser")
    serve.set_defaults(action=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=_port, default=8000, help="port to listen on (default: 8000)")
    serve.add_argument(
        "--sessions", metavar="N", type=_count, default=SESSIONS, help="pages at a time at most (default: 8)"
    )
    add_common_options(serve)
    _add_link_options(serve)
    return parser


def _add_link_options(parser: argparse.ArgumentParser) -> None:
    """Add what says where the app starts."""
    parser.add_argument("--model", metavar="ID", help="model to start with")
    parser.add_argument("--run", metavar="N", type=int, help="pruning run to start with, by its run_id")
    parser.add_argument("--layer", metavar="N", type=int, help="transformer block to start with, from 0")
    parser.add_argument("--projection", metavar="NAME", help="projection to start with: q k v o gate up down")
    parser.add_argument("--figure", metavar="NAME", help="figure of the heatmap in the overview")
    parser.add_argument("--compared-run", metavar="N", type=int, help="run to compare with, by its run_id")
    parser.add_argument("--screen", choices=SCREEN_NAMES, help="screen to start with")
    parser.add_argument(
        "--view",
        metavar="NAME=VALUE",
        type=_view_option,
        action="append",
        help="what that screen shows, panel=roofline for instance; the key y copies all of it",
    )
    parser.add_argument("--read-only", action="store_true", help="remove the actions that start work")


def _view_option(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not (name and given):
        msg = f"{text!r} is no NAME=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return name, value


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        msg = f"{text!r} is no port: ports are whole numbers from 1 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is no number of sessions: give a whole number from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    require_terminal()
    leave_without_server(SERVERLESS_SECONDS)
    tune_for_link()
    return_freed_memory()
    database = Database(database_path(arguments.db))
    database.prefetch()
    # Importing Textual takes 0.3 s: help and errors come before it, and the database opens meanwhile.
    from tui.app import SparsityApp  # noqa: PLC0415

    app = SparsityApp(database, **app_options(arguments))
    app.run()
    return app.return_code or 0


def app_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return where the app starts, as its constructor takes it."""
    link = Selection(
        arguments.model,
        arguments.run,
        arguments.layer,
        arguments.projection,
        arguments.figure,
        arguments.compared_run,
    )
    view = dict(arguments.view or ())
    return {"link": link, "screen": arguments.screen, "view": view, "read_only": arguments.read_only}


def _examine(arguments: argparse.Namespace) -> None:
    from tui.doctor import examine as doctor  # noqa: PLC0415  # the app starts without it

    findings = doctor.examine(database_path(arguments.db), doctor.this_terminal())
    if arguments.json:
        for finding in findings:
            print(json.dumps(finding.as_dict()))  # noqa: T201  # the output of the command
    else:
        text = doctor.as_text(findings, sys.stdout.encoding)
        print(printable(text, keep="\n"))  # noqa: T201


def _serve(arguments: argparse.Namespace) -> None:
    from tui.terminal import serving  # noqa: PLC0415  # a web server, which the app does without

    # An error that would end every session at its start is told here: a browser does not show stderr.
    read_keymap()
    address = serving.Address(arguments.host, arguments.port)
    with serving.listen(address) as listening:
        if not serving.is_local(listening):
            # Notes go to stderr; standard output carries the address alone.
            print(serving.open_to_others(address), file=sys.stderr)  # noqa: T201
        try:
            print(f"sparsity-tui is at {address.url} (Ctrl+C ends it)", flush=True)  # noqa: T201
        except BrokenPipeError:
            discard(sys.stdout)  # pages are served to browsers, whoever reads this line
        command = serving.served_command(passed_on(arguments))
        serving.AppServer(command, address, listening, arguments.sessions).run()


def passed_on(arguments: argparse.Namespace) -> list[str]:
    """Return the options of the served app: all but those of the server."""
    options = ["--db", str(database_path(arguments.db))]
    for name in ("model", "run", "layer", "projection", "figure", "compared-run", "screen"):
        value = getattr(arguments, name.replace("-", "_"))
        # Joined by =, so that a value that begins with a dash is not taken for an option.
        options += [f"--{name}={value}"] if value is not None else []
    options += [f"--view={name}={value}" for name, value in arguments.view or ()]
    return [*options, "--read-only"] if arguments.read_only else options


if __name__ == "__main__":
    sys.exit(main())
