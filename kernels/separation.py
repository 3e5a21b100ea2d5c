"""Does clustering the inputs pay? Block skipping on masks of known separation, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from kernels.formats import get_format
from kernels.formats.bsr.clustered import Clustered, cluster_inputs
from kernels.formats.bsr.format import PackedBSR
from kernels.masks import Case, planted_mask, separation_ratio
from kernels.measuring import Operands, check, oracle, time_cold_and_warm, time_dense, tune

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernels.device import Machine
    from kernels.shapes import Shape

CLUSTERS = 16
# Shares of flipped bits: separation ratios from infinite through 83, 25, 8.6, 2.8 and 1.3 to none at all.
FLIPS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5)
KERNELS = ("clustered", "csr", "sell")
REPLAYS = 20


def measure_separation(machine: Machine, shapes: list[Shape], masks: list[Case]) -> Iterator[dict[str, Any]]:
    """Yield a row per mask: separation ratio, block occupancy, on a GPU the latency of each kernel and dense.

    Masks given are clustered by k-means; planted ones know their clusters, and the packing finds its own.
    """
    for case in masks:
        mask = case.mask.to(machine.device)
        labels = cluster_inputs(mask, CLUSTERS)
        yield {"mask": case.name, "flips": None} | _measure(machine, mask, labels)
    if masks:
        return
    for shape in shapes:
        for flips in FLIPS:
            generator = torch.Generator(device=machine.device).manual_seed(0)
            mask, labels = planted_mask((shape[0], shape[1]), CLUSTERS, flips, generator)
            yield {"mask": "planted", "flips": flips} | _measure(machine, mask, labels)


def _measure(machine: Machine, mask: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
    ratio = separation_ratio(mask, labels)
    row: dict[str, Any] = {
        "device": machine.name, "out_features": mask.shape[0], "in_features": mask.shape[1],
        "separation_ratio": round(ratio, 2) if ratio < float("inf") else None,
    }  # fmt: skip
    generator = torch.Generator(device=mask.device).manual_seed(1)
    weight = torch.randn(mask.shape, generator=generator, device=mask.device, dtype=torch.bfloat16)
    x = torch.randn(1, mask.shape[1], generator=generator, device=mask.device, dtype=torch.bfloat16)
    for layout in Clustered().layouts((mask.shape[0], mask.shape[1]), 0.5, 1):
        packed = Clustered().pack(weight, mask, layout)
        if isinstance(packed, PackedBSR):
            row[f"occupancy_{layout['block_rows']}x{layout['block_columns']}"] = round(packed.occupancy, 4)
    if machine.device.type == "cuda":
        row |= _latencies(machine, Operands(weight, mask, x, oracle(weight, mask, x), lambda packed: packed))
    return row


def _latencies(machine: Machine, operands: Operands) -> dict[str, float]:
    """Cold median latencies in microseconds."""
    dense = time_dense(operands.weight, operands.x, machine, REPLAYS)["cold"]
    found = {"dense_us": round(dense.p50_us, 2)}
    for name in KERNELS:
        kind = get_format(name)
        best = tune(kind, operands, machine)
        packed = kind.pack(operands.weight, operands.mask, best.layout)
        check(kind, packed, operands, best.launch)
        times = time_cold_and_warm(kind, packed, operands.x, best.launch, machine, REPLAYS)
        found[f"{name}_us"] = round(times["cold"].p50_us, 2)
    return found
