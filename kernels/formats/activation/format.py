"""Activation: weights stay dense by input, and inputs with a small |x| are skipped at run time.

    y = Σ over inputs c with |x_c| > threshold: x_c · W[:, c]

    values [input][output]   16 bits: one input's weights are contiguous, so skipping it skips its bytes

Bytes = 2 · in · ⌈out/8⌉·8 stored, and 4 · strips of counters; a call moves only the active inputs' share
(TEAL, arXiv 2408.14690). The threshold comes from the model's activations (`activation_thresholds` in the
warehouse). A program first lists its active inputs, then reads their weights for a strip of outputs. The
inputs may be split among programs; then the last program of a strip adds the partial sums in a fixed order,
so that results do not depend on which one is last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from kernels.device import inline_ptx, programmatic_launch
from kernels.errors import PackingError
from kernels.formats.activation.kernel import activation_kernel, activation_plain_kernel
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect, next_power_of_2
from kernels.formats.gpu.launching import start
from kernels.formats.gpu.ptx import STAGED_BYTES, WARP, WORD_BYTES, reserve_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NARROWEST_STRIP = 32
# A thread holds 8 outputs, so that a read of a warp is 512 bytes.
WARP_OUTPUTS = 8 * WARP
# Triton reads several values at once where it sees that a stride is a multiple of this.
INPUTS_A_READ = 16
# Programs a strip, whose sums the last one adds at once.
MOST_SPLITS = 64


@dataclass(frozen=True)
class PackedActivation(Packed):
    """`values` (in, ⌈out/8⌉·4) int32, two outputs a word.

    Inputs with |x| ≤ `threshold` are skipped; a share `active` is expected to stay. `arrivals` counts the
    programs of each strip that are done and is zero between calls: calls on one packed matrix must follow
    each other in stream order.
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
    code_depends_on_rows = True

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedActivation:
        """Transpose; the threshold starts at 0, which skips only exact zeros of x."""
        del layout
        rows, columns = weight.shape
        if columns * ceil_div(rows, 8) * 4 >= 2**31:
            raise PackingError("activation numbers its words with 31 bits: split the matrix by rows")
        kept = torch.nn.functional.pad(weight.masked_fill(~mask, 0).t(), (0, -rows % 8))
        strips = ceil_div(rows, NARROWEST_STRIP)
        arrivals = torch.zeros(strips, dtype=torch.int32, device=weight.device)
        values = kept.contiguous().view(torch.int32)
        return PackedActivation((rows, columns), weight.dtype, values, arrivals)

    def with_threshold(self, packed: Packed, threshold: float, active: float) -> PackedActivation:
        """Skip inputs with |x| ≤ `threshold`, of which a share `active` is expected to stay."""
        return replace(expect(packed, PackedActivation), threshold=threshold, active=active)

    def entries(self, packed: Packed) -> Entries:
        """List the entries that are not zero."""
        packed = expect(packed, PackedActivation)
        values = packed.values.view(packed.dtype)
        columns, rows = values.nonzero(as_tuple=True)
        return Entries(rows, columns, values[columns, rows])

    def reference(self, packed: Packed, x: torch.Tensor) -> torch.Tensor:
        """As the base class, on x with its small entries set to zero."""
        small = x.float().abs() <= expect(packed, PackedActivation).threshold
        return super().reference(packed, x.masked_fill(small, 0))

    def bytes_moved(self, packed: Packed, batch: int) -> int:
        """Count the active inputs' weights, x and y."""
        packed = expect(packed, PackedActivation)
        return int(packed.packed_bytes * packed.active) + 2 * batch * sum(packed.shape)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run about `programs` programs of `warps` warps, whose groups take `rows` × `outputs` at a time."""
        packed = expect(packed, PackedActivation)
        rows, columns = packed.shape
        strips = ceil_div(rows, launch["outputs"])
        groups = launch["warps"] * WARP_OUTPUTS // launch["outputs"]
        share = _inputs_a_group(columns, groups, min(ceil_div(launch["programs"], strips), MOST_SPLITS))
        splits = ceil_div(columns, share * groups)
        partial = torch.empty(splits if splits > 1 else 0, rows, dtype=torch.float32, device=x.device)
        operands = (packed.values, x, out, partial, packed.arrivals, rows, columns, packed.values.shape[1])
        settings: dict[str, Any] = {
            "GROUPS": groups, "ROWS": launch["rows"], "OUTPUTS": launch["outputs"],
            "SPLITS": next_power_of_2(splits), "BF16": packed.dtype == torch.bfloat16,
            "num_warps": launch["warps"],
        }  # fmt: skip
        if not inline_ptx(packed.device):
            sizes = (packed.threshold, share * groups, splits)
            start(activation_plain_kernel, strips * splits, *operands, *sizes, **settings)
            return
        pdl = launch["pdl"] if programmatic_launch(packed.device) else 0
        start(
            activation_kernel, strips * splits, *operands, packed.threshold, share, splits,
            LENGTH=next_power_of_2(share), PDL=pdl, RESERVE=reserve_text(WORD_BYTES * groups * share),
            early=pdl > 0, **settings,
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Wide strips make long reads, many programs short waits."""
        del packed, batch
        sizes = (
            (16, 4, 64, 132), (8, 8, 64, 132), (16, 2, 256, 528), (8, 2, 128, 528), (16, 4, 64, 528),
            (16, 4, 128, 132), (8, 4, 256, 264), (4, 4, 64, 528), (8, 4, 32, 132), (8, 4, 128, 264),
        )  # fmt: skip
        names = ("rows", "warps", "outputs", "programs")
        return [dict(zip(names, values, strict=True)) | {"pdl": pdl} for values in sizes for pdl in (1, 2)]


def _inputs_a_group(columns: int, groups: int, splits: int) -> int:
    """Deal the inputs to the groups of `splits` programs, whole reads of x each, as the memory allows."""
    most = STAGED_BYTES // WORD_BYTES // groups // INPUTS_A_READ * INPUTS_A_READ
    return min(ceil_div(columns, splits * groups * INPUTS_A_READ) * INPUTS_A_READ, most)
