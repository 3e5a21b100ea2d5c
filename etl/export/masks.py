"""The masks of a run as files of their own: one bit per weight, one file per block."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch

from etl.export.checkpoint import save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from etl.pruning.result import PrunedBlock
    from etl.pruning.weights import PrunedWeights

#: A folder of its own: programs that load every safetensors file of a checkpoint do not look into folders.
FOLDER = "masks"


def write_masks(weights: PrunedWeights, target: Path) -> None:
    """Write the masks of every pruned block into `target`/masks.

    For each matrix `NAME.mask`, uint8 (out, ⌈in / 8⌉), where NAME is the path of its module in the model, the
    number of an expert included: the bits of a row one after the other, the highest bit of a byte first, 1 =
    kept, 0 in what fills up the last byte. The metadata has `in_features` of each, as JSON.
    `numpy.unpackbits` with axis 1 undoes it.
    """
    folder = target / FOLDER
    folder.mkdir()
    for layer in weights.layers:
        block = weights.block(layer)
        path = folder / f"block-{layer:05d}.safetensors"
        save_tensors(_packed(block), path, {"in_features": json.dumps(_widths(block))})


def _packed(block: PrunedBlock) -> dict[str, torch.Tensor]:
    return {
        _name(pruned.matrix.tensor_name): torch.from_numpy(np.packbits(pruned.keep_mask.numpy(), axis=1))
        for pruned in block.matrices
    }


def _widths(block: PrunedBlock) -> dict[str, int]:
    return {_name(pruned.matrix.tensor_name): pruned.matrix.in_features for pruned in block.matrices}


def _name(tensor_name: str) -> str:
    return tensor_name.removesuffix(".weight") + ".mask"
