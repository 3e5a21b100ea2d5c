"""`sparsity-bench`: which sparse format really runs faster on this machine."""

# ruff: noqa: T201 - a command prints.

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from kernels.boundary import printable, run_command, say
from kernels.cli_parser import build_parser
from kernels.errors import KernelError, UsageError
from kernels.files import append_row, check_rows_file

if TYPE_CHECKING:
    import argparse

    from kernels.benchmark import Row
    from kernels.device import Machine
    from kernels.plan import Plan


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 on success, 1 on failure with one line on stderr, 2 on wrong usage."""
    return run_command(build_parser(), argv, _act)


def _act(arguments: argparse.Namespace) -> int:
    if getattr(arguments, "out", None):
        check_rows_file(arguments.out)
    actions = {
        "run": _run,
        "list": _list,
        "roofline": _roofline,
        "separation": _separation,
        "generate": _generate,
    }
    return actions[arguments.command](arguments)


def _machine(arguments: argparse.Namespace) -> Machine:
    """Find the device; without one, decide for the interpreter before any kernel is imported."""
    from kernels.device import find_machine  # noqa: PLC0415 - torch takes seconds to import

    machine = find_machine(arguments.device)
    if machine.device.type == "cpu":
        os.environ["TRITON_INTERPRET"] = "1"
    if machine.reason is not None:
        print(f"note: {machine.reason}; only dense and csr run", file=sys.stderr)
    return machine


def _plan(arguments: argparse.Namespace, machine: Machine) -> Plan:
    import torch  # noqa: PLC0415 - torch takes seconds to import

    from kernels.formats import NAMES  # noqa: PLC0415
    from kernels.formats.values import CODECS, get_codec  # noqa: PLC0415
    from kernels.masks import read_mask  # noqa: PLC0415
    from kernels.plan import Plan, runnable_formats  # noqa: PLC0415
    from kernels.rivals import installed_rivals  # noqa: PLC0415
    from kernels.shapes import read_shapes  # noqa: PLC0415

    unknown = [name for name in arguments.formats if name not in {"all", *NAMES}]
    if unknown:
        raise UsageError(f"unknown format {unknown[0]!r}: choose from all, {', '.join(NAMES)}")
    if any(not 0 <= sparsity < 1 for sparsity in arguments.sparsity):
        raise UsageError("--sparsity must be in [0, 1)")
    if any(not 1 <= batch <= 16 for batch in arguments.batch):
        raise UsageError("--batch must be from 1 to 16")
    if arguments.replays < 20:
        raise UsageError("--replays must be at least 20")
    names = list(NAMES) if "all" in arguments.formats else arguments.formats
    values = list(CODECS) if "all" in arguments.values else arguments.values
    for name in values:
        get_codec(name)
    return Plan(
        shapes=read_shapes(arguments.shapes),
        formats=runnable_formats(machine, names),
        sparsities=arguments.sparsity,
        batches=arguments.batch,
        value_formats=values,
        rivals=installed_rivals() if arguments.rivals and machine.device.type == "cuda" else [],
        dtype=getattr(torch, arguments.dtype),
        masks=[read_mask(path) for path in arguments.mask],
        replays=arguments.replays,
        retune=arguments.retune,
    )


def _run(arguments: argparse.Namespace) -> int:
    machine = _machine(arguments)
    plan = _plan(arguments, machine)
    from kernels.benchmark import Benchmark  # noqa: PLC0415
    from kernels.interpreting import INTERPRETED_ROWS, expected_seconds  # noqa: PLC0415
    from kernels.progress import reporting  # noqa: PLC0415
    from kernels.roofline import measure_roofline  # noqa: PLC0415

    roofline = measure_roofline(machine) if machine.device.type == "cuda" else None
    benchmark = Benchmark(plan, machine, roofline)
    jobs = plan.jobs(machine.device)
    if roofline is None:
        takes = _duration(expected_seconds(jobs))
        print(
            f"note: no GPU: {len(jobs)} kernels are checked in Triton's interpreter, on {INTERPRETED_ROWS}"
            f" rows of each matrix, and nothing is timed; that takes about {takes}",
            file=sys.stderr,
        )
    failed = 0
    with reporting(len(jobs)) as progress:
        for job in jobs:
            progress.announce(job.problem.key)
            for row in benchmark.rows(job, progress.detail):
                failed += row["error"] is not None
                _report(row, arguments)
    if failed:
        raise KernelError(f"{failed} of the rows carry an error")
    return 0


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} minutes"


def _report(row: Row, arguments: argparse.Namespace) -> None:
    if arguments.out:
        append_row(arguments.out, row)
    say(json.dumps(row) if arguments.json else _described(row), needed=arguments.out is None)


def _described(row: Row) -> str:
    name = f"{row['kernel']} {row['value_format']} {row['out_features']}x{row['in_features']}"
    name += f" {row['pattern']} {row['sparsity']:.2f}"
    name += f" batch {row['batch']} {row['cache']}"
    if row["error"]:
        return printable(f"{name}: error: {row['error']}")
    if row["latency_us_p50"] is None:
        return f"{name}: correct to {row['relative_error']:.1e}, {row['bits_per_weight']:.2f} bits per weight"
    limit = f"{row['limit_fraction']:.0%} of the limit"
    return f"{name}: {row['latency_us_p50']:.1f} us, {row['speedup']:.2f}x dense, {limit}"


def _list(arguments: argparse.Namespace) -> int:
    machine = _machine(arguments)
    from kernels.listing import describe_formats  # noqa: PLC0415

    for entry in describe_formats(machine):
        if arguments.json:
            print(json.dumps(entry))
        else:
            bits = ", ".join(
                f"{bits:.1f} at {sparsity:.0%}" for sparsity, bits in entry["bits_per_weight"].items()
            )
            state = entry["runs_here"]
            print(
                f"{entry['format']:<11}{entry['summary']}\n"
                f"{'':<11}bits per weight: {bits or '-'}; {entry['limits']}"
            )
            print(f"{'':<11}here: {state}")
    return 0


def _roofline(arguments: argparse.Namespace) -> int:
    machine = _machine(arguments)
    from kernels.roofline import measure_roofline  # noqa: PLC0415

    result = measure_roofline(machine)
    values: dict[str, Any] = {
        "device": result.device,
        "copy_gbps": round(result.copy_gbps, 1),
        "read_gbps": round(result.read_gbps, 1),
    }
    if arguments.json:
        print(json.dumps(values))
    else:
        print(
            f"{result.device}: copy {result.copy_gbps:.0f} GB/s (read + written),"
            f" read {result.read_gbps:.0f} GB/s"
        )
    return 0


def _separation(arguments: argparse.Namespace) -> int:
    machine = _machine(arguments)
    from kernels.masks import read_mask  # noqa: PLC0415
    from kernels.separation import measure_separation  # noqa: PLC0415
    from kernels.shapes import read_shapes  # noqa: PLC0415

    masks = [read_mask(path) for path in arguments.mask]
    for row in measure_separation(machine, read_shapes(arguments.shapes), masks):
        if arguments.out:
            append_row(arguments.out, row)
        line = " ".join(f"{name}={value}" for name, value in row.items())
        say(json.dumps(row) if arguments.json else printable(line), needed=arguments.out is None)
    return 0


def _generate(arguments: argparse.Namespace) -> int:
    machine = _machine(arguments)
    from kernels.generation import Dimensions, compare_generation  # noqa: PLC0415

    sizes = Dimensions(layers=arguments.layers, context=max(256, arguments.tokens + 1))
    gpu = machine.device.type == "cuda"
    values = compare_generation(
        machine, arguments.format, arguments.sparsity, tokens=arguments.tokens, sizes=sizes if gpu else None
    )
    if arguments.json:
        print(json.dumps(values))
    else:
        print(
            f"{values['device']}: {values['tokens_per_second']:.1f} tokens/s with {values['format']},"
            f" {values['dense_tokens_per_second']:.1f} dense ({values['speedup']:.2f}x);"
            f" logits off float32 by {values['relative_error']:.1e},"
            f" dense by {values['dense_relative_error']:.1e};"
            f" first {values['equal_tokens']} of {values['tokens']} tokens equal"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
