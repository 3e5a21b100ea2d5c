"""A transformers model without weights: its code and buffers in place, every parameter on the meta device."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
)

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.conversion import Source, made_shape, parameter_sources
from etl.model.layout import Layout, find_blocks, find_matrices
from etl.model.tokenizer import own_code


@dataclass(frozen=True)
class Skeleton:
    """A model whose parameters lie on `meta`, in eval mode, and the stored tensors that each is made of.

    `predicts` says whether it predicts the next token; of an encoder there is only the part without a head.
    """

    model: PreTrainedModel
    sources: Mapping[str, Source]
    predicts: bool


def read_layout(checkpoint: Checkpoint) -> Layout:
    """Return what the model of a checkpoint is built of; raises as `build_skeleton` does."""
    skeleton = checkpoint.skeleton(torch.device("cpu"))
    blocks, modules = find_blocks(skeleton.model)
    config = skeleton.model.config.get_text_config()
    return Layout(
        blocks=blocks,
        layer_count=len(modules),
        hidden_size=config.hidden_size,
        vocabulary_size=config.vocab_size,
        positions=getattr(config, "max_position_embeddings", None),
        predicts=skeleton.predicts,
        matrices=find_matrices(skeleton.model, skeleton.sources, checkpoint.tensors),
    )


def build_skeleton(checkpoint: Checkpoint, device: torch.device) -> Skeleton:
    """Build the model of a checkpoint: parameters on `meta`, buffers on `device`, eval mode.

    Raises CheckpointError when transformers knows no such model or it runs code of its own, when it is no
    chain of blocks, or when a parameter is absent or has another shape in the checkpoint.
    """
    try:
        config = AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=False)
        with parameters_on_meta():
            model, predicts = _build(config)
    except Exception as error:  # transformers and its validators raise errors of many kinds
        reason = own_code(checkpoint.folder, "config.json") or " ".join(str(error).split())
        msg = f"transformers cannot build the model of {checkpoint.folder}: {reason}"
        raise CheckpointError(msg) from error
    skeleton = Skeleton(model.eval(), parameter_sources(model, checkpoint.tensors), predicts)
    _check_parameters(skeleton, checkpoint)
    move_buffers(model, device)
    return skeleton


def _build(config: PreTrainedConfig) -> tuple[PreTrainedModel, bool]:
    """Build a model, and tell whether it predicts the next token.

    The fused experts are computed one after the other, so that the inputs of each can be told apart.
    """
    if config.is_encoder_decoder:
        msg = "it is an encoder and a decoder; only a single chain of blocks can be pruned"
        raise ValueError(msg)
    config.get_text_config().use_cache = False
    options: dict[str, Any] = {"experts_implementation": "eager", "trust_remote_code": False}
    if _is_encoder(config):
        return _build_encoder(config, options), False
    return AutoModelForCausalLM.from_config(config, **options), True


def _build_encoder(config: PreTrainedConfig, options: Mapping[str, Any]) -> PreTrainedModel:
    try:
        # The pooler behind the blocks is in checkpoints of a few tasks only.
        return AutoModel.from_config(config, add_pooling_layer=False, **options)
    except TypeError:
        return AutoModel.from_config(config, **options)


def _is_encoder(config: PreTrainedConfig) -> bool:
    """Tell whether a configuration is that of a model which fills in masked tokens.

    Some of these can be turned into a predictor of the next token, which the configuration then names.
    """
    kind = type(config)
    predictor = getattr(MODEL_FOR_CAUSAL_LM_MAPPING.get(kind, None), "__name__", None)
    return kind in MODEL_FOR_MASKED_LM_MAPPING and predictor not in (config.architectures or ())


@contextmanager
def parameters_on_meta() -> Generator[None]:
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


def tied_names(model: PreTrainedModel) -> dict[str, str]:
    """Return what stands for the weight of the embedding, or of the head, where the checkpoint lacks it.

    Each maps to the other where config.json ties them, and neither where it does not. A head that is stored
    is loaded even then, as in transformers: the configuration is wrong, not the weights.
    """
    if not model.config.tie_word_embeddings or model.get_output_embeddings() is None:
        return {}
    names = {module: f"{name}.weight" for name, module in model.named_modules()}
    embedding, head = names[model.get_input_embeddings()], names[model.get_output_embeddings()]
    return {embedding: head, head: embedding}


def _check_parameters(skeleton: Skeleton, checkpoint: Checkpoint) -> None:
    """Compare names and shapes with the checkpoint's headers before any weight is read."""
    tied = tied_names(skeleton.model)
    shapes = {name: header.shape for name, header in checkpoint.tensors.items()}
    for name, parameter in skeleton.model.named_parameters():
        source = skeleton.sources.get(name) or skeleton.sources.get(tied.get(name, ""))
        if source is None:
            msg = f"{checkpoint.folder} lacks tensor {name}; download the checkpoint again"
            raise CheckpointError(msg)
        shape = made_shape(skeleton.model, name, source, shapes)
        if shape != tuple(parameter.shape):
            msg = (
                f"{checkpoint.tensors[source.stored[0]].file}: {name} has shape {shape} but config.json "
                f"implies {tuple(parameter.shape)}; download the checkpoint again"
            )
            raise CheckpointError(msg)


def move_buffers(model: nn.Module, device: torch.device) -> None:
    """Move the buffers of a model whose parameters lie on `meta`."""
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, buffer.to(device))
