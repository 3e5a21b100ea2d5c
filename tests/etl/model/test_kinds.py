"""Every kind of checkpoint: the weights that transformers loads, or one clear line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from tests.etl.families import FAMILIES, save_random

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
UP = "model.layers.0.mlp.up_proj.weight"
TOKENS = torch.randint(3, 97, (2, 16), generator=torch.Generator().manual_seed(0))
Tensors = dict[str, torch.Tensor]


def shard(folder: Path, tensors: Tensors, sizes: tuple[int, ...] = (20,), *, beside: bool = False) -> None:
    """Write tensors to shards of so many tensors each, the last taking the rest, and an index."""
    names = sorted(tensors)
    weight_map = {}
    for number in range(len(sizes) + 1):
        start = sum(sizes[:number])
        part = names[start : start + sizes[number]] if number < len(sizes) else names[start:]
        save_file({name: tensors[name] for name in part}, folder / f"part-{number}.safetensors")
        weight_map |= dict.fromkeys(part, f"part-{number}.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    if not beside:
        (folder / WHOLE).unlink()


def configure(folder: Path, **values: object) -> None:
    """Change keys of config.json."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


def rewrite(folder: Path, tensors: Tensors) -> None:
    """Write tensors in the place of the whole file."""
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, folder / WHOLE)


def other(tensors: Tensors) -> Tensors:
    """Make tensors of the same names and shapes with other values."""
    return {name: tensor + 1 for name, tensor in tensors.items()}


def renamed(folder: Path, tensors: Tensors, change: Callable[[str], str]) -> None:
    """Write tensors under other names."""
    rewrite(folder, {change(name): tensor for name, tensor in tensors.items()})


def overlapping_shards(folder: Path, tensors: Tensors) -> None:
    """Store one matrix in two shards with different values; the index names the first."""
    shard(folder, tensors)
    first = load_file(folder / "part-0.safetensors")
    last = load_file(folder / "part-1.safetensors")
    (name, tensor) = next(iter(first.items()))
    save_file(last | {name: tensor + 1}, folder / "part-1.safetensors")


def mixed_dtypes(folder: Path, tensors: Tensors) -> None:
    """Norms in float32, half of the matrices in float16, the rest in bfloat16."""
    kinds = (torch.float16, torch.bfloat16)
    rewrite(
        folder,
        {n: t if "norm" in n else t.to(kinds[i % 2]) for i, (n, t) in enumerate(sorted(tensors.items()))},
    )


def both_tied(folder: Path, tensors: Tensors) -> None:
    """Tied in the configuration, and the head stored with the embedding's values."""
    configure(folder, tie_word_embeddings=True)
    rewrite(folder, tensors | {HEAD: tensors[EMBEDDING]})


def head_alone(folder: Path, tensors: Tensors) -> None:
    """Tied in the configuration, and stored under the name of the head."""
    configure(folder, tie_word_embeddings=True)
    rewrite(folder, {name: tensor for name, tensor in tensors.items() if name != EMBEDDING})


def embedding_alone(folder: Path, tensors: Tensors) -> None:
    """Tied in the configuration, and stored once."""
    configure(folder, tie_word_embeddings=True)
    rewrite(folder, {name: tensor for name, tensor in tensors.items() if name != HEAD})


def named_in_config(folder: Path, tensors: Tensors) -> None:
    """config.json names the file to load; the plain name holds other values."""
    save_file(tensors, folder / "chosen.safetensors")
    rewrite(folder, other(tensors))
    configure(folder, transformers_weights="chosen.safetensors")


def named_index_in_config(folder: Path, tensors: Tensors) -> None:
    """config.json names the index to load."""
    shard(folder, tensors, beside=True)
    rewrite(folder, other(tensors))
    (folder / INDEX).rename(folder / "chosen.safetensors.index.json")
    configure(folder, transformers_weights="chosen.safetensors.index.json")


LOADED: dict[str, Callable[[Path, Tensors], object]] = {
    "one file": lambda folder, tensors: None,
    "shards": shard,
    "many shards": lambda folder, tensors: shard(folder, tensors, (3, 1, 9, 4)),
    "a stale index beside one file": lambda folder, tensors: shard(folder, other(tensors), beside=True),
    "a variant beside one file": lambda folder, tensors: save_file(
        other(tensors), folder / "model.fp16.safetensors"
    ),
    "PyTorch files beside one file": lambda folder, tensors: torch.save(
        other(tensors), folder / "pytorch_model.bin"
    ),
    "a file that config.json names": named_in_config,
    "an index that config.json names": named_index_in_config,
    "tied, but a head is stored": lambda folder, tensors: configure(folder, tie_word_embeddings=True),
    "tied, and an equal head is stored": both_tied,
    "tied, stored as the head": head_alone,
    "tied, stored as the embedding": embedding_alone,
    "without the prefix": lambda folder, tensors: renamed(
        folder, tensors, lambda name: name.removeprefix("model.")
    ),
    "with the prefix twice": lambda folder, tensors: renamed(folder, tensors, lambda name: f"model.{name}"),
    "mixed dtypes": mixed_dtypes,
    "float64": lambda folder, tensors: rewrite(folder, {n: t.double() for n, t in tensors.items()}),
    "tensors that the model does not have": lambda folder, tensors: rewrite(
        folder, tensors | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}
    ),
    "blocks beyond the last": lambda folder, tensors: rewrite(
        folder, tensors | {UP.replace(".0.", ".3."): tensors[UP]}
    ),
    "one tensor in two shards": overlapping_shards,
}


