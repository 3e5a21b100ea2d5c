"""Reading the tensors of a checkpoint, one at a time, as torch tensors."""

from __future__ import annotations

from dataclasses import replace

import torch
from safetensors import SafetensorError, safe_open

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.matrices import WeightMatrix


def read_matrix(checkpoint: Checkpoint, matrix: WeightMatrix) -> torch.Tensor:
    """Read one matrix (out, in) in its own dtype, onto the CPU; raises as `read_tensor` does."""
    place = matrix.stored
    part = read_tensor(checkpoint, place.name, place.index)
    return replace(place, index=None).view(part).contiguous()


def read_tensor(checkpoint: Checkpoint, name: str, index: int | None = None) -> torch.Tensor:
    """Read one stored tensor, or only its part `index` along the first dimension, as it is, onto the CPU.

    Raises CheckpointError when the checkpoint lacks it, or when it holds NaN or infinite values.
    """
    header = checkpoint.tensors.get(name)
    if header is None:
        msg = f"{checkpoint.folder} lacks tensor {name}; download the checkpoint again"
        raise CheckpointError(msg)
    try:
        with safe_open(header.file, framework="pt") as file:
            tensor = file.get_tensor(name) if index is None else file.get_slice(name)[index]
    except (SafetensorError, OSError) as error:
        msg = f"{header.file} is truncated or no safetensors file ({error}); download it again"
        raise CheckpointError(msg) from error
    if tensor.numel() and not all(extreme.isfinite() for extreme in tensor.aminmax()):
        msg = f"{header.file}: {name} holds NaN or infinite values; such a model cannot be pruned"
        raise CheckpointError(msg)
    return tensor
