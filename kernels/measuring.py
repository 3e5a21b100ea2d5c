"""One kernel on one matrix: check it, choose its settings, time it cold and warm."""

# ruff: noqa: PLR0917 - a measurement has more settings than five.

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.device import interpreting
from kernels.errors import KernelError
from kernels.timing import SETTLING_SECONDS, Latency, buffer_count, time_calls
from kernels.tuning import Tuned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kernels.device import Machine
    from kernels.formats.base import Config, Format, Packed

# A 16-bit result of exact arithmetic is within 2e-3 of the truth; a wrong kernel is not within 5e-3.
TOLERANCE = 5e-3
# Triton's interpreter cuts bfloat16 off instead of rounding: up to 2⁻⁷ a value.
INTERPRETER_TOLERANCE = 8e-3
TUNING_REPLAYS = 8
# Candidates follow each other closely, so the device never falls idle between them.
TUNING_SETTLING_SECONDS = 0.03
# Rows on which candidates are compiled ahead.
COMPILE_ROWS = 256
ORACLE_ROWS = 2048


class WrongResultError(KernelError):
    """A kernel's result is off by more than rounding; it is never timed."""


@dataclass(frozen=True)
class Operands:
    """One product: weight (out, in), keep mask (out, in), x (batch, in), and y (batch, out) in float64."""

    weight: torch.Tensor
    mask: torch.Tensor
    x: torch.Tensor
    want: torch.Tensor
    prepare: Callable[[Packed], Packed]


