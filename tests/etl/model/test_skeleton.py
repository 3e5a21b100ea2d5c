"""Models without weights, and what is refused before any weight is read."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.skeleton import build_skeleton
from tests.etl.families import FAMILIES, save_random

CPU = torch.device("cpu")


def test_parameters_take_no_memory_and_buffers_are_real(tmp_path: Path):
    """The rotary frequencies are in no checkpoint, so they must be computed here."""
    save_random(FAMILIES["llama"], tmp_path)
    model = build_skeleton(Checkpoint.open(tmp_path), CPU).model
    assert all(parameter.is_meta for parameter in model.parameters())
    buffers = dict(model.named_buffers())
    assert buffers
    assert not any(buffer.is_meta for buffer in buffers.values())
    assert not model.training


def test_building_leaves_torch_as_it_was(tmp_path: Path):
    """Modules made afterwards have weights again, also after a failure."""
    save_random(FAMILIES["llama"], tmp_path)
    build_skeleton(Checkpoint.open(tmp_path), CPU)
    assert not nn.Linear(2, 2).weight.is_meta


def spoil(folder: Path, name: str, tensor: torch.Tensor | None) -> None:
    """Replace a tensor of a checkpoint, or take it out."""
    tensors = load_file(folder / "model.safetensors")
    del tensors[name]
    save_file(tensors | ({} if tensor is None else {name: tensor}), folder / "model.safetensors")


def test_a_missing_tensor_is_named(tmp_path: Path):
    """A norm is as necessary as a matrix."""
    save_random(FAMILIES["llama"], tmp_path)
    spoil(tmp_path, "model.layers.1.input_layernorm.weight", None)
    with pytest.raises(CheckpointError, match=r"lacks tensor model\.layers\.1\.input_layernorm\.weight"):
        build_skeleton(Checkpoint.open(tmp_path), CPU)


def test_a_head_may_be_missing_only_where_it_is_tied(tmp_path: Path):
    """Without a tie, the output projection has to be there."""
    save_random(FAMILIES["llama"], tmp_path)
    spoil(tmp_path, "lm_head.weight", None)
    with pytest.raises(CheckpointError, match=r"lacks tensor lm_head\.weight"):
        build_skeleton(Checkpoint.open(tmp_path), CPU)


def test_a_misshapen_tensor_is_named_with_both_shapes(tmp_path: Path):
    """The error shows what is stored and what the configuration implies."""
    save_random(FAMILIES["llama"], tmp_path)
    spoil(tmp_path, "model.layers.0.mlp.up_proj.weight", torch.ones(48, 31))
    with pytest.raises(CheckpointError, match=r"has shape \(48, 31\) but config\.json implies \(48, 32\)"):
        build_skeleton(Checkpoint.open(tmp_path), CPU)


@pytest.mark.parametrize(
    "change", [{"model_type": "never-heard-of"}, {"rms_norm_eps": "small"}, {"hidden_act": "none"}]
)
def test_a_configuration_that_transformers_cannot_build(tmp_path: Path, change: dict):
    """Whatever transformers raises becomes one line that names the folder."""
    save_random(FAMILIES["llama"], tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(CheckpointError, match="transformers cannot build the model of") as caught:
        build_skeleton(Checkpoint.open(tmp_path), CPU)
    assert "\n" not in str(caught.value)
    assert not nn.Linear(2, 2).weight.is_meta


def test_code_inside_a_checkpoint_is_not_run(tmp_path: Path):
    """A model that needs its own Python code is refused without asking."""
    save_random(FAMILIES["llama"], tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "custom", "auto_map": {"AutoConfig": "evil.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text("raise SystemExit('this must not run')")
    with pytest.raises(CheckpointError, match="transformers cannot build"):
        build_skeleton(Checkpoint.open(tmp_path), CPU)
