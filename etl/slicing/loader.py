"""Sliced models on disk, and back as models that generate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from etl.errors import CheckpointError
from etl.model.headers import read_json
from etl.model.skeleton import parameters_on_meta
from etl.slicing.blocks import ScaleFreeNorm, SlicedBlock, halves, norm_eps, sliced_block

if TYPE_CHECKING:
    import os

#: What config.json calls a sliced model; transformers refuses it by this name.
MODEL_TYPE = "sparsity_sliced"
#: Dimensions of the residual stream before attention, before the MLP and after it.
Widths = tuple[int, int, int]


def load_sliced(
    folder: str | os.PathLike[str],
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
) -> PreTrainedModel:
    """Load a sliced model: the dense model's own class with smaller matrices, ready for `.generate`.

    `dtype` None keeps the stored one. Raises CheckpointError when the folder holds no sliced model, or one
    with tensors that are missing, misshapen or unreadable.
    """
    folder = Path(folder)
    config = read_json(folder, "config.json")
    model = build_sliced(config, str(folder))
    state: dict[str, torch.Tensor] = {}
    try:
        for file in sorted(folder.glob("*.safetensors")):
            state |= load_file(file)
        model.load_state_dict(state, strict=True, assign=True)
    except (SafetensorError, OSError, RuntimeError) as error:
        msg = f"{folder} holds no whole sliced model ({' '.join(str(error).split())}); export it again"
        raise CheckpointError(msg) from error
    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder)
    return model.to(device=device, dtype=dtype).eval().requires_grad_(requires_grad=False)


def build_sliced(config: dict[str, Any], folder: str) -> PreTrainedModel:
    """Build the sliced model that a config.json describes, its parameters on `meta`.

    Raises CheckpointError when it describes none, or one that this release of transformers cannot build.
    """
    if config.get("model_type") != MODEL_TYPE:
        msg = f"{folder} holds no sliced model; load it with transformers"
        raise CheckpointError(msg)
    try:
        kind = type(AutoConfig.for_model(config["dense"]["model_type"]))
        dense = kind.from_dict({**config["dense"], "tie_word_embeddings": False})
        with parameters_on_meta():
            model = AutoModelForCausalLM.from_config(dense, trust_remote_code=False)
            _slice_ends(model, config["widths"])
            for layer, widths in enumerate(config["widths"]):
                block = model.model.layers[layer]
                model.model.layers[layer] = _narrowed(block, dense.hidden_size, tuple(widths))
    except CheckpointError:
        raise
    except Exception as error:  # transformers and its validators raise errors of many kinds
        msg = f"transformers cannot build the sliced model of {folder}: {' '.join(str(error).split())}"
        raise CheckpointError(msg) from error
    return model.eval()


def sliced_config(dense: dict[str, Any], widths: Sequence[Widths]) -> str:
    """Return the config.json of a sliced model as text: that of the dense model, and the sizes per block."""
    architectures = dense.get("architectures") or ["Model"]
    content = {
        "architectures": [f"Sliced{architectures[0]}"],
        "model_type": MODEL_TYPE,
        "widths": [list(block) for block in widths],
        "dense": dense,
    }
    return json.dumps(content, indent=2) + "\n"


def _slice_ends(model: PreTrainedModel, widths: Sequence[Sequence[int]]) -> None:
    """Narrow embedding and head, and take the scale from the norm before the head."""
    vocabulary, size = model.get_input_embeddings().get_parameter("weight").shape
    head = model.get_output_embeddings()
    model.set_input_embeddings(nn.Embedding(vocabulary, widths[0][0]))
    model.set_output_embeddings(nn.Linear(widths[-1][2], vocabulary, bias=head.bias is not None))
    model.model.norm = ScaleFreeNorm(size, norm_eps(model.model.norm))


def _narrowed(block: nn.Module, size: int, widths: Widths) -> SlicedBlock:
    first, second, third = widths
    sliced = sliced_block(block, size, type(block).__name__)
    for half, read, write in zip(halves(block, size, ""), (first, second), (second, third), strict=True):
        for name in half.readers:
            _replace(half.module, name, in_features=read)
        _replace(half.module, half.writer, out_features=write)
    sliced.attention_shortcut = nn.Parameter(torch.empty(first, second))
    sliced.mlp_shortcut = nn.Parameter(torch.empty(second, third))
    return sliced


def _replace(module: nn.Module, name: str, **sizes: int) -> None:
    """Put a Linear of another size in the place of one."""
    linear = module.get_submodule(name)
    out_features, in_features = linear.get_parameter("weight").shape
    whole = {"in_features": in_features, "out_features": out_features} | sizes
    setattr(module, name, nn.Linear(**whole, bias=linear.bias is not None))