def oracle(weight: torch.Tensor, mask: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Compute x (W ∘ M)ᵀ in float64, some rows at a time to spare memory."""
    x64 = x.double()
    parts = zip(weight.split(ORACLE_ROWS), mask.split(ORACLE_ROWS), strict=True)
    return torch.cat([x64 @ w.masked_fill(~m, 0).double().t() for w, m in parts], dim=1)


def check(kind: Format, packed: Packed, operands: Operands, launch: Config | None) -> float:
    """Relative error on a poisoned output; raises WrongResultError beyond rounding."""
    out = torch.full_like(operands.want, float("nan"), dtype=operands.x.dtype)
    kind.multiply(packed, operands.x, out, launch)
    error = difference(out, operands.want)
    if not error < (INTERPRETER_TOLERANCE if interpreting() else TOLERANCE):
        raise WrongResultError(f"{kind.name} {launch} is wrong: relative error {error:.2g}")
    return error


def difference(got: torch.Tensor, want: torch.Tensor) -> float:
    """Return ‖got − want‖ / ‖want‖, or ‖got‖ where nothing is wanted."""
    scale = want.double().norm()
    return float((got.double() - want.double()).norm() / (scale if scale > 0 else 1))


def fitting_launch(kind: Format, packed: Packed, batch: int, wanted: Config) -> Config:
    """Return `wanted` settings, or the default where they were tuned on a mask that needs less memory."""
    offered = kind.launches(packed, batch)
    return wanted if wanted in offered else offered[0]


def tune(
    kind: Format,
    operands: Operands,
    machine: Machine,
    report_progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Measure every layout and launch setting cold and return the fastest.

    Settings the device cannot run (too many registers, too little memory) are passed over; raises
    KernelError when none is left.
    """
    shape = (operands.weight.shape[0], operands.weight.shape[1])
    density = float(operands.mask.float().mean())
    layouts = list(kind.layouts(shape, density, operands.x.shape[0]))
    report_progress("compiling")
    _compile_ahead(kind, operands, layouts)
    best: Tuned | None = None
    failure = "no settings fit"
    for index, layout in enumerate(layouts):
        report_progress(f"tuning layout {index + 1} of {len(layouts)}")
        packed = operands.prepare(kind.pack(operands.weight, operands.mask, layout))
        try:
            for tuned in _timed_launches(kind, packed, operands, machine, layout):
                if best is None or tuned.latency_us < best.latency_us:
                    best = tuned
        except (RuntimeError, WrongResultError) as error:
            failure = first_line(error)
    if best is None:
        raise KernelError(f"{kind.name}: {failure}")
    return best


def _timed_launches(
    kind: Format, packed: Packed, operands: Operands, machine: Machine, layout: Config
) -> Iterator[Tuned]:
    copies = _copies(packed, machine)
    for launch in kind.launches(packed, operands.x.shape[0]):
        try:
            check(kind, packed, operands, launch)
            latency = _time(kind, copies, operands.x, launch, TUNING_REPLAYS, TUNING_SETTLING_SECONDS)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            # Triton refuses settings that need more registers or shared memory than there are.
            continue
        yield Tuned(dict(layout), dict(launch), latency.p50_us)


def _compile_ahead(kind: Format, operands: Operands, layouts: list[Config]) -> None:
    """Compile all candidates in parallel; what fails here fails again, and is told, in turn.

    A few rows do where a kernel's code does not depend on their number.
    """
    rows = None if kind.code_depends_on_rows else COMPILE_ROWS
    weight, mask = operands.weight[:rows], operands.mask[:rows]

    def work(job: tuple[Packed, Config]) -> None:
        torch.cuda.set_device(weight.device)
        with suppress(RuntimeError):
            kind.multiply(job[0], operands.x, None, job[1])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for layout in layouts:
            packed = operands.prepare(kind.pack(weight, mask, layout))
            for launch in kind.launches(packed, operands.x.shape[0]):
                pool.submit(work, (packed, launch))


def _copies(packed: Packed, machine: Machine) -> list[Packed]:
    count = buffer_count(packed.packed_bytes, machine.l2_bytes)
    copies = [packed, *(packed.copy() for _ in range(count - 1))]
    torch.cuda.synchronize(machine.device)
    return copies


def _time(
    kind: Format,
    copies: list[Packed],
    x: torch.Tensor,
    launch: Config,
    replays: int,
    settling_seconds: float = SETTLING_SECONDS,
) -> Latency:
    out = torch.empty(x.shape[0], copies[0].shape[0], dtype=x.dtype, device=x.device)
    calls = [lambda p=p: kind.multiply(p, x, out, launch) for p in copies]
    return time_calls(calls, replays, settling_seconds)


def time_cold_and_warm(
    kind: Format, packed: Packed, x: torch.Tensor, launch: Config, machine: Machine, replays: int
) -> dict[str, Latency]:
    """Latency over rotated copies (`cold`) and over one buffer again and again (`warm`)."""
    copies = _copies(packed, machine)
    return {
        "cold": _time(kind, copies, x, launch, replays),
        "warm": _time(kind, [packed] * len(copies), x, launch, replays),
    }


def time_copies(calls: list[Callable[[], object]], replays: int) -> dict[str, Latency]:
    """Latency of calls on copies of the same weights (`cold`), and of the first again and again (`warm`)."""
    return {"cold": time_calls(calls, replays), "warm": time_calls(calls[:1] * len(calls), replays)}


def time_dense(weight: torch.Tensor, x: torch.Tensor, machine: Machine, replays: int) -> dict[str, Latency]:
    """Best of torch.matmul and torch.nn.functional.linear, cold and warm."""
    count = buffer_count(weight.nbytes, machine.l2_bytes)
    copies = [weight, *(weight.clone() for _ in range(count - 1))]
    best: dict[str, Latency] = {}
    for cache, weights in {"cold": copies, "warm": [weight] * count}.items():
        calls = (
            [lambda w=w: torch.matmul(x, w.t()) for w in weights],
            [lambda w=w: torch.nn.functional.linear(x, w) for w in weights],
        )
        best[cache] = min((time_calls(call, replays) for call in calls), key=lambda latency: latency.p50_us)
    return best


def first_line(error: BaseException) -> str:
    """One line of an error's message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