@pytest.mark.parametrize("kind", LOADED)
@torch.no_grad()
def test_the_weights_are_those_that_transformers_loads(kind: str, tmp_path: Path):
    """Every parameter is equal, and so are the logits."""
    save_random(FAMILIES["llama"], tmp_path)
    LOADED[kind](tmp_path, load_file(tmp_path / WHOLE))
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    wanted = model.state_dict()
    decoder = Decoder(Checkpoint.open(tmp_path))
    hidden = decoder.embed(TOKENS)
    assert decoder.layer_count == 3
    for layer in range(3):
        with decoder.block(layer) as block:
            for name, tensor in block.state_dict().items():
                assert torch.equal(tensor, wanted[f"model.layers.{layer}.{name}"]), name
            hidden = decoder.run(block, layer, hidden)
    logits = decoder.logits(hidden)
    for name in (EMBEDDING, "model.norm.weight", HEAD):
        assert torch.equal(decoder._model.state_dict()[name], wanted[name]), name
    torch.testing.assert_close(logits, model(TOKENS).logits)


def without(name: str) -> Callable[[Path, Tensors], None]:
    """Leave one tensor out of the file."""
    return lambda folder, tensors: rewrite(folder, {n: t for n, t in tensors.items() if n != name})


def missing_shard(folder: Path, tensors: Tensors) -> None:
    """An index that names a file which is not there."""
    shard(folder, tensors)
    (folder / "part-1.safetensors").unlink()


def variant_only(folder: Path, tensors: Tensors) -> None:
    """Only a variant, which transformers loads when it is asked for by name."""
    (folder / WHOLE).rename(folder / "model.fp16.safetensors")


def neither_end(folder: Path, tensors: Tensors) -> None:
    """Tied in the configuration, and stored under neither name."""
    configure(folder, tie_word_embeddings=True)
    rewrite(folder, {name: tensor for name, tensor in tensors.items() if name not in {EMBEDDING, HEAD}})


def quantised(folder: Path, tensors: Tensors) -> None:
    """A GPTQ matrix, whose weight is stored as whole numbers under other names."""
    rest = {name: tensor for name, tensor in tensors.items() if name != UP}
    rewrite(folder, rest | {UP.replace(".weight", ".qweight"): torch.ones(4, 48, dtype=torch.int32)})


def adapter(folder: Path, tensors: Tensors) -> None:
    """An adapter in the folder of the model, which transformers loads along where peft is installed."""
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))


REFUSED: dict[str, tuple[Callable[[Path, Tensors], object], str]] = {
    "a matrix missing": (without(UP), rf"lacks tensor {UP}"),
    "a norm missing": (without("model.norm.weight"), r"lacks tensor model\.norm\.weight"),
    "an untied head missing": (without(HEAD), "lacks tensor lm_head.weight"),
    "tied, and neither stored": (neither_end, rf"lacks tensor {EMBEDDING}"),
    "a wrong shape": (
        lambda folder, tensors: rewrite(folder, tensors | {UP: torch.ones(48, 31)}),
        r"has shape \(48, 31\) but config\.json implies \(48, 32\)",
    ),
    "a shard missing": (missing_shard, "lacks part-1.safetensors, which its index"),
    "a variant only": (variant_only, "rename the variant model.fp16.safetensors"),
    "a file that config.json names, absent": (
        lambda folder, tensors: configure(folder, transformers_weights="gone.safetensors"),
        "lacks gone.safetensors, which",
    ),
    "a file that config.json names, elsewhere": (
        lambda folder, tensors: configure(folder, transformers_weights="../model.safetensors"),
        "outside the checkpoint",
    ),
    "with and without the prefix": (
        lambda folder, tensors: rewrite(folder, tensors | {UP.removeprefix("model."): tensors[UP]}),
        "holds both layers.0",
    ),
    "GPTQ": (quantised, r"is quantised, it holds model\.layers\.0\.mlp\.up_proj\.qweight"),
    "quantised by its configuration": (
        lambda folder, tensors: configure(folder, quantization_config={"quant_method": "awq"}),
        r"is quantised \(awq in config\.json\)",
    ),
    "an adapter": (adapter, "holds an adapter"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_transformers_could_not_load_whole_is_refused(kind: str, tmp_path: Path):
    """No parameter is ever left to chance: one line says what is wrong, and where."""
    save_random(FAMILIES["llama"], tmp_path)
    spoil, message = REFUSED[kind]
    spoil(tmp_path, load_file(tmp_path / WHOLE))
    with pytest.raises(CheckpointError, match=message):
        Decoder(Checkpoint.open(tmp_path))


@pytest.mark.parametrize("value", [0, -4, 10**9, 10**12, "32", 32.0, True, [10**9]])
@pytest.mark.parametrize(
    "key",
    [
        *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("num_key_value_heads", "head_dim", "vocab_size"),
    ],
)
def test_sizes_that_no_tensor_has_are_refused_before_a_model_is_built(
    tiny_model: Path, tmp_path: Path, key: str, value: object
):
    """Zero, negative, huge, or no number: the key is named, and nothing of that size is allocated."""
    (tmp_path / WHOLE).symlink_to(tiny_model / WHOLE)
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    configure(tmp_path, **{key: value})
    with pytest.raises(CheckpointError, match=rf"{key}|model\.layers\.2"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize("key", ["num_local_experts", "n_layers", "text_config"])
def test_sizes_of_other_families_are_bounded_too(tiny_model: Path, tmp_path: Path, key: str):
    """A configuration of another family, or one inside the configuration, makes no billion modules."""
    (tmp_path / WHOLE).symlink_to(tiny_model / WHOLE)
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    configure(tmp_path, **{key: {"num_experts": 10**9} if key == "text_config" else 10**9})
    with pytest.raises(CheckpointError, match="is 1000000000, a size that no stored tensor has"):
        Checkpoint.open(tmp_path)
