"""The benchmark: every format, shape, sparsity and batch asked for, a row each for cold and warm caches."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch

from kernels.errors import KernelError
from kernels.formats import get_format
from kernels.formats.values import get_codec
from kernels.interpreting import INTERPRETED_ROWS
from kernels.measuring import (
    Operands,
    WrongResultError,
    check,
    difference,
    first_line,
    fitting_launch,
    oracle,
    time_cold_and_warm,
    time_copies,
    time_dense,
    tune,
)
from kernels.timing import buffer_count
from kernels.tuning import Problem, Tuned, TuningStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernels.device import Machine
    from kernels.formats.base import Format, Packed
    from kernels.plan import Job, Plan
    from kernels.rivals import Rival
    from kernels.roofline import Roofline
    from kernels.timing import Latency

Row = dict[str, Any]

COLUMNS = (
    "device", "kernel", "value_format", "variant", "out_features", "in_features", "batch", "dtype",
    "sparsity", "pattern", "mask_source", "latency_us_p20", "latency_us_p50", "latency_us_p80",
    "dense_latency_us_p50", "speedup", "bytes_moved", "achieved_gbps", "limit_fraction", "packed_bytes",
    "bits_per_weight", "relative_error", "cache", "torch_version", "triton_version", "measured_at", "error",
)  # fmt: skip
SEED = 0


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
            if job.rival is not None:
                return self._rival(job, job.rival)
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
            stored = _stored(job, weight, mask)
            return Operands(weight, mask, x, oracle(stored, mask, x), lambda packed: packed)
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
        kind = get_format(job.kernel, job.problem.value_format)
        packed = operands.prepare(kind.pack(operands.weight, operands.mask))
        error = check(kind, packed, operands, None)
        return self._row(job, packed=packed, relative_error=error, cache="cold")

    def _measured(self, job: Job, report_progress: Callable[[str], None]) -> list[Row]:
        operands = self._operands(job)
        kind = get_format(job.kernel, job.problem.value_format)
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

    def _rival(self, job: Job, rival: Rival) -> list[Row]:
        """Check and time another library's dense product; what it stores is rounded by its own rules."""
        operands = self._operands(replace(job, problem=replace(job.problem, value_format="16")))
        first = rival.prepare(operands.weight, operands.x)
        error = difference(first.call(), operands.want)
        if not error < rival.tolerance:
            raise WrongResultError(f"{rival.label} is wrong: relative error {error:.2g}")
        count = buffer_count(first.packed_bytes, self.machine.l2_bytes)
        prepared = [first, *(rival.prepare(operands.weight, operands.x) for _ in range(count - 1))]
        rows, columns = operands.weight.shape
        moved = first.packed_bytes + 2 * job.problem.batch * (rows + columns)
        times = time_copies([one.call for one in prepared], self.plan.replays)
        dense = self._dense_times(operands)
        return [
            self._row(
                job, relative_error=error, variant=rival.label, cache=cache, packed_bytes=first.packed_bytes,
                bits_per_weight=round(8 * first.packed_bytes / (rows * columns), 4),
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
            "device": self.machine.name, "kernel": job.kernel,
            "value_format": problem.value_format, "out_features": problem.out_features,
            "in_features": problem.in_features, "batch": problem.batch, "dtype": problem.dtype,
            "sparsity": problem.sparsity, "pattern": problem.pattern, "mask_source": job.mask_source,
            "torch_version": torch.__version__, "triton_version": _triton_version(),
            "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        }  # fmt: skip
        if packed is not None:
            row |= {"packed_bytes": packed.packed_bytes, "bits_per_weight": round(packed.bits_per_weight, 4)}
        return row | values


def _stored(job: Job, weight: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Weights as the job's values store them; raises WrongResultError where they are not even near."""
    name = job.problem.value_format
    if name == "16":
        return weight
    kind = get_format(job.kernel, name)
    stored = kind.unpack(kind.pack(weight, mask))
    rounding = difference(stored, weight.masked_fill(~mask, 0))
    if not rounding < get_codec(name).tolerance:
        raise WrongResultError(f"{kind.name} stores {name} values wrongly: they are off by {rounding:.2g}")
    return stored


def _set_threshold(threshold: float, active: float, packed: Packed) -> Packed:
    from kernels.formats.activation.format import Activation  # noqa: PLC0415 - needs Triton

    return Activation().with_threshold(packed, threshold, active)


def _triton_version() -> str | None:
    try:
        return version("triton")
    except PackageNotFoundError:
        return None
