"""What pruning one matrix, and one block, gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from etl.model.matrices import WeightMatrix
    from etl.pruning.allocation import BlockShare
    from etl.pruning.experts import ExpertLoad


@dataclass(frozen=True)
class PrunedMatrix:
    """One pruned weight matrix and the figures taken while pruning it; tensors lie on the CPU.

    - `weight` (out, in), in the checkpoint's dtype, exactly +0.0 wherever `keep_mask` is False.
    - `keep_mask` (out, in) bool: what the method kept. A kept entry may still be 0 (SparseGPT moves it).
    - `threshold`: the largest score pruned where one threshold rules the matrix, else None.
    - `reconstruction_error`: ‖WX − ŴX‖ / ‖WX‖ on the calibration inputs.
    - `activation_norm` (in,) float32: ‖x_j‖₂ as Wanda takes it, √(mean over sequences of Σ_tokens x_j²).
    - `input_weight_norm` (in,), `output_weight_norm` (out,) float32: ‖W[:, j]‖₂ and ‖W[i, :]‖₂, dense.
    - `elapsed_seconds`: scores, mask and update; what matrices share counts for the first of them.
    - `scales` (out, groups) bfloat16: where values are narrow, one for each group of inputs of a row; every
      weight is a level of the value format times its scale, as near as the checkpoint's dtype comes.
    - `warnings`: what a person should know, such as a raised damping.
    """

    matrix: WeightMatrix
    weight: torch.Tensor
    keep_mask: torch.Tensor
    threshold: float | None
    reconstruction_error: float
    activation_norm: torch.Tensor
    input_weight_norm: torch.Tensor
    output_weight_norm: torch.Tensor
    elapsed_seconds: float
    scales: torch.Tensor | None = None
    warnings: tuple[str, ...] = ()

    @property
    def kept_count(self) -> int:
        """How many weights the method kept."""
        return int(self.keep_mask.sum())


@dataclass(frozen=True)
class PrunedBlock:
    """The pruned matrices of one transformer block, in the order in which the block applies them.

    `share` says what an allocation other than uniform gave the block, `expert_loads` what calibration showed
    each expert, where there are any.
    """

    layer: int
    matrices: tuple[PrunedMatrix, ...]
    share: BlockShare | None = None
    expert_loads: tuple[ExpertLoad, ...] = ()
