"""Checkpoint folders: what is read of a good one, and one clear line for each bad one."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from tests.etl.tiny import write_tiny_model

COMPONENTS = [
    *("mlp.down_proj", "mlp.gate_proj", "mlp.up_proj"),
    *("self_attn.k_proj", "self_attn.o_proj", "self_attn.q_proj", "self_attn.v_proj"),
]


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.fixture(scope="session")
def sharded_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in several files."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "sharded", max_shard_size="60KB")


@pytest.fixture
def sharded(sharded_model: Path, tmp_path: Path) -> Path:
    """A copy of the sharded model that a test may spoil."""
    return Path(shutil.copytree(sharded_model, tmp_path / "model"))


def edit_json(path: Path, change: Callable[[dict], object]) -> None:
    """Apply a change to a JSON object in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_open_lists_every_linear_of_the_blocks(tiny_model: Path):
    """Seven matrices a block, by layer and name, with shapes; embeddings and norms are none."""
    checkpoint = Checkpoint.open(tiny_model)
    assert [(m.layer, m.component) for m in checkpoint.matrices] == [
        (layer, component) for layer in (0, 1) for component in COMPONENTS
    ]
    down = checkpoint.matrices[0]
    assert (down.projection, down.out_features, down.in_features, down.dtype) == ("down", 32, 64, "bfloat16")
    assert down.tensor_name == "model.layers.0.mlp.down_proj.weight"
    assert {m.projection for m in checkpoint.matrices} == {"q", "k", "v", "o", "gate", "up", "down"}


def test_open_describes_the_model(tiny_model: Path):
    """Architecture, depth, dtype, and the number of stored parameters; a tied head counts once."""
    checkpoint = Checkpoint.open(tiny_model)
    assert (checkpoint.architecture, checkpoint.layer_count, checkpoint.dtype) == (
        "LlamaForCausalLM",
        2,
        "bfloat16",
    )
    stored = load_file(tiny_model / "model.safetensors")
    assert checkpoint.parameter_count == sum(tensor.numel() for tensor in stored.values())


def test_heads_are_those_of_the_configuration(folder: Path):
    """Keys and values may have fewer heads than queries; the rest of a block has none."""
    checkpoint = Checkpoint.open(folder)
    assert [checkpoint.head_count(name) for name in ("q", "k", "v", "o", "up", "down")] == [
        2, 2, 2, 2, None, None,
    ]  # fmt: skip
    checkpoint.config["num_key_value_heads"] = 1
    assert [checkpoint.head_count(name) for name in "qkvo"] == [2, 1, 1, 2]


def test_shards_read_like_one_file(tiny_model: Path, sharded: Path):
    """The same tensors and matrices, each tensor in its own file."""
    one, many = Checkpoint.open(tiny_model), Checkpoint.open(sharded)
    assert one.matrices == many.matrices
    assert {name: header.shape for name, header in one.tensors.items()} == {
        name: header.shape for name, header in many.tensors.items()
    }
    assert len({header.file for header in many.tensors.values()}) > 1


def test_a_matrix_that_no_module_takes_is_refused(folder: Path):
    """It is not the model that was trained: transformers would leave the matrix out, with a warning."""
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.0.self_attn.qkv_proj.weight"] = torch.ones(4, 4)
    save_file(tensors, folder / "model.safetensors")
    checkpoint = Checkpoint.open(folder)
    with pytest.raises(CheckpointError, match=r"self_attn\.qkv_proj of block 0 is stored, but no module"):
        _ = checkpoint.matrices


def test_fingerprint_follows_content_not_place(tiny_model: Path, folder: Path):
    """A copy has the same fingerprint; one changed weight, or one changed setting, another."""
    original = Checkpoint.open(tiny_model).fingerprint()
    assert Checkpoint.open(folder).fingerprint() == original
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][0] += 1
    save_file(tensors, folder / "model.safetensors")
    changed = Checkpoint.open(folder).fingerprint()
    edit_json(folder / "config.json", lambda config: config.update(rms_norm_eps=1e-3))
    assert len({original, changed, Checkpoint.open(folder).fingerprint()}) == 3


