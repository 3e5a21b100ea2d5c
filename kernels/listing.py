"""What each format costs in bits, what it can hold, and whether this machine runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from kernels.formats import LIBRARY_NAMES, NAMES, get_format
from kernels.masks import random_mask
from kernels.plan import OWN_PATTERN

if TYPE_CHECKING:
    from kernels.device import Machine

SAMPLE_SHAPE = (256, 2048)


def describe_formats(machine: Machine) -> list[dict[str, Any]]:
    """One entry per format; bits per weight are those of a packed sample."""
    return [_describe(name, machine) for name in NAMES]


def _describe(name: str, machine: Machine) -> dict[str, Any]:
    if machine.reason is not None and name not in LIBRARY_NAMES:
        return {
            "format": name,
            "summary": "",
            "limits": "",
            "bits_per_weight": {},
            "runs_here": machine.reason,
        }
    kind = get_format(name)
    gpu = machine.device.type == "cuda"
    library = "yes" if gpu else "on the CPU, through PyTorch"
    triton = "yes" if gpu else "in Triton's interpreter only: correctness, no speed"
    pattern = OWN_PATTERN.get(name, "unstructured")
    sparsities = [0.5] if pattern == "2:4" else [0.5, 0.6, 0.7]
    return {
        "format": name,
        "summary": kind.summary,
        "limits": kind.limits,
        "bits_per_weight": {s: round(_bits(name, pattern, s), 2) for s in sparsities},
        "runs_here": library if name in LIBRARY_NAMES else triton,
    }


def _bits(name: str, pattern: str, sparsity: float) -> float:
    generator = torch.Generator().manual_seed(0)
    drawn = pattern if pattern in {"2:4", "block"} else "unstructured"
    mask = random_mask(SAMPLE_SHAPE, sparsity, drawn, generator)
    weight = torch.randn(SAMPLE_SHAPE, generator=generator).bfloat16()
    return get_format(name).pack(weight, mask).bits_per_weight
