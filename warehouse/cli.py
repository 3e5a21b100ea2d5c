"""`sparsity-sql`: ask the warehouse in SQL, from a shell or a script."""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from warehouse.commands import command_parser, run_command
from warehouse.errors import UsageError
from warehouse.exporting import write_result
from warehouse.files import read_finite
from warehouse.formats import FILES, SINGLE, WRITERS
from warehouse.location import database_path
from warehouse.opening import Config, memory_share
from warehouse.printable import printable
from warehouse.shell import (
    certain_results,
    open_shell,
    read_statements,
    run_statements,
    translated_query_errors,
)
from warehouse.sql_files import saved_queries

EXAMPLES = """\
  sparsity-sql "SELECT * FROM run_overview"
  sparsity-sql "FROM matrix_evidence WHERE is_structured" --format csv > structured.csv
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
    source.add_argument("--file", metavar="FILE", help="read the SQL from a file; - is stdin")
    source.add_argument("--saved", metavar="NAME", help="run a saved query")
    source.add_argument("--list", action="store_true", help="list the saved queries")
    parser.add_argument(
        "--format",
        choices=[*WRITERS],
        help="how the rows are written (default: what the name of --output ends in, else table)",
    )
    parser.add_argument(
        "--json",
        action="store_const",
        const="jsonl",
        dest="format",
        help="one JSON object per line (--format jsonl)",
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file; - is stdout, as without this flag")
    parser.add_argument("--force", action="store_true", help="replace the file of --output if there is one")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    if arguments.list:
        for name, (question, _) in saved_queries().items():
            print(f"{name:32} {question}")  # noqa: T201  # the output of the command
        return
    text = _query_text(arguments)
    target = None if arguments.output in {None, "-"} else Path(arguments.output)
    kind = arguments.format or _named_format(target)
    if kind == "parquet" and target is None and sys.stdout.isatty():
        msg = "a Parquet file would garble the terminal; add --output FILE or redirect"
        raise UsageError(msg)
    database = database_path(arguments.db)
    chunks = _answer(database, text, kind, single=kind in (FILES if target else SINGLE))
    if target:
        write_result(target, chunks, replace=arguments.force, database=database)
    else:
        _show(chunks)


def _named_format(target: Path | None) -> str:
    """Return the format that the name of a file ends in; without one, rows are drawn as a table."""
    ending = target.suffix.removeprefix(".").lower() if target else ""
    return ending if ending in WRITERS else "table"


def _answer(database: Path, text: str, kind: str, *, single: bool) -> Iterator[bytes]:
    """Yield the results of a text in one format; exactly one of them if `single`.

    Raises:
        UsageError: there is no statement, or not exactly one result where only one can be written.
    """
    with open_shell(database, _limits()) as connection, translated_query_errors(text):
        statements = read_statements(connection, text)
        if not statements:
            msg = "there is no SQL statement in the text"
            raise UsageError(msg)
        if single and certain_results(statements) > 1:
            raise UsageError(_several(kind))
        count = 0
        for count, relation in enumerate(run_statements(connection, statements, text), start=1):
            if single and count > 1:
                raise UsageError(_several(kind))
            yield from WRITERS[kind](relation)
        if single and not count:
            msg = f"no statement of the text gives rows, so there is nothing to write as {kind}"
            raise UsageError(msg)


def _several(kind: str) -> str:
    return (
        f"the text gives several results, and only one can be written as {kind}; ask for one, or add --json"
    )


def _limits() -> Config:
    """Return how much memory a query may take and where it goes on with more: a folder made when needed."""
    spilled = Path(tempfile.gettempdir()) / f"sparsity-sql-{secrets.token_hex(8)}"
    return {"memory_limit": memory_share(0.5), "temp_directory": str(spilled)}


def _show(chunks: Iterator[bytes]) -> None:
    """Write to standard output: the bytes as they are, or what a terminal may be sent of them."""
    on_terminal = sys.stdout.isatty()
    for chunk in chunks:
        sys.stdout.buffer.write(printable(chunk.decode(), keep="\n").encode() if on_terminal else chunk)


def _query_text(arguments: argparse.Namespace) -> str:
    if arguments.saved is not None:
        queries = saved_queries()
        if arguments.saved not in queries:
            msg = f"there is no saved query {arguments.saved}; --list names them"
            raise UsageError(msg)
        return queries[arguments.saved][1]
    from_input = "-" in {arguments.query, arguments.file}
    place = "standard input" if from_input else arguments.file if arguments.file is not None else "the query"
    try:
        if arguments.file is not None and not from_input:
            return read_finite(Path(arguments.file)).decode("utf-8-sig")
        text = sys.stdin.read() if from_input else arguments.query
        # Where the locale has no accents, Python keeps their bytes as surrogates.
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except OSError as error:
        msg = f"cannot read {place}: {error.strerror}"
        raise UsageError(msg) from error
    except UnicodeError as error:
        msg = f"cannot read {place}: it is not written in UTF-8"
        raise UsageError(msg) from error


if __name__ == "__main__":
    sys.exit(main())
