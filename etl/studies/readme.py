"""The figures of the documents that come from pruning the bundled model.

`python -m etl.studies.readme --db sparsity.db --update FILE …` writes them, from the database that
`sparsity-etl run` leaves, between the markers that stand in the pages; without `--update` it prints them.
"""

# ruff: noqa: T201 - a command prints.

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.studies.pages import write_blocks
from warehouse.commands import guarded
from warehouse.opening import attach_read_only
from warehouse.sql_files import saved_queries

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
METHODS = {"dense": "dense", "magnitude": "magnitude", "wanda": "Wanda", "sparsegpt": "SparseGPT"}
REPAIRS = {None: "", "swaps": ", exchanged", "reconstruct": ", refitted"}
SPARSITY = 0.5
PATTERNS = {"unstructured": "50% unstructured", "2:4": "2:4"}


def perplexity_table(rows: list[Row]) -> str:
    """Tabulate perplexity by method, repair and pattern, and its ratio to that of the dense model."""
    cells = {(_name(row), row["pattern"]): row for row in rows if row["sparsity"] == SPARSITY}
    cells |= {("dense", pattern): row for row in rows for pattern in PATTERNS if row["method"] == "dense"}
    names = [*METHODS.values(), *sorted({name for name, _ in cells} - {*METHODS.values()})]
    lines = [f"| method | {' | '.join(PATTERNS.values())} |", "|---|---:|---:|"]
    for name in names:
        found = [cells.get((name, pattern)) for pattern in PATTERNS]
        lines.append(f"| {name} | {' | '.join(_cell(row) for row in found)} |")
    return "\n".join(lines)


def _name(row: Row) -> str:
    """Name a run's method and what repaired it."""
    return METHODS.get(row["method"], row["method"]) + REPAIRS[row["refinement"]]


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    figure = f"{row['perplexity']:.2f}"
    return figure if row["method"] == "dense" else f"{figure} ({row['perplexity_ratio']:.2f}×)"


def verdict_table(rows: list[Row]) -> str:
    """Tabulate how many matrices of each run are structured, and on how many clusterings it has an effect."""
    counts = ("matrices", "at_chance", "structured", "clusterings", "large_effect")
    lines = [f"| run | {' | '.join(name.replace('_', ' ') for name in counts)} |", "|---|" + "---:|" * 5]
    for row in rows:
        name = f"{_name(row)}, {row['pattern']}"
        lines.append(f"| {name} | {' | '.join(str(row[count]) for count in counts)} |")
    total = (str(sum(row[count] for row in rows)) for count in counts)
    return "\n".join([*lines, f"| all | {' | '.join(total)} |"])


def verdict_sentence(rows: list[Row]) -> str:
    """Say in one line how many masks are structured, and what it does to the clusterings."""
    structured, total, large, clusterings = (
        sum(row[name] for row in rows) for name in ("structured", "matrices", "large_effect", "clusterings")
    )
    return (
        f"On the bundled model {structured} of {total} masks have structure beyond chance; in"
        f" {large or 'none'} of {clusterings} clusterings it separates clusters by 10% more than chance."
    )


#: What stands between the markers of a page: the query it is made from, and how its rows are written.
BLOCKS: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
    "perplexity": ("FROM run_overview", perplexity_table),
    "verdicts": (saved_queries()["verdicts"][1], verdict_table),
    "verdict": (saved_queries()["verdicts"][1], verdict_sentence),
}


def blocks(database: Path) -> dict[str, str]:
    """Return the text of every block, made from a published database of the bundled model."""
    with attach_read_only(database) as connection:
        return {
            name: render(connection.sql(query).to_arrow_table().to_pylist())
            for name, (query, render) in BLOCKS.items()
        }


def main(argv: list[str] | None = None) -> int:
    """Print the blocks, or write them into the pages given."""
    parser = argparse.ArgumentParser(prog="python -m etl.studies.readme", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="database that `sparsity-etl run` has made")
    parser.add_argument("--update", nargs="+", type=Path, default=[], metavar="FILE", help="pages to rewrite")
    arguments = parser.parse_args(argv)
    return guarded(lambda: _run(arguments), debug=False)


def _run(arguments: argparse.Namespace) -> None:
    figures = blocks(arguments.db)
    if not arguments.update:
        print("\n\n".join(figures.values()))
    write_blocks(figures, arguments.update)


if __name__ == "__main__":
    sys.exit(main())
