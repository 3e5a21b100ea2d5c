"""The block-by-block decoder against transformers' own forward pass, family by family."""

from pathlib import Path

import pytest
import torch

from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from tests.etl.families import ENCODERS, FAMILIES, save_random
from tests.etl.families_page import row, rows_of_page

TOKENS = torch.randint(3, 97, (2, 16), generator=torch.Generator().manual_seed(0))


def states_by_blocks(decoder: Decoder, tokens: torch.Tensor) -> torch.Tensor:
    """Go through all blocks, one loaded at a time."""
    hidden = decoder.embed(tokens)
    for layer in range(decoder.layer_count):
        with decoder.block(layer) as block:
            hidden = decoder.run(block, layer, hidden)
    return hidden


def logits_by_blocks(decoder: Decoder, tokens: torch.Tensor) -> torch.Tensor:
    """Go through all blocks, and through the head."""
    return decoder.logits(states_by_blocks(decoder, tokens))


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_blocks_one_by_one_compute_what_the_model_computes(family: str, tmp_path: Path):
    """Embeddings, masks, rotary positions, blocks and head agree, whatever the family adds to Llama."""
    model = save_random(FAMILIES[family], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    torch.testing.assert_close(logits_by_blocks(decoder, TOKENS), model(TOKENS).logits)
    assert rows_of_page()[family] == row(family, decoder.checkpoint.layout)


def test_the_page_of_families_has_no_others():
    """Each line is held against its model by the tests beside this one."""
    assert rows_of_page().keys() == FAMILIES.keys() | ENCODERS.keys()


@pytest.mark.parametrize("family", ENCODERS)
@torch.no_grad()
def test_an_encoder_computes_the_states_of_its_last_block(family: str, tmp_path: Path):
    """Without the head that fills in masked tokens; attention goes both ways."""
    model = save_random(ENCODERS[family], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    whole = model(TOKENS, output_hidden_states=True).hidden_states[-1]
    states = states_by_blocks(decoder, TOKENS)
    if family == "modernbert":
        states = decoder._model.final_norm(states)
    torch.testing.assert_close(states, whole)
    assert not decoder.predicts
    assert rows_of_page()[family] == row(family, decoder.checkpoint.layout)


@torch.no_grad()
def test_other_shapes_after_the_first(tmp_path: Path):
    """Masks and positions follow the shape of each batch."""
    model = save_random(FAMILIES["qwen2"], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    for tokens in (TOKENS, TOKENS[:1], TOKENS[:, :7]):
        torch.testing.assert_close(logits_by_blocks(decoder, tokens), model(tokens).logits)
    with decoder.block(0) as block:
        hidden = torch.randn(3, 9, 32)
        assert decoder.run(block, 0, hidden).shape == (3, 9, 32)


@torch.no_grad()
def test_bfloat16_weights_compute_in_float32_on_the_cpu(tmp_path: Path):
    """The weights are widened, not the results narrowed."""
    model = save_random(FAMILIES["llama"], tmp_path, torch.bfloat16)
    decoder = Decoder(Checkpoint.open(tmp_path))
    assert decoder.dtype == torch.float32
    torch.testing.assert_close(logits_by_blocks(decoder, TOKENS), model(TOKENS).logits)


def test_a_block_holds_weights_only_while_it_is_used(tmp_path: Path):
    """Before and after, also after an error, its parameters take no memory."""
    save_random(FAMILIES["llama"], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    with decoder.block(1) as block:
        assert not any(parameter.is_meta for parameter in block.parameters())
        assert all(parameter.is_meta for parameter in decoder._blocks[0].parameters())
    assert all(parameter.is_meta for parameter in block.parameters())
    with pytest.raises(KeyboardInterrupt), decoder.block(1) as block:
        raise KeyboardInterrupt
    assert all(parameter.is_meta for parameter in block.parameters())


def test_given_weights_stand_in_for_the_checkpoint(tmp_path: Path):
    """Only the components named change; the next loading is dense again."""
    save_random(FAMILIES["llama"], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    given = {"mlp.up_proj": torch.zeros(48, 32, dtype=torch.bfloat16)}
    with decoder.block(0, given) as block:
        assert not block.mlp.up_proj.weight.any()
        assert block.mlp.gate_proj.weight.any()
    with decoder.block(0) as block:
        assert block.mlp.up_proj.weight.any()


@pytest.mark.gpu
@torch.no_grad()
def test_a_gpu_computes_in_the_dtype_of_the_checkpoint(tmp_path: Path):
    """bfloat16 stays bfloat16 there, and the logits agree to its precision."""
    model = save_random(FAMILIES["llama"], tmp_path, torch.bfloat16)
    decoder = Decoder(Checkpoint.open(tmp_path), "cuda")
    assert decoder.dtype == torch.bfloat16
    logits = logits_by_blocks(decoder, TOKENS).cpu().float()
    torch.testing.assert_close(logits, model(TOKENS).logits, rtol=0.1, atol=0.2)
