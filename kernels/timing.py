"""Device time of a call: a CUDA graph over rotated buffers, so that no launch and no cache flatters it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WARM_UPS = 3
# Buffers are rotated until they exceed the L2 cache this many times, so every read comes from memory.
L2_MULTIPLE = 4


@dataclass(frozen=True)
class Latency:
    """20th, 50th and 80th percentile of the time of one call, in microseconds."""

    p20_us: float
    p50_us: float
    p80_us: float


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


def time_calls(calls: Sequence[Callable[[], object]], replays: int) -> Latency:
    """Time `replays` replays of a graph of all calls; each replay gives the mean time of one call."""
    graph = capture(calls)
    for _ in range(WARM_UPS):
        graph.replay()
    times = []
    for _ in range(replays):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1e3 / len(calls))
    cuts = statistics.quantiles(times, n=10, method="inclusive")
    return Latency(cuts[1], cuts[4], cuts[7])
