"""CSR: the general sparse format of the vendor's library (cuSPARSE), as a baseline.

    y_r = Σ_{i = offsets[r]}^{offsets[r+1]-1} values[i] · x[columns[i]]

    offsets [row]   int32        columns [entry]   int32        values [entry]   16 bits

Bytes = 6 · kept + 4 · (out + 1): 24 bits per weight at 50 %, more than dense.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.formats.base import Entries, Format, Packed, expect, running_totals

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PackedCSR(Packed):
    """`offsets` (out + 1,), `columns` and `values` (kept,)."""

    offsets: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor

    def matrix(self) -> torch.Tensor:
        """View the parts as PyTorch's sparse matrix, without its notices of a beta and of unchecked parts."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            warnings.filterwarnings("ignore", "Sparse invariant checks are implicitly disabled")
            return torch.sparse_csr_tensor(
                self.offsets, self.columns, self.values, size=self.shape, check_invariants=False
            )


class CSR(Format):
    """Unstructured sparsity through cuSPARSE."""

    name = "csr"
    summary = "compressed rows, 32-bit columns: cuSPARSE"
    limits = "any mask and shape; batch 1, as the library's 16-bit product for more is off by 1 %"
    needs_triton = False
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedCSR:
        """Store kept entries row by row."""
        del layout
        rows, columns = mask.nonzero(as_tuple=True)
        counts = torch.bincount(rows, minlength=weight.shape[0])
        offsets = running_totals(counts).int()
        shape = (weight.shape[0], weight.shape[1])
        return PackedCSR(shape, weight.dtype, offsets, columns.int(), weight[rows, columns])

    def entries(self, packed: Packed) -> Entries:
        """Repeat each row by its count."""
        packed = expect(packed, PackedCSR)
        rows = torch.repeat_interleave(packed.offsets.long().diff())
        return Entries(rows, packed.columns.long(), packed.values)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Multiply by PyTorch's sparse product; the CPU has none for 16 bits and takes float32."""
        del launch
        packed = expect(packed, PackedCSR)
        if packed.device.type == "cpu":
            out.copy_((packed.matrix().float() @ x.float().t()).t())
        else:
            torch.mv(packed.matrix(), x[0], out=out[0])
