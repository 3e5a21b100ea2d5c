"""Reading tensors: their own dtype, and refusal of what cannot be computed with."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.tensors import read_tensor


def test_a_tensor_comes_as_it_is_stored(tiny_model: Path):
    """Values and dtype are those of the file."""
    name = "model.layers.1.self_attn.o_proj.weight"
    tensor = read_tensor(Checkpoint.open(tiny_model), name)
    assert tensor.dtype == torch.bfloat16
    assert torch.equal(tensor, load_file(tiny_model / "model.safetensors")[name])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_named(tiny_model: Path, tmp_path: Path, value: float):
    """One NaN among thousands is enough, and the error says in which tensor."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    name = "model.layers.0.mlp.gate_proj.weight"
    tensors[name][3, 5] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"{name} holds NaN or infinite values"):
        read_tensor(Checkpoint.open(folder), name)


def test_an_absent_tensor_is_named(tiny_model: Path):
    """The error says which tensor the checkpoint lacks."""
    with pytest.raises(CheckpointError, match=r"lacks tensor model\.ghost"):
        read_tensor(Checkpoint.open(tiny_model), "model.ghost")


def test_a_file_cut_after_it_was_opened(tiny_model: Path, tmp_path: Path):
    """Headers were read earlier; the error still names the file."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    checkpoint = Checkpoint.open(folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match="is truncated"):
        read_tensor(checkpoint, "model.norm.weight")
