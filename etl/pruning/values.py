"""Rounding kept weights to what a narrow value format stores: levels times a scale per group of inputs.

The levels and scales are those of the kernels' codecs (`kernels/formats/values`), so that what pruning
returns is stored without another loss. A weight rounded to level · scale is then held in the dtype of the
checkpoint, 16 bits or more, which is precise enough to find the level again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from etl.pruning.pruner import Choice
    from etl.pruning.request import PruningRequest
    from kernels.formats.values.codec import Codec


@dataclass(frozen=True)
class Grid:
    """A value format whose scales each rule `group_size` consecutive inputs of a row."""

    codec: Codec
    group_size: int

    @classmethod
    def of(cls, request: PruningRequest, in_features: int) -> Grid | None:
        """Return what `request` stores the rows of a matrix in; None where values stay as they are."""
        if request.value_format is None:
            return None
        from kernels.formats.values import get_codec  # noqa: PLC0415  Triton exists on Linux alone

        return cls(get_codec(request.value_format), request.group_size or in_features)

    def scales(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the bfloat16 scales (out, groups) of W (out, in); the groups divide a row."""
        return self.codec.scale(weight.float().unflatten(1, (-1, self.group_size)))

    def rounded(self, weight: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        """Return W (out, in) rounded, in float32, under given scales (out, groups)."""
        return self.codec.rounded(weight.float(), scales.repeat_interleave(self.group_size, 1))


def rounded(choice: Choice, request: PruningRequest) -> Choice:
    """Round what a method kept to the nearest values that `request` stores, unless it has done so."""
    grid = Grid.of(request, choice.weight.shape[1])
    if grid is None or choice.scales is not None:
        return choice
    scales = grid.scales(choice.weight)
    weight = grid.rounded(choice.weight, scales).to(choice.weight.dtype)
    return replace(choice, weight=weight, scales=scales)
