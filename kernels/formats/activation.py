"""Activation: weights stay dense by input, and inputs with a small |x| are skipped at run time.

    y = Σ over inputs c with |x_c| > threshold: x_c · W[:, c]

    values [input][output]   16 bits: one input's weights are contiguous, so skipping it skips its bytes

Bytes = 2 · out · in stored; a call moves only the active inputs' share (TEAL, arXiv 2408.14690). The
threshold comes from the model's activations (`activation_thresholds` in the warehouse). A program owns some
outputs and all inputs, so the sum over inputs needs neither atomics nor a second pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from kernels.device import programmatic_launch
from kernels.formats.activation_kernels import activation_kernel
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect
from kernels.formats.launching import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class PackedActivation(Packed):
    """`values` (in, out); inputs with |x| ≤ `threshold` are skipped; a share `active` is expected to stay."""

    values: torch.Tensor
    threshold: float = 0.0
    active: float = 1.0


class Activation(Format):
    """Dynamic sparsity of x."""

    name = "activation"
    summary = "weights dense by input; inputs under a threshold skipped at run time"
    limits = "any shape; gains from small activations, not from the weight mask; batch 1"
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedActivation:
        """Transpose; the threshold starts at 0, which skips only exact zeros of x."""
        del layout
        kept = weight.masked_fill(~mask, 0)
        return PackedActivation((weight.shape[0], weight.shape[1]), weight.dtype, kept.t().contiguous())

    def with_threshold(self, packed: Packed, threshold: float, active: float) -> PackedActivation:
        """Skip inputs with |x| ≤ `threshold`, of which a share `active` is expected to stay."""
        return replace(expect(packed, PackedActivation), threshold=threshold, active=active)

    def entries(self, packed: Packed) -> Entries:
        """List the entries that are not zero."""
        packed = expect(packed, PackedActivation)
        columns, rows = packed.values.nonzero(as_tuple=True)
        return Entries(rows, columns, packed.values[columns, rows])

    def reference(self, packed: Packed, x: torch.Tensor) -> torch.Tensor:
        """As the base class, on x with its small entries set to zero."""
        small = x.float().abs() <= expect(packed, PackedActivation).threshold
        return super().reference(packed, x.masked_fill(small, 0))

    def bytes_moved(self, packed: Packed, batch: int) -> int:
        """Count the active inputs' weights, x and y."""
        packed = expect(packed, PackedActivation)
        return int(packed.packed_bytes * packed.active) + 2 * batch * sum(packed.shape)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run strips of outputs; settings: `outputs`, `inputs`, `warps`, `pdl`."""
        packed = expect(packed, PackedActivation)
        pdl = bool(launch["pdl"]) and programmatic_launch(packed.device)
        start(
            activation_kernel, ceil_div(packed.shape[0], launch["outputs"]),
            packed.values, x, out, *packed.shape, packed.threshold,
            INPUTS=launch["inputs"], OUTPUTS=launch["outputs"], PDL=pdl, num_warps=launch["warps"], early=pdl,
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Narrow strips of outputs give every multiprocessor a program."""
        del packed, batch
        sizes = (
            (32, 512, 16), (32, 256, 16), (32, 1024, 16), (32, 256, 8), (32, 512, 8), (64, 256, 16),
            (64, 512, 16), (64, 128, 8), (64, 256, 8), (16, 1024, 16), (16, 512, 16), (32, 1024, 32),
            (64, 512, 32), (32, 512, 32),
        )  # fmt: skip
        names = ("outputs", "inputs", "warps")
        return [dict(zip(names, values, strict=True)) | {"pdl": 1} for values in sizes]
