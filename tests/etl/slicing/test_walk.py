"""Sliced models: unchanged at sparsity 0, elsewhere as an independent float64 version has them, loadable."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    GPT2Config,
    GraniteConfig,
    LlamaConfig,
    Olmo2Config,
    OPTConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from etl.errors import CheckpointError, PrunedWeightsError
from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.model.evaluation import perplexity
from etl.slicing import load_sliced
from etl.slicing.run import Slices, SlicingJob
from etl.slicing.store import SlicedModel
from tests.etl.families import FAMILIES, SIZES, save_random
from tests.etl.slicing import oracle

CPU = torch.device("cpu")
#: Families that slicegpt takes: sliding windows, biases, norms of queries and keys, fused projections, ties.
SLICEABLE = ("llama-tied", "mistral", "qwen2", "qwen3", "phi3", "smollm3")


def tokens(count: int = 4, length: int = 24) -> torch.Tensor:
    return torch.randint(3, 97, (count, length), generator=torch.Generator().manual_seed(0))


def save(config: PreTrainedConfig, folder: Path) -> PreTrainedModel:
    """Save a random model whose norms scale and whose biases are not 0, and return it."""
    model = save_random(config, folder)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            offset = 1.0 if name.endswith("norm.weight") else 0.0
            parameter.data = offset + 0.3 * torch.randn(parameter.shape, generator=generator)
    model.save_pretrained(folder)
    return model


def slice_model(dense: Path, folder: Path, sparsity: float) -> tuple[SlicedModel, Slices]:
    job = SlicingJob(Checkpoint.open(dense), CPU, tokens(), folder, "abc")
    return job.carry_out(sparsity)


@torch.no_grad()
def logits(model: PreTrainedModel) -> torch.Tensor:
    return model(input_ids=tokens()).logits


@pytest.mark.parametrize("family", SLICEABLE)
def test_without_sparsity_the_model_is_unchanged(family: str, tmp_path: Path) -> None:
    """Rotating all of its dimensions changes no logit but for rounding, and greedy text not at all."""
    dense = save(FAMILIES[family], tmp_path / "dense")
    slice_model(tmp_path / "dense", tmp_path / "sliced", 0.0)
    sliced = load_sliced(tmp_path / "sliced")
    torch.testing.assert_close(logits(sliced), logits(dense), rtol=1e-4, atol=1e-4)
    options = {"max_new_tokens": 5, "do_sample": False}
    assert sliced.generate(tokens(1, 6), **options).equal(dense.generate(tokens(1, 6), **options))


def small_llama(folder: Path) -> PreTrainedModel:
    """A random Llama of the sizes of the oracle."""
    sizes = {
        **SIZES,
        "hidden_size": oracle.WIDTH,
        "num_hidden_layers": oracle.LAYERS,
        "num_attention_heads": oracle.HEADS,
        "num_key_value_heads": oracle.HEADS,
    }
    config = LlamaConfig(**sizes, head_dim=oracle.HEAD, rms_norm_eps=oracle.EPS, rope_theta=oracle.THETA)
    return save(config, folder)


def test_a_sliced_model_is_that_of_the_oracle(tmp_path: Path) -> None:
    """Half of the dimensions: logits agree with float64 code that rotates first and runs afterwards."""
    small_llama(tmp_path / "dense")
    _, slices = slice_model(tmp_path / "dense", tmp_path / "sliced", 0.5)
    weights = {
        name: t.double().numpy() for name, t in load_file(tmp_path / "dense" / "model.safetensors").items()
    }
    expected = torch.from_numpy(oracle.sliced_logits(weights, tokens().numpy(), 8))
    found = logits(load_sliced(tmp_path / "sliced")).double()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert (slices.layer, slices.kept_dimensions, slices.hidden_size) == ([0, 1], [8, 8], 16)
    assert all(0.3 < share < 1 for share in slices.explained_variance)


def test_the_oracle_is_llama(tmp_path: Path) -> None:
    """With all dimensions kept it gives the logits of transformers."""
    dense = small_llama(tmp_path)
    weights = {name: t.double().numpy() for name, t in load_file(tmp_path / "model.safetensors").items()}
    expected = torch.from_numpy(oracle.sliced_logits(weights, tokens().numpy(), oracle.WIDTH))
    torch.testing.assert_close(logits(dense).double(), expected, rtol=1e-4, atol=1e-4)


def test_block_by_block_a_sliced_model_has_the_same_perplexity(tmp_path: Path) -> None:
    """What the warehouse measures is what the loaded model gives, and smaller matrices are what is stored."""
    small_llama(tmp_path / "dense")
    sliced, _ = slice_model(tmp_path / "dense", tmp_path / "sliced", 0.5)
    measured = perplexity(Decoder(sliced.checkpoint, CPU), tokens().flatten(), 24)
    model = load_sliced(tmp_path / "sliced")
    with torch.no_grad():
        losses = [model(input_ids=row[None], labels=row[None]).loss.double() for row in tokens()]
    assert measured.value == pytest.approx(torch.stack(losses).mean().exp().item(), rel=1e-6)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    assert shapes["model.embed_tokens.weight"] == (97, 8)
    assert shapes["model.layers.0.self_attn.q_proj.weight"] == (16, 8)
    assert shapes["model.layers.0.mlp.down_proj.weight"] == (8, 48)
    assert shapes["model.layers.1.mlp.down_proj.weight"] == (16, 48)
    assert shapes["lm_head.weight"] == (97, 16)


def test_a_model_is_sliced_again_to_the_same_bits(tmp_path: Path) -> None:
    """Nothing of one walk is left in the next, whatever its sparsity."""
    small_llama(tmp_path / "dense")
    folders = [tmp_path / name for name in ("first", "other", "second")]
    for folder, sparsity in zip(folders, (0.5, 0.0, 0.5), strict=True):
        slice_model(tmp_path / "dense", folder, sparsity)
    for file in folders[0].iterdir():
        assert file.read_bytes() == (folders[2] / file.name).read_bytes()


GPT2 = GPT2Config(
    vocab_size=97, n_embd=32, n_layer=1, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2
)
OPT = OPTConfig(**SIZES, ffn_dim=48, word_embed_proj_dim=32)


@pytest.mark.parametrize(
    "config",
    [CohereConfig(**SIZES), Olmo2Config(**SIZES), GraniteConfig(**SIZES, residual_multiplier=0.5), GPT2, OPT],
    ids=lambda config: config.model_type,
)
def test_models_that_are_not_built_as_llama_are_refused(config: PreTrainedConfig, tmp_path: Path) -> None:
    """Norms with biases, norms elsewhere, scaled residuals, learnt positions: one line, and no model."""
    save_random(config, tmp_path / "dense")
    with pytest.raises(CheckpointError) as raised:
        slice_model(tmp_path / "dense", tmp_path / "sliced", 0.25)
    assert "\n" not in str(raised.value)
    with pytest.raises(PrunedWeightsError, match="slice again"):
        SlicedModel(tmp_path / "sliced", "abc")


def test_transformers_refuses_a_sliced_model_by_its_kind(tmp_path: Path) -> None:
    """It never fills what it does not know with random numbers; the loader refuses what is not sliced."""
    small_llama(tmp_path / "dense")
    slice_model(tmp_path / "dense", tmp_path / "sliced", 0.5)
    with pytest.raises(ValueError, match="sparsity_sliced"):
        AutoModelForCausalLM.from_pretrained(tmp_path / "sliced")
    with pytest.raises(CheckpointError, match="holds no sliced model; load it with transformers"):
        load_sliced(tmp_path / "dense")


@pytest.mark.parametrize("damage", ["missing", "truncated", "misshapen"])
def test_a_damaged_sliced_model_is_named(damage: str, tmp_path: Path) -> None:
    """By the folder and in one line."""
    small_llama(tmp_path / "dense")
    slice_model(tmp_path / "dense", tmp_path / "sliced", 0.5)
    block = tmp_path / "sliced" / "block-00001.safetensors"
    if damage == "missing":
        block.unlink()
    elif damage == "truncated":
        block.write_bytes(block.read_bytes()[:-4])
    else:
        save_file({name: tensor[:4].contiguous() for name, tensor in load_file(block).items()}, block)
    with pytest.raises(CheckpointError, match="sliced holds no whole sliced model") as raised:
        load_sliced(tmp_path / "sliced")
    assert "\n" not in str(raised.value)
