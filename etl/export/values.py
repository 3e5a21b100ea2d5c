"""The narrow values of a run as files of their own: levels of kept weights, scales of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from etl.export.checkpoint import save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from etl.pruning.result import PrunedMatrix
    from etl.pruning.weights import PrunedWeights
    from kernels.formats.values.codec import Codec

#: A folder of its own, as that of the masks.
FOLDER = "values"


def write_values(weights: PrunedWeights, value_format: str, target: Path) -> None:
    """Write the values of every pruned block into `target`/values.

    For each matrix `NAME.values`, the levels of the kept weights row by row, in order of the inputs: int8 and
    float8_e4m3fn as they are; of int4 level + 8, two in a byte, the first in the low half. And `NAME.scales`,
    bfloat16 (out, groups), one for each group of consecutive inputs of a row: weight = level · scale.
    """
    from kernels.formats.values import get_codec  # noqa: PLC0415  Triton exists on Linux alone

    codec = get_codec(value_format)
    folder = target / FOLDER
    folder.mkdir()
    for layer in weights.layers:
        tensors = {}
        for pruned in weights.block(layer).matrices:
            name = pruned.matrix.tensor_name.removesuffix(".weight")
            if pruned.scales is not None:
                tensors[f"{name}.values"] = _stored(_codes(pruned, pruned.scales, codec), value_format)
                tensors[f"{name}.scales"] = pruned.scales
        metadata = {"value_format": value_format}
        save_tensors(tensors, folder / f"block-{layer:05d}.safetensors", metadata)


def _codes(pruned: PrunedMatrix, scales: torch.Tensor, codec: Codec) -> torch.Tensor:
    """Return the codes (kept,) int64 of the kept weights, which are levels times scales already."""
    group_size = pruned.matrix.in_features // scales.shape[1]
    levels = codec.levels(pruned.weight.float(), scales.repeat_interleave(group_size, 1))
    return codec.code(levels)[pruned.keep_mask]


def _stored(codes: torch.Tensor, value_format: str) -> torch.Tensor:
    """Return codes in the dtype of their format, those of four bits two in a byte."""
    codes = codes.to(torch.uint8)
    if value_format == "int8":
        return codes.view(torch.int8)
    if value_format == "fp8":
        return codes.view(torch.float8_e4m3fn)
    pairs = torch.nn.functional.pad(codes, (0, len(codes) % 2)).view(-1, 2)
    return pairs[:, 0] | (pairs[:, 1] << 4)
