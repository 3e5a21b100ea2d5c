"""Whether a model can be sliced, told from its modules before any weight is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from etl.errors import CheckpointError
from etl.model.layout import find_blocks
from etl.slicing.blocks import halves, is_rms_norm, unlike_llama
from etl.slicing.pca import kept_dimensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.model.checkpoint import Checkpoint

#: Where the models of transformers that are built as Llama is keep their parts.
_PARTS = ("model.embed_tokens", "model.layers", "model.norm", "lm_head")


def check_sliceable(checkpoint: Checkpoint, sparsities: Iterable[float]) -> None:
    """Refuse a model that is not built as Llama is, and sparsities that leave nothing of it.

    Raises:
        CheckpointError: its parts lie elsewhere or are of another kind.
        PruningError: a sparsity leaves no dimension.
    """
    model = checkpoint.skeleton(torch.device("cpu")).model
    name, modules = checkpoint.architecture, dict(model.named_modules())
    path, blocks = find_blocks(model)
    if path != "model.layers" or not modules.keys() >= set(_PARTS):
        raise unlike_llama(name)
    for block in blocks:
        halves(block, model.config.hidden_size, name)
    if type(modules["model.embed_tokens"]) is not nn.Embedding or not is_rms_norm(modules["model.norm"]):
        msg = (
            f"{name} has no plain embedding, or no RMS norm without bias before its head, which slicegpt "
            "needs; choose another method"
        )
        raise CheckpointError(msg)
    for sparsity in sparsities:
        kept_dimensions(model.config.hidden_size, sparsity)
