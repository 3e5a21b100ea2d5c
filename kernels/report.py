"""Tables of the shipped measurements, in Markdown: `python -m kernels.report [--update FILE …]`."""
# ruff: noqa: T201 - a command prints.

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernels.errors import KernelError
from kernels.files import replace_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = dict[str, Any]
RESULTS = Path(__file__).parent / "results"
HEADLINE = ((4096, 4096), (11008, 4096), (4096, 11008), (8192, 28672))
ORDER = ("sell", "bitmask", "nm", "bsr", "activation", "clustered", "csr", "masked", "dense")
BATCHED = frozenset({"sell", "bitmask", "nm", "dense"})
FASTEST = frozenset({"sell", "bitmask", "bsr", "activation"})


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a JSON-lines file; raises KernelError where it is missing or damaged."""
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise KernelError(f"cannot read {path}: {error}") from error


def _spread(values: Iterable[float], form: str) -> str:
    """Print one number, or the lowest and highest of several runs where they print differently."""
    low, high = (format(extreme(values := list(values)), form) for extreme in (min, max))
    return low if low == high else f"{low}–{high}"


def _table(header: list[str], lines: Iterable[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def _shape(row: Row) -> tuple[int, int]:
    return row["out_features"], row["in_features"]


def _label(row: Row) -> str:
    share = "" if row["kernel"] in {"dense", "nm"} else f" {row['sparsity']:.0%}"
    values = "" if row["value_format"] == "16" else f" {row['value_format']}"
    library = f", {row['variant']}" if row["kernel"] == "dense" and values else ""
    return f"`{row['kernel']}`{values}{share}{library}"


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _measured(device: str, batch: int | None = None) -> list[Row]:
    """Rows of one device's file, cold."""
    rows = read_rows(RESULTS / f"{device}.jsonl")
    rows = [row for row in rows if row["latency_us_p50"] is not None and row["cache"] == "cold"]
    return [row for row in rows if batch is None or row["batch"] == batch]


def _belongs_in_short(row: Row) -> bool:
    """Half of the weights or inputs left out, and dense products."""
    return row["kernel"] in {"dense", "nm"} or (row["kernel"] in FASTEST and row["sparsity"] == 0.5)


def summary(device: str, *, short: bool = False) -> str:
    """Tabulate speed-ups over the best dense call at batch 1, cold; `short` leaves out what loses."""
    rows = [row for row in _measured(device, 1) if _shape(row) in HEADLINE]
    groups = _grouped(
        (row for row in rows if not short or _belongs_in_short(row)),
        lambda row: (ORDER.index(row["kernel"]), row["sparsity"], _label(row)),
    )
    lines = []
    for (_, _, label), rows in sorted(groups.items()):
        by_shape = _grouped(rows, _shape)
        cells = [
            _spread((row["speedup"] for row in by_shape[shape]), ".2f") + "×" if shape in by_shape else "–"
            for shape in HEADLINE
        ]
        lines.append([label, format(statistics.mean(row["bits_per_weight"] for row in rows), ".1f"), *cells])
    header = ["format", "bits per weight", *(f"{out}×{into}" for out, into in HEADLINE)]
    return _table(header, lines)


def full(device: str) -> str:
    """Tabulate every shape at batch 1, cold: latency, spread, speed-up, share of the limit."""
    key = lambda row: (_shape(row), ORDER.index(row["kernel"]), row["sparsity"], _label(row))  # noqa: E731
    lines = []
    for (shape, _, _, label), rows in sorted(_grouped(_measured(device, 1), key).items()):
        inner = max((row["latency_us_p80"] - row["latency_us_p20"]) / row["latency_us_p50"] for row in rows)
        lines.append(
            [
                f"{shape[0]}×{shape[1]} {label}",
                _spread((row["latency_us_p50"] for row in rows), ".1f"),
                f"{inner:.1%}",
                _spread((row["dense_latency_us_p50"] for row in rows), ".1f"),
                _spread((row["speedup"] for row in rows), ".2f"),
                _spread((row["limit_fraction"] for row in rows), ".0%"),
                f"{rows[0]['bits_per_weight']:.2f}",
            ]
        )
    header = ["matrix, format", "µs (all runs)", "p20–p80", "dense µs", "speed-up", "of the limit", "bits"]
    return _table(header, lines)


