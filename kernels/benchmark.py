"""The benchmark: every format, shape, sparsity and batch asked for, a row each for cold and warm caches."""
# ruff: noqa: PLR0917 - a product has more sizes than five.

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch

from kernels.errors import KernelError
from kernels.formats import LIBRARY_NAMES, get_format
from kernels.interpreting import INTERPRETED_ROWS
from kernels.masks import Case, random_mask
from kernels.measuring import (
    Operands,
    check,
    first_line,
    fitting_launch,
    oracle,
    time_cold_and_warm,
    time_dense,
    tune,
)
from kernels.tuning import Problem, Tuned, TuningStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kernels.device import Machine
    from kernels.formats.base import Format, Packed
    from kernels.roofline import Roofline
    from kernels.shapes import Shape
    from kernels.timing import Latency

Row = dict[str, Any]

COLUMNS = (
    "device", "kernel", "variant", "out_features", "in_features", "batch", "dtype", "sparsity", "pattern",
    "mask_source", "latency_us_p20", "latency_us_p50", "latency_us_p80", "dense_latency_us_p50", "speedup",
    "bytes_moved", "achieved_gbps", "limit_fraction", "packed_bytes", "bits_per_weight", "relative_error",
    "cache", "torch_version", "triton_version", "measured_at", "error",
)  # fmt: skip
# The pattern each format is measured on; the others take unstructured masks.
OWN_PATTERN = {"dense": "dense", "nm": "2:4", "bsr": "block", "activation": "activation"}
SEED = 0


@dataclass(frozen=True)
class Job:
    """One product to measure."""

    kernel: str
    case: Callable[[], Case]
    problem: Problem
    mask_source: str


@dataclass
class Plan:
    """What to measure; `masks` replace random ones."""

    shapes: list[Shape]
    formats: list[str]
    sparsities: list[float]
    batches: list[int]
    dtype: torch.dtype = torch.bfloat16
    masks: list[Case] = field(default_factory=list)
    replays: int = 20
    retune: bool = False

    def jobs(self, device: torch.device) -> list[Job]:
        """List all products; masks are drawn only when their turn comes."""
        found: list[Job] = []
        cases = [(c, c.shape) for c in self.masks] or [(None, s) for s in self.shapes]
        for given, shape in cases:
            for kernel in self.formats:
                if given is not None:
                    found += self._given(kernel, given)
                else:
                    found += self._random(kernel, (shape[0], shape[1]), device)
        return found

    def _random(self, kernel: str, shape: tuple[int, int], device: torch.device) -> Iterator[Job]:
        pattern = OWN_PATTERN.get(kernel, "unstructured")
        sparsities = {"dense": [0.0], "2:4": [0.5]}.get(pattern, self.sparsities)
        rows = shape[0] if device.type != "cpu" else min(shape[0], INTERPRETED_ROWS)
        for sparsity in sparsities:
            case = partial(_draw, (rows, shape[1]), sparsity, pattern, device)
            yield from self._batched(kernel, case, shape, pattern, sparsity, "random")

    def _given(self, kernel: str, case: Case) -> Iterator[Job]:
        fits = kernel != "nm" or case.pattern == "2:4"
        if fits and kernel != "activation":
            yield from self._batched(
                kernel, lambda: case, case.shape, case.pattern, case.sparsity, case.source
            )

    def _batched(
        self,
        kernel: str,
        case: Callable[[], Case],
        shape: tuple[int, int],
        pattern: str,
        sparsity: float,
        source: str,
    ) -> Iterator[Job]:
        dtype = str(self.dtype).removeprefix("torch.")
        most = get_format(kernel).max_batch
        for batch in self.batches:
            if batch <= most:
                problem = Problem(kernel, *shape, batch, dtype, pattern, round(sparsity, 4))
                yield Job(kernel, case, problem, source)


def _draw(shape: tuple[int, int], sparsity: float, pattern: str, device: torch.device) -> Case:
    generator = torch.Generator(device=device).manual_seed(SEED)
    if pattern in {"dense", "activation"}:
        mask = torch.ones(shape, dtype=torch.bool, device=device)
    else:
        mask = random_mask(shape, sparsity, pattern, generator)
    return Case(mask, pattern, sparsity, "random")


