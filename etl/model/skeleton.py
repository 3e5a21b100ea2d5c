"""A transformers model without weights: its code and buffers in place, every parameter on the meta device."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.tokenizer import own_code


def build_skeleton(checkpoint: Checkpoint, device: torch.device) -> PreTrainedModel:
    """Build the checkpoint's causal language model: parameters on `meta`, buffers on `device`, eval mode.

    Raises CheckpointError when transformers knows no such model or it runs code of its own, when it keeps
    no blocks of plain Linears under `model.layers`, or when a parameter is absent or has another shape in the
    checkpoint.
    """
    try:
        config = AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=False)
        with _parameters_on_meta():
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except Exception as error:  # transformers and its validators raise errors of many kinds
        reason = own_code(checkpoint.folder, "config.json") or " ".join(str(error).split())
        msg = f"transformers cannot build the model of {checkpoint.folder}: {reason}"
        raise CheckpointError(msg) from error
    _check_blocks(model, checkpoint)
    _check_parameters(model, checkpoint)
    _check_linears(model, checkpoint)
    _move_buffers(model, device)
    return model.eval()


@contextmanager
def _parameters_on_meta() -> Generator[None]:
    """Turn each parameter into a meta tensor as it is registered, so that it never takes memory.

    `torch.device("meta")` would take the buffers too, and no checkpoint holds the rotary frequencies in them.
    """
    register = nn.Module.register_parameter

    def register_on_meta(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if parameter is not None:
            parameter = nn.Parameter(parameter.to("meta"), requires_grad=False)
        register(module, name, parameter)

    nn.Module.register_parameter = register_on_meta  # ty: ignore[invalid-assignment]  restored below
    try:
        yield
    finally:
        nn.Module.register_parameter = register


def _check_blocks(model: PreTrainedModel, checkpoint: Checkpoint) -> None:
    blocks = getattr(getattr(model, "model", None), "layers", None)
    if not isinstance(blocks, nn.ModuleList) or len(blocks) != checkpoint.layer_count:
        msg = (
            f"{checkpoint.architecture} keeps no {checkpoint.layer_count} blocks under model.layers; "
            "only the Llama family can be pruned"
        )
        raise CheckpointError(msg)


def _check_linears(model: PreTrainedModel, checkpoint: Checkpoint) -> None:
    """Refuse blocks whose Linears are not the matrices of the checkpoint, such as mixtures of experts."""
    for layer, block in enumerate(model.model.layers):
        linears = {name for name, module in block.named_modules() if isinstance(module, nn.Linear)}
        stored = {matrix.component for matrix in checkpoint.matrices if matrix.layer == layer}
        other = sorted(linears ^ stored)
        if other:
            msg = f"{other[0]} of block {layer} is no plain Linear; only dense models can be pruned"
            raise CheckpointError(msg)


def tied_names(model: PreTrainedModel) -> dict[str, str]:
    """Return what stands for the weight of the embedding, or of the head, where the checkpoint lacks it.

    Each maps to the other where config.json ties them, and neither where it does not. A head that is stored
    is loaded even then, as in transformers: the configuration is wrong, not the weights.
    """
    if not model.config.tie_word_embeddings:
        return {}
    names = {module: f"{name}.weight" for name, module in model.named_modules()}
    embedding, head = names[model.get_input_embeddings()], names[model.get_output_embeddings()]
    return {embedding: head, head: embedding}


def _check_parameters(model: PreTrainedModel, checkpoint: Checkpoint) -> None:
    """Compare names and shapes with the checkpoint's headers before any weight is read."""
    tied = tied_names(model)
    for name, parameter in model.named_parameters():
        header = checkpoint.tensors.get(name) or checkpoint.tensors.get(tied.get(name, ""))
        if header is None:
            msg = f"{checkpoint.folder} lacks tensor {name}; download the checkpoint again"
            raise CheckpointError(msg)
        if header.shape != tuple(parameter.shape):
            msg = (
                f"{header.file}: {name} has shape {header.shape} but config.json implies "
                f"{tuple(parameter.shape)}; download the checkpoint again"
            )
            raise CheckpointError(msg)


def _move_buffers(model: nn.Module, device: torch.device) -> None:
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, buffer.to(device))