def batches(device: str) -> str:
    """Speed-up at batch 1, 4 and 16, cold, of the formats made for batches."""
    rows = [row for row in _measured(device) if row["kernel"] in BATCHED and _shape(row) in HEADLINE]
    groups = _grouped(
        rows, lambda row: (_shape(row), ORDER.index(row["kernel"]), row["sparsity"], _label(row))
    )
    lines = []
    for (shape, _, _, label), members in sorted(groups.items()):
        by_batch = _grouped(members, lambda row: row["batch"])
        cells = [
            _spread((row["speedup"] for row in by_batch[b]), ".2f") if b in by_batch else "–"
            for b in (1, 4, 16)
        ]
        lines.append([f"{shape[0]}×{shape[1]} {label}", *cells])
    return _table(["matrix, format", "batch 1", "batch 4", "batch 16"], lines)


def generation() -> str:
    """Tokens a second end to end, on every device."""
    files = sorted((RESULTS / "generation").glob("*.jsonl"))
    lines = [
        [
            f"{row['device']}, `{row['format']}`",
            f"{row['dense_tokens_per_second']:.0f}",
            f"{row['tokens_per_second']:.0f}",
            f"{row['speedup']:.2f}",
            f"{row['dense_relative_error']:.4f}",
            f"{row['relative_error']:.4f}",
            f"{row['equal_tokens']} of {row['tokens']}",
        ]
        for file in files
        for row in read_rows(file)
    ]
    header = [
        "device, linears",
        "dense tok/s",
        "packed tok/s",
        "speed-up",
        "dense error",
        "packed error",
        "equal tokens",
    ]
    return _table(header, lines)


def separation() -> str:
    """Planted clusters: occupancy and latency by separation ratio."""
    lines = [
        [
            "∞" if row["separation_ratio"] is None else f"{row['separation_ratio']:.2f}",
            *(f"{row[name]:.0%}" for name in ("occupancy_1x64", "occupancy_4x32", "occupancy_16x64")),
            *(f"{row[name]:.1f}" for name in ("dense_us", "csr_us", "sell_us", "clustered_us")),
            *(f"{row[name] / row['clustered_us']:.2f}" for name in ("csr_us", "sell_us", "dense_us")),
        ]
        for row in read_rows(RESULTS / "separation" / "h200.jsonl")
    ]
    header = ["separation", "1×64 full", "4×32 full", "16×64 full", "dense µs", "csr µs", "sell µs"]
    return _table([*header, "clustered µs", "over csr", "over sell", "over dense"], lines)


def real_masks() -> str:
    """Separation ratio and block occupancy on masks of the bundled model."""
    lines = [
        [
            f"{row['mask']} ({row['out_features']}×{row['in_features']})",
            f"{row['separation_ratio']:.2f}",
            *(f"{row[name]:.1%}" for name in ("occupancy_1x64", "occupancy_4x32", "occupancy_16x64")),
        ]
        for row in read_rows(RESULTS / "separation" / "bundled.jsonl")
    ]
    return _table(["mask", "separation", "1×64 full", "4×32 full", "16×64 full"], lines)


# The device whose numbers the README shows, and all that have files.
SHOWN = "h100"
DEVICES = ("h100", "h200")
SECTIONS: dict[str, Callable[[], str]] = {
    "kernels": partial(summary, SHOWN, short=True),
    **{f"kernels-summary-{device}": partial(summary, device) for device in DEVICES},
    **{f"kernels-full-{device}": partial(full, device) for device in DEVICES},
    **{f"kernels-batches-{device}": partial(batches, device) for device in DEVICES},
    "kernels-generation": generation,
    "kernels-separation": separation,
    "kernels-real-masks": real_masks,
}


def rewritten(text: str, sections: Mapping[str, Callable[[], str]]) -> str | None:
    """Fill the blocks between `<!-- NAME:begin -->` and `<!-- NAME:end -->` anew; None without any."""
    found = False
    for name, table in sections.items():
        marked = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        if marked.search(text):
            found = True
            fresh = table()
            text = marked.sub(lambda match, fresh=fresh: f"{match[1]}{fresh}\n{match[2]}", text)
    return text if found else None


def update(path: Path) -> None:
    """Rewrite the tables of one page; KernelError where it has no markers."""
    fresh = rewritten(path.read_text(), SECTIONS)
    if fresh is None:
        raise KernelError(f"{path} has no markers such as <!-- kernels:begin --> and <!-- kernels:end -->")
    replace_whole(path, fresh)


def main(argv: list[str] | None = None) -> int:
    """Print the summary, or rewrite the tables of the files given."""
    parser = argparse.ArgumentParser(prog="python -m kernels.report", description=__doc__)
    parser.add_argument("--update", nargs="+", type=Path, metavar="FILE", help="rewrite the tables in place")
    arguments = parser.parse_args(argv)
    try:
        if not arguments.update:
            print(summary(SHOWN))
        for path in arguments.update or []:
            update(path)
    except (KernelError, OSError) as error:
        print(f"kernels.report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
