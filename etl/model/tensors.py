"""Reading the tensors of a checkpoint, one at a time, as torch tensors."""

from __future__ import annotations

import torch
from safetensors import SafetensorError, safe_open

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint


def read_tensor(checkpoint: Checkpoint, name: str) -> torch.Tensor:
    """Read one tensor in its own dtype, onto the CPU.

    Raises CheckpointError when the checkpoint lacks it, or when it holds NaN or infinite values.
    """
    header = checkpoint.tensors.get(name)
    if header is None:
        msg = f"{checkpoint.folder} lacks tensor {name}; download the checkpoint again"
        raise CheckpointError(msg)
    try:
        with safe_open(header.file, framework="pt") as file:
            tensor = file.get_tensor(header.stored_name)
    except (SafetensorError, OSError) as error:
        msg = f"{header.file} is truncated or no safetensors file ({error}); download it again"
        raise CheckpointError(msg) from error
    if tensor.numel() and not all(extreme.isfinite() for extreme in tensor.aminmax()):
        msg = f"{header.file}: {name} holds NaN or infinite values; such a model cannot be pruned"
        raise CheckpointError(msg)
    return tensor
