"""`sparsity-tui`: browse the warehouse in a terminal."""

import argparse
import sys

from tui.database import Database
from tui.footprint import return_freed_memory
from tui.registry import SCREEN_NAMES
from tui.selection import Selection
from tui.terminal import require_terminal, tune_for_link
from warehouse.commands import command_parser, guarded
from warehouse.location import database_path

EXAMPLES = """\
  sparsity-tui                                   the database here, where the last session ended
  sparsity-tui --db /data/llama.db --read-only   look, and start nothing
  sparsity-tui --model tiny-llama --run 3 --layer 12 --projection o --screen matrix
  SPARSITY_DB=/data/llama.db sparsity-tui"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    return guarded(lambda: _run(arguments), debug=arguments.debug)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("sparsity-tui", "Browse the warehouse in a terminal.", EXAMPLES)
    parser.add_argument("--model", metavar="ID", help="model to start with")
    parser.add_argument("--run", metavar="N", type=int, help="pruning run to start with, by its run_id")
    parser.add_argument("--layer", metavar="N", type=int, help="transformer block to start with, from 0")
    parser.add_argument("--projection", metavar="NAME", help="projection to start with: q k v o gate up down")
    parser.add_argument("--screen", choices=SCREEN_NAMES, help="screen to start with")
    parser.add_argument("--read-only", action="store_true", help="remove the actions that start work")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    require_terminal()
    tune_for_link()
    return_freed_memory()
    database = Database(database_path(arguments.db))
    database.prefetch()
    # Textual costs a third of a second: --help and every error come before it, and the database meanwhile.
    from tui.app import SparsityApp  # noqa: PLC0415

    app = SparsityApp(
        database,
        link=Selection(arguments.model, arguments.run, arguments.layer, arguments.projection),
        screen=arguments.screen,
        read_only=arguments.read_only,
    )
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