class Benchmark:
    """Measures jobs on one machine and makes rows of them."""

    def __init__(self, plan: Plan, machine: Machine, roofline: Roofline | None) -> None:
        self.plan = plan
        self.machine = machine
        self.roofline = roofline
        self.store = TuningStore(machine)
        self._dense: dict[tuple[int, int, int], dict[str, Latency]] = {}

    def rows(self, job: Job, report_progress: Callable[[str], None] = lambda _: None) -> list[Row]:
        """Measure one job; anything that goes wrong becomes the error of a row without times.

        `report_progress` is told how far tuning is.
        """
        try:
            if self.machine.device.type == "cpu":
                return [self._interpreted(job)]
            return self._measured(job, report_progress)
        except (KernelError, RuntimeError) as error:
            torch.cuda.empty_cache()
            return [self._row(job, error=first_line(error), cache="cold")]

    def _operands(self, job: Job, rows: int | None = None) -> Operands:
        case = job.case()
        mask = case.mask[:rows].to(self.machine.device)
        generator = torch.Generator(device=mask.device).manual_seed(SEED + 1)
        noise = partial(torch.randn, generator=generator, device=mask.device, dtype=self.plan.dtype)
        weight = (
            noise(mask.shape) if case.weight is None else case.weight[:rows].to(mask.device, self.plan.dtype)
        )
        x = noise(job.problem.batch, mask.shape[1])
        if job.kernel != "activation":
            return Operands(weight, mask, x, oracle(weight, mask, x), lambda packed: packed)
        magnitude = x.float().abs()
        threshold = float(
            magnitude.flatten().kthvalue(max(1, round(x.numel() * job.problem.sparsity))).values
        )
        kept = x.masked_fill(magnitude <= threshold, 0)
        active = float((kept != 0).float().mean())
        return Operands(
            weight, mask, x, oracle(weight, mask, kept), partial(_set_threshold, threshold, active)
        )

    def _interpreted(self, job: Job) -> Row:
        operands = self._operands(job, INTERPRETED_ROWS)
        kind = get_format(job.kernel)
        packed = operands.prepare(kind.pack(operands.weight, operands.mask))
        error = check(kind, packed, operands, None)
        return self._row(job, packed=packed, relative_error=error, cache="cold")

    def _measured(self, job: Job, report_progress: Callable[[str], None]) -> list[Row]:
        operands = self._operands(job)
        kind = get_format(job.kernel)
        tuned = self._settings(kind, job.problem, operands, report_progress)
        packed = operands.prepare(kind.pack(operands.weight, operands.mask, tuned.layout))
        launch = fitting_launch(kind, packed, job.problem.batch, tuned.launch)
        error = check(kind, packed, operands, launch)
        times = time_cold_and_warm(kind, packed, operands.x, launch, self.machine, self.plan.replays)
        dense = self._dense_times(operands)
        moved = kind.bytes_moved(packed, job.problem.batch)
        variant = " ".join(f"{k}={v}" for k, v in (tuned.layout | launch).items())
        return [
            self._row(
                job, packed=packed, relative_error=error, variant=variant or None, cache=cache,
                **self._times(times[cache], dense[cache], moved),
            )
            for cache in ("cold", "warm")
        ]  # fmt: skip

    def _settings(
        self, kind: Format, problem: Problem, operands: Operands, report_progress: Callable[[str], None]
    ) -> Tuned:
        found = None if self.plan.retune else self.store.find(problem)
        if found is None:
            found = tune(kind, operands, self.machine, report_progress)
            self.store.keep(problem, found)
        return found

    def _dense_times(self, operands: Operands) -> dict[str, Latency]:
        key = (operands.weight.shape[0], operands.weight.shape[1], operands.x.shape[0])
        if key not in self._dense:
            self._dense[key] = time_dense(operands.weight, operands.x, self.machine, self.plan.replays)
        return self._dense[key]

    def _times(self, latency: Latency, dense: Latency, moved: int) -> Row:
        achieved = moved / latency.p50_us / 1e3
        return {
            "latency_us_p20": round(latency.p20_us, 3),
            "latency_us_p50": round(latency.p50_us, 3),
            "latency_us_p80": round(latency.p80_us, 3),
            "dense_latency_us_p50": round(dense.p50_us, 3),
            "speedup": round(dense.p50_us / latency.p50_us, 4),
            "bytes_moved": moved,
            "achieved_gbps": round(achieved, 1),
            "limit_fraction": round(achieved / self.roofline.limit_gbps, 4) if self.roofline else None,
        }

    def _row(self, job: Job, packed: Packed | None = None, **values: Any) -> Row:
        problem = job.problem
        row: Row = dict.fromkeys(COLUMNS)
        row |= {
            "device": self.machine.name, "kernel": job.kernel, "out_features": problem.out_features,
            "in_features": problem.in_features, "batch": problem.batch, "dtype": problem.dtype,
            "sparsity": problem.sparsity, "pattern": problem.pattern, "mask_source": job.mask_source,
            "torch_version": torch.__version__, "triton_version": _triton_version(),
            "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        }  # fmt: skip
        if packed is not None:
            row |= {"packed_bytes": packed.packed_bytes, "bits_per_weight": round(packed.bits_per_weight, 4)}
        return row | values


def _set_threshold(threshold: float, active: float, packed: Packed) -> Packed:
    from kernels.formats.activation.format import Activation  # noqa: PLC0415 - needs Triton

    return Activation().with_threshold(packed, threshold, active)


def _triton_version() -> str | None:
    try:
        return version("triton")
    except PackageNotFoundError:
        return None


def runnable_formats(machine: Machine, names: list[str]) -> list[str]:
    """Keep the formats this machine can run: without Triton, or on an old GPU, those of the libraries."""
    return [name for name in names if machine.reason is None or name in LIBRARY_NAMES]
