"""The memory bandwidth a device really gives: the limit every kernel is held against."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.timing import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernels.device import Machine

# Far beyond any cache, small beside any memory these kernels are for.
BUFFER_BYTES = 1 << 31
REPEATS = 10


@dataclass(frozen=True)
class Roofline:
    """Bandwidths in gigabytes (10⁹ bytes) a second; a copy counts bytes read plus bytes written."""

    device: str
    copy_gbps: float
    read_gbps: float

    @property
    def limit_gbps(self) -> float:
        """The higher of the two: what a kernel that only reads could reach."""
        return max(self.copy_gbps, self.read_gbps)


def measure_roofline(machine: Machine) -> Roofline:
    """Time copies of, and a maximum over, a buffer of 2 GiB; on a CPU 64 MiB."""
    size = BUFFER_BYTES if machine.device.type == "cuda" else BUFFER_BYTES >> 5
    source = torch.ones(size // 4, dtype=torch.int32, device=machine.device)
    target = torch.empty_like(source)
    clock = _cuda_seconds if machine.device.type == "cuda" else _cpu_seconds
    copy = 2 * source.nbytes / clock(lambda: target.copy_(source)) / 1e9
    read = source.nbytes / clock(source.max) / 1e9
    return Roofline(machine.name, copy, read)


def _cuda_seconds(work: Callable[[], object]) -> float:
    settle(work)
    times = []
    for _ in range(REPEATS):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def _cpu_seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