def test_no_such_folder(tmp_path: Path):
    """The error names the folder and what it should hold."""
    with pytest.raises(CheckpointError, match=r"no model folder at .*absent; give the folder"):
        Checkpoint.open(tmp_path / "absent")


def test_a_folder_without_configuration_is_no_checkpoint(tmp_path: Path):
    """An empty folder is refused for its missing config.json."""
    with pytest.raises(CheckpointError, match=r"is no Hugging Face checkpoint: it has no config\.json"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no JSON object"),
        ('{"dtype": "float99"}', "dtype is float99; weights that can be pruned are auto, bfloat16"),
        ('{"torch_dtype": "float8_e4m3fn"}', "torch_dtype is float8_e4m3fn"),
    ],
)
def test_a_broken_configuration(folder: Path, text: str, message: str):
    """Half a file, another kind of JSON, or a dtype of no plain weights."""
    (folder / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        Checkpoint.open(folder)


def test_a_checkpoint_in_another_format(folder: Path):
    """Only safetensors is read."""
    (folder / "model.safetensors").rename(folder / "model.gguf")
    with pytest.raises(CheckpointError, match="only safetensors checkpoints"):
        Checkpoint.open(folder)


def test_pytorch_files_are_refused_with_the_command_that_converts_them(tiny_model: Path, folder: Path):
    """A pickle is never opened; the command in the message makes a checkpoint that can be."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="convert the PyTorch files with: python -c ") as caught:
        Checkpoint.open(folder)
    _, code, *paths = shlex.split(str(caught.value).partition("with: python ")[2])
    subprocess.run([sys.executable, "-c", code, *paths], check=True, capture_output=True)
    converted, original = (
        load_file(Path(paths[1]) / "model.safetensors"),
        load_file(tiny_model / "model.safetensors"),
    )
    assert converted.keys() == original.keys()
    assert all(torch.equal(converted[name], tensor) for name, tensor in original.items())


@pytest.mark.parametrize("size", [0, 5, 3000, -1])
def test_a_truncated_file(folder: Path, size: int):
    """Cut in the length, in the header, in the data, or by one byte: the error names the file."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is truncated or no safetensors file"):
        Checkpoint.open(folder)


@pytest.mark.parametrize("shard", ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "a\\b"])
def test_an_index_that_names_files_elsewhere(sharded: Path, shard: str):
    """A checkpoint may only name files beside its index."""
    edit_json(
        sharded / "model.safetensors.index.json",
        lambda index: index["weight_map"].update({"model.norm.weight": shard}),
    )
    with pytest.raises(CheckpointError, match="outside the checkpoint; do not trust it"):
        Checkpoint.open(sharded)


def test_a_missing_shard(sharded: Path):
    """The error names the file that is gone."""
    shard = min(sharded.glob("model-*.safetensors"))
    shard.unlink()
    with pytest.raises(CheckpointError, match=f"lacks {shard.name}, which its index"):
        Checkpoint.open(sharded)


def test_an_index_that_names_an_absent_tensor(sharded: Path):
    """A tensor that no shard holds is missed at once."""
    edit_json(
        sharded / "model.safetensors.index.json",
        lambda index: index["weight_map"].update(ghost=index["weight_map"]["model.norm.weight"]),
    )
    with pytest.raises(CheckpointError, match="the index names tensor ghost, no file holds it"):
        Checkpoint.open(sharded)


def test_an_index_without_a_map(sharded: Path):
    """An index that maps nothing is broken."""
    (sharded / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(CheckpointError, match="has no weight_map"):
        Checkpoint.open(sharded)


@pytest.mark.parametrize(
    "change",
    [lambda config: config.update(num_hidden_layers=3), lambda config: config.pop("num_hidden_layers")],
)
def test_fewer_blocks_than_the_configuration_says(folder: Path, change: Callable[[dict], object]):
    """One too few, or as few as the configuration does not even say."""
    edit_json(folder / "config.json", change)
    with pytest.raises(CheckpointError, match=r"lacks tensor model\.layers\.2\."):
        _ = Checkpoint.open(folder).layout


def test_quantised_weights(folder: Path):
    """Weights stored as integers are named with their dtype."""
    tensors = load_file(folder / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    tensors[name] = tensors[name].to(torch.int8)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"{name} is stored as I8; only unquantised"):
        Checkpoint.open(folder)
