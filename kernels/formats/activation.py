"""Activation: weights stay dense by input, and inputs with a small |x| are skipped at run time.

    y = Σ over inputs c with |x_c| > threshold: x_c · W[:, c]

    values [input][output]   16 bits: one input's weights are contiguous, so skipping it skips its bytes

Bytes = 2 · out · in stored, and 4 · strips of counters; a call moves only the active inputs' share (TEAL,
arXiv 2408.14690). The threshold comes from the model's activations (`activation_thresholds` in the
warehouse). A warp reads one input's weights for a strip of outputs, so that a skipped input costs no warp
any waiting; the inputs are split among programs, and the last program of a strip adds the partial sums in a
fixed order, so results do not depend on which one is last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from kernels.device import programmatic_launch
from kernels.formats.activation_kernels import activation_kernel
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect, next_power_of_2
from kernels.formats.launching import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NARROWEST_STRIP = 64
# Partial sums that the last program of a strip adds at once.
MOST_PARTIAL_SUMS = 1 << 14


@dataclass(frozen=True)
class PackedActivation(Packed):
    """`values` (in, out); inputs with |x| ≤ `threshold` are skipped; a share `active` is expected to stay.

    `arrivals` counts the programs of each strip that are done and is zero between calls: calls on one packed
    matrix must follow each other in stream order.
    """

    values: torch.Tensor
    arrivals: torch.Tensor
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
        strips = ceil_div(weight.shape[0], NARROWEST_STRIP)
        arrivals = torch.zeros(strips, dtype=torch.int32, device=weight.device)
        shape = (weight.shape[0], weight.shape[1])
        return PackedActivation(shape, weight.dtype, kept.t().contiguous(), arrivals)

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
        """Run about `programs` programs of `warps` warps, `outputs` wide, `rows` inputs a warp at a time."""
        packed = expect(packed, PackedActivation)
        pdl = bool(launch["pdl"]) and programmatic_launch(packed.device)
        rows, columns = packed.shape
        strips = ceil_div(rows, launch["outputs"])
        together = launch["rows"] * launch["warps"]
        most = min(ceil_div(columns, together), MOST_PARTIAL_SUMS // launch["outputs"])
        chunk = ceil_div(ceil_div(columns, min(most, ceil_div(launch["programs"], strips))), together) * together
        splits = ceil_div(columns, chunk)
        partial = torch.empty(splits if splits > 1 else 0, rows, dtype=torch.float32, device=x.device)
        start(
            activation_kernel, strips * splits,
            packed.values, x, out, partial, packed.arrivals, rows, columns, packed.threshold, chunk, splits,
            ROWS=launch["rows"], WARPS=launch["warps"], OUTPUTS=launch["outputs"],
            SPLITS=next_power_of_2(splits), PDL=pdl, num_warps=launch["warps"], early=pdl,
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Wide strips make long reads, many programs short waits."""
        del packed, batch
        sizes = (
            (8, 8, 256, 528), (8, 8, 256, 264), (4, 8, 256, 528), (16, 8, 256, 264), (16, 4, 256, 528),
            (8, 4, 256, 1056), (8, 4, 256, 528), (8, 16, 256, 264), (4, 8, 512, 264), (8, 8, 128, 528),
            (8, 8, 256, 1056), (4, 8, 256, 1056),
        )  # fmt: skip
        names = ("rows", "warps", "outputs", "programs")
        return [dict(zip(names, values, strict=True)) | {"pdl": 1} for values in sizes]
