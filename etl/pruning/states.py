"""The way of calibration sequences through the blocks of a model, pruned or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from etl.model.decoder import Decoder
    from etl.pruning.result import PrunedMatrix

#: Tokens run through a block at a time: enough to fill the cores, few enough to stay in their caches.
TOKENS_PER_BATCH = 2048


def embedded(decoder: Decoder, tokens: torch.Tensor) -> torch.Tensor:
    """Return what the first block receives for tokens (sequences, length): (sequences, length, hidden)."""
    return torch.cat([decoder.embed(batch) for batch in batches(tokens)])


def batches(sequences: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Cut states or tokens (sequences, length, …) into views of some whole sequences each."""
    return sequences.split(max(TOKENS_PER_BATCH // sequences.shape[1], 1))


def advance(decoder: Decoder, block: nn.Module, layer: int, hidden: torch.Tensor) -> None:
    """Replace `hidden` (sequences, length, hidden) by the output of a loaded block."""
    for batch in batches(hidden):
        batch.copy_(decoder.run(block, layer, batch))


@torch.no_grad()
def set_weight(block: nn.Module, result: PrunedMatrix) -> None:
    """Write a pruned matrix into its loaded block."""
    place = result.matrix.placed
    place.view(block.get_parameter(place.name)).copy_(result.weight)
