"""What narrow values cost, alone and together with pruning: the perplexities of docs/methods.md.

`python -m etl.studies.quantisation --db quantisation.db --update docs/methods.md` prunes and rounds the
bundled model, or that of `--model`, in every value format, and tabulates the perplexities between the page's
markers; without `--update` it prints them. A database of an earlier call is completed, not done again.
"""

# ruff: noqa: T201 - a command prints.

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from etl.pipeline import run_pipeline
from etl.progress import choose_progress
from etl.settings.keys import CHECKPOINT
from etl.settings.read import read_settings
from etl.studies.pages import write_blocks
from warehouse.commands import guarded
from warehouse.opening import attach_read_only

FORMATS = (CHECKPOINT, "int8", "fp8", "int4")
#: Rows of the table: how they are called, and the method, sparsity and pattern of their runs.
ROWS = {
    "dense, GPTQ": ("gptq", 0.0, "unstructured"),
    "SparseGPT 50%": ("sparsegpt", 0.5, "unstructured"),
    "SparseGPT 2:4": ("sparsegpt", 0.5, "2:4"),
}
_QUERY = """
    SELECT runs.method, runs.sparsity, runs.pattern, runs.value_format, perplexities.perplexity
    FROM pruning_runs AS runs
    INNER JOIN perplexities ON runs.run_id = perplexities.run_id
"""
_NARROW = FORMATS[1:]


def table(rows: list[dict[str, Any]]) -> str:
    """Tabulate perplexities by method and value format; the dense model's own stands in the row of GPTQ."""
    found = {}
    for row in rows:
        narrow = row["value_format"] if row["value_format"] in _NARROW else CHECKPOINT
        found[row["method"], row["sparsity"], row["pattern"], narrow] = row["perplexity"]
    dense = found.get(("dense", 0.0, "unstructured", CHECKPOINT))
    found |= {(*run, CHECKPOINT): dense for run in ROWS.values() if run[1] == 0}
    lines = ["| | 16 bit | " + " | ".join(_NARROW) + " |", "|---|" + "---:|" * len(FORMATS)]
    for name, run in ROWS.items():
        figures = [found.get((*run, value_format)) for value_format in FORMATS]
        cells = ("–" if figure is None else f"{figure:.2f}" for figure in figures)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Prune, round and evaluate, then print the table or write it into pages."""
    parser = argparse.ArgumentParser(prog="python -m etl.studies.quantisation", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="database to make or complete")
    parser.add_argument("--model", help="checkpoint folder (default: the bundled model)")
    parser.add_argument("--group-size", type=int, default=128, help="inputs per scale (default: 128)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--update", nargs="+", type=Path, default=[], metavar="FILE", help="pages to rewrite")
    arguments = parser.parse_args(argv)
    return guarded(lambda: _run(arguments), debug=False)


def _run(arguments: argparse.Namespace) -> None:
    asked = {"method": [*dict.fromkeys(run[0] for run in ROWS.values())], "value_format": [*FORMATS]}
    asked |= {"model": arguments.model, "group_size": arguments.group_size}
    settings = read_settings(
        None, asked | dict.fromkeys(("cluster", "compare", "feature_metrics", "test"), False)
    )
    progress = choose_progress(as_json=False)
    try:
        command = shlex.join(["python -m etl.studies.quantisation", *sys.argv[1:]])
        run_pipeline(arguments.db.absolute(), settings, command, arguments.device, progress)
    finally:
        progress.close()
    with attach_read_only(arguments.db) as connection:
        figures = {"quantisation": table(connection.sql(_QUERY).to_arrow_table().to_pylist())}
    if not arguments.update:
        print(figures["quantisation"])
    write_blocks(figures, arguments.update)


if __name__ == "__main__":
    sys.exit(main())
