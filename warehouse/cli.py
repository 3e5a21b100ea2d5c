"""`sparsity-sql`: ask the warehouse in SQL, from a shell or a script."""

import argparse
import sys
from pathlib import Path

from warehouse.commands import command_parser, run_command
from warehouse.errors import UsageError
from warehouse.formats import WRITERS
from warehouse.location import database_path
from warehouse.printable import printable
from warehouse.shell import open_shell, run_statements
from warehouse.sql_files import saved_queries

EXAMPLES = """\
  sparsity-sql "SELECT * FROM run_overview"
  sparsity-sql "FROM separation_ratios WHERE z_score > 3" --format csv > above_chance.csv
  sparsity-sql --file question.sql --format json
  sparsity-sql "FROM model_overview" --format parquet --output overview.parquet
  sparsity-sql --list                        the saved queries and what they answer
  sparsity-sql --saved perplexity_by_method  run one of them
  echo "SHOW TABLES" | sparsity-sql -"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(_parser(), argv, _run)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("sparsity-sql", "Run SQL on the warehouse, read-only.", EXAMPLES)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("query", nargs="?", help="SQL text; - reads it from standard input")
    source.add_argument("--file", metavar="FILE", help="read the SQL from a file")
    source.add_argument("--saved", metavar="NAME", help="run a saved query")
    source.add_argument("--list", action="store_true", help="list the saved queries")
    parser.add_argument(
        "--format", choices=[*WRITERS], default="table", help="how the rows are written (default: table)"
    )
    parser.add_argument(
        "--json",
        action="store_const",
        const="jsonl",
        dest="format",
        help="one JSON object a line (--format jsonl)",
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of standard output")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    if arguments.list:
        for name, (question, _) in saved_queries().items():
            print(f"{name:32} {question}")  # noqa: T201  # the output of the command
        return
    text = _query_text(arguments)
    output = arguments.output
    if arguments.format == "parquet" and output is None and sys.stdout.isatty():
        msg = "a Parquet file would garble the terminal; add --output FILE or redirect"
        raise UsageError(msg)
    connection = open_shell(database_path(arguments.db))
    chunks = (
        chunk
        for relation in run_statements(connection, text)
        for chunk in WRITERS[arguments.format](relation)
    )
    if output is None:
        shown = sys.stdout.isatty()
        for chunk in chunks:
            sys.stdout.buffer.write(printable(chunk.decode(), keep="\n").encode() if shown else chunk)
        sys.stdout.flush()
    else:
        # Run to the end first: a query that fails leaves an existing file as it was.
        content = b"".join(chunks)
        try:
            Path(output).write_bytes(content)
        except OSError as error:
            msg = f"cannot write {output}: {error.strerror}"
            raise UsageError(msg) from error


def _query_text(arguments: argparse.Namespace) -> str:
    if arguments.saved:
        queries = saved_queries()
        if arguments.saved not in queries:
            msg = f"there is no saved query {arguments.saved}; --list names them"
            raise UsageError(msg)
        return queries[arguments.saved][1]
    if arguments.file:
        try:
            return Path(arguments.file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"cannot read {arguments.file}: {error}"
            raise UsageError(msg) from error
    return sys.stdin.read() if arguments.query == "-" else arguments.query


if __name__ == "__main__":
    sys.exit(main())
