"""The model card of an exported checkpoint: what it is, what it costs, and how it was made."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from warehouse.commands import DISTRIBUTION, project_version
from warehouse.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.export.contents import Contents
    from etl.export.record import RunRecord

NAME = "README.md"
#: Columns of pruning_runs that a card shows where they hold something, with their words.
_RUN_COLUMNS = {
    "method": "method",
    "sparsity": "sparsity asked for",
    "pattern": "pattern",
    "scope": "scores compared over",
    "value_format": "values",
    "group_size": "inputs that share a scale",
    "allocation": "allocation over blocks",
    "refinement": "repair",
}
_PACKAGES = ("torch", "transformers", "safetensors")


def model_card(record: RunRecord, contents: Contents, parameters: int) -> str:
    """Return the card of an exported run, Markdown; `parameters` is how many the exported model has."""
    tags = "\n".join(f"- {tag}" for tag in contents.tags)
    label = record.figures[0]["run_label"] if record.figures else record.run["method"]
    parts = [
        f"---\nlibrary_name: {contents.library}\npipeline_tag: {contents.pipeline}\ntags:\n{tags}\n---",
        f"# {printable(record.model['model_id'])}, {label}",
        _introduction(record),
        "## Perplexity",
        _perplexities(record),
        "## Pruning",
        _table(("", ""), _pruning(record, parameters)),
        "## Loading",
        contents.loading,
        "## Files",
        contents.files,
        "## How it was made",
        _making(record),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(record: RunRecord) -> str:
    figures = record.figures[0] if record.figures else {}
    left = ""
    if figures.get("actual_sparsity") is not None:
        share, count = figures["actual_sparsity"], figures["matrix_count"]
        left = f" {share:.2%} of the weights in {count} matrices are zero."
    if record.slices:
        kept, size = record.slices[0]["kept_dimensions"], record.slices[0]["hidden_size"]
        held = min(block["explained_variance"] for block in record.slices)
        left = (
            f" {kept} of the {size} dimensions of its residual stream are left; they hold at least "
            f"{held:.2%} of its second moment on the calibration text."
        )
    return (
        f"The model `{printable(record.model['model_id'])}` ({record.model['architecture']}), pruned by "
        f"{DISTRIBUTION}.{left}"
    )


def _perplexities(record: RunRecord) -> str:
    rows = [
        (
            printable(row["dataset"]),
            f"{row['window']}",
            f"{row['token_count']:,}",
            "—" if row["dense_perplexity"] is None else f"{row['dense_perplexity']:.4f}",
            f"{row['perplexity']:.4f}",
        )
        for row in record.figures
        if row["perplexity"] is not None
    ]
    if not rows:
        return "Not measured."
    return _table(("text", "window", "tokens", "dense", "this model"), rows)


def _pruning(record: RunRecord, parameters: int) -> Iterable[tuple[str, str]]:
    yield "parameters", f"{parameters:,} (dense {record.model['parameter_count']:,})"
    for column, words in _RUN_COLUMNS.items():
        if record.run.get(column) is not None:
            yield words, _shown(record.run[column])
    for key, value in sorted(record.run["settings"].items()):
        yield key.replace("_", " "), _shown(value)
    if record.calibration:
        drawn = record.calibration
        yield (
            "calibration",
            f"{drawn['sample_count']} sequences of {drawn['sequence_length']} tokens of "
            f"{printable(drawn['source'])}, seed {drawn['seed']}",
        )
    error = record.figures[0]["mean_reconstruction_error"] if record.figures else None
    if error is not None:
        yield "mean reconstruction error", f"{error:.4f}"


def _making(record: RunRecord) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    parts = [
        f"Pruned {record.run['started_at']:%Y-%m-%d %H:%M} UTC as run `{record.fingerprint}`, from a "
        f"checkpoint whose configuration and weights have the hash `{record.model['fingerprint']}`.",
        f"Exported with {DISTRIBUTION} {project_version()}, Python {platform.python_version()}, {packages}.",
    ]
    if record.command:
        parts.insert(1, f"```console\n$ {printable(record.command)}\n```")
    return "\n\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _shown(value: Any) -> str:
    return (
        f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    )
