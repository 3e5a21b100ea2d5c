"""Device time of a call: a CUDA graph over rotated buffers, so that no launch and no cache flatters it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# An idle GPU needs some work before it runs at full speed: on an H100 dense, N:M and SELL products were seen
# 15 to 20 % slower for 10 to 60 ms, while others were not.
SETTLING_SECONDS = 0.1
REPEATS_AT_ONCE = 8
# Undisturbed replays differ by 2 to 5 %. Other work on the machine can widen that; then they are repeated.
STEADY_SPREAD = 0.15
MOST_ATTEMPTS = 3
# Buffers are rotated until they exceed the L2 cache this many times, so every read comes from memory.
L2_MULTIPLE = 4


@dataclass(frozen=True)
class Latency:
    """20th, 50th and 80th percentile of the time of one call, in microseconds."""

    p20_us: float
    p50_us: float
    p80_us: float

    @property
    def spread(self) -> float:
        """From the 20th to the 80th percentile, as a share of the median."""
        return (self.p80_us - self.p20_us) / self.p50_us


def buffer_count(bytes_each: int, l2_bytes: int) -> int:
    """Count the copies to rotate so that none is still in L2 when its turn comes again."""
    return max(2, -(-L2_MULTIPLE * l2_bytes // max(bytes_each, 1)))


def capture(calls: Sequence[Callable[[], object]]) -> torch.cuda.CUDAGraph:
    """Record the calls, each run once before, as one graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for call in calls:
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for call in calls:
            call()
    return graph


def settle(work: Callable[[], object], seconds: float = SETTLING_SECONDS) -> None:
    """Repeat some work until the device has been at it for some time."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(REPEATS_AT_ONCE):
            work()
        torch.cuda.synchronize()


def steadiest(measure: Callable[[], Latency]) -> Latency:
    """Measure, again where a wide spread shows a disturbance, and return the narrowest."""
    found = measure()
    for _ in range(MOST_ATTEMPTS - 1):
        if found.spread <= STEADY_SPREAD:
            break
        found = min(found, measure(), key=lambda latency: latency.spread)
    return found


def time_calls(
    calls: Sequence[Callable[[], object]], replays: int, settling_seconds: float = SETTLING_SECONDS
) -> Latency:
    """Time `replays` replays of a graph of all calls; each replay gives the mean time of one call."""
    graph = capture(calls)
    settle(graph.replay, settling_seconds)
    return steadiest(lambda: _time_replays(graph, replays, len(calls)))


def _time_replays(graph: torch.cuda.CUDAGraph, replays: int, calls: int) -> Latency:
    times = []
    for _ in range(replays):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1e3 / calls)
    cuts = statistics.quantiles(times, n=10, method="inclusive")
    return Latency(cuts[1], cuts[4], cuts[7])
