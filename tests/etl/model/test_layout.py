"""Where models keep their blocks and matrices, and which models are refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AlbertConfig, AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.conversion import Source
from etl.model.decoder import Decoder
from etl.model.layout import find_blocks, find_matrices
from tests.etl.families import ENCODERS, FAMILIES, SIZES, save_random

BLOCKS = {
    "llama": "model.layers",
    "opt": "model.decoder.layers",
    "gpt2": "transformer.h",
    "gpt_neox": "gpt_neox.layers",
    "bert": "encoder.layer",
    "distilbert": "transformer.layer",
}
COMPONENTS = {
    "gpt2": ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"],
    "bloom": [
        *("mlp.dense_4h_to_h", "mlp.dense_h_to_4h"),
        *("self_attention.dense", "self_attention.query_key_value"),
    ],
    "gpt_oss": [
        *(f"mlp.experts.{expert}.{name}" for expert in range(4) for name in ("down_proj", "gate_up_proj")),
        *(f"self_attn.{name}_proj" for name in "koqv"),
    ],
    "bert": [
        *("attention.output.dense", "attention.self.key", "attention.self.query", "attention.self.value"),
        *("intermediate.dense", "output.dense"),
    ],
}


@pytest.mark.parametrize("family", sorted(BLOCKS.keys() | COMPONENTS.keys()))
def test_blocks_and_matrices_are_read_off_the_model(family: str, tmp_path: Path):
    """Paths of the blocks, and the components of one block in their order."""
    config = (FAMILIES | ENCODERS)[family]
    save_random(config, tmp_path)
    layout = Checkpoint.open(tmp_path).layout
    assert layout.blocks == BLOCKS.get(family, layout.blocks)
    assert (layout.layer_count, layout.hidden_size, layout.vocabulary_size) == (
        *(config.num_hidden_layers, 32, 97),
    )
    assert layout.predicts == (family not in ENCODERS)
    found = [matrix.component for matrix in layout.matrices if matrix.layer == 1]
    assert found == COMPONENTS.get(family, found)


def test_the_experts_of_a_mixture_are_in_the_order_of_their_numbers(tmp_path: Path):
    """Ten comes after nine."""
    config = AutoConfig.for_model("mixtral", **SIZES, num_local_experts=12)
    save_random(config, tmp_path)
    matrices = Checkpoint.open(tmp_path).matrices
    experts = [m.expert for m in matrices if m.layer == 0 and m.component.endswith("down_proj")]
    assert experts == list(range(12))


def test_what_chooses_among_experts_is_no_matrix(tmp_path: Path):
    """Neither the router nor the gate of the shared expert, a Linear of one output."""
    save_random(FAMILIES["qwen2_moe"], tmp_path)
    components = {matrix.component for matrix in Checkpoint.open(tmp_path).matrices}
    assert "mlp.shared_expert.down_proj" in components
    assert not components & {"mlp.gate", "mlp.shared_expert_gate"}


def test_experts_may_be_stored_fused(tmp_path: Path):
    """As transformers computes with them: the matrices are the same, and lie elsewhere."""
    model = save_random(FAMILIES["qwen3_moe"], tmp_path)
    apart = Checkpoint.open(tmp_path).matrices
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    fused = Checkpoint.open(tmp_path).matrices
    assert [m.component for m in fused] == [m.component for m in apart]
    up = next(m for m in fused if m.component == "mlp.experts.2.up_proj")
    assert (up.stored.name, up.stored.index, up.stored.rows) == (
        *("model.layers.0.mlp.experts.gate_up_proj", 2, (16, 32)),
    )


class Chainless(PreTrainedModel):
    """A model of two Linears, in no list."""

    config_class = PreTrainedConfig

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)


class Normed(Chainless):
    """A list of blocks without a matrix."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(nn.LayerNorm(4) for _ in range(2))


class Bare(Chainless):
    """A block whose weights are parameters of its own."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList([nn.Bilinear(4, 4, 4)])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Chainless, "Chainless has no list of blocks; only a transformer that is a chain"),
        (Normed, "the blocks of Normed hold no Linear, Conv1D or experts"),
        (Bare, r"layers\.0\.weight is the weight of no Linear, Conv1D or expert"),
    ],
)
def test_architectures_without_blocks_or_without_matrices(kind: type[PreTrainedModel], message: str):
    """One line says what is missing."""
    with pytest.raises(CheckpointError, match=message):
        find_matrices(kind(PreTrainedConfig()), {}, {})


def test_the_blocks_are_the_list_with_most_weights():
    """Whatever it is called, and whichever comes first."""
    model = Normed(PreTrainedConfig())
    model.heads = nn.ModuleList([nn.Linear(8, 8)])
    assert find_blocks(model)[0] == "heads"


@pytest.mark.parametrize("model_type", ["t5", "bart"])
def test_encoders_with_a_decoder_are_refused(model_type: str, tmp_path: Path):
    """Two chains, one of which reads the other."""
    sizes = {"num_layers": 1, "encoder_layers": 1, "decoder_layers": 1}
    config = AutoConfig.for_model(model_type, vocab_size=97, d_model=32, **sizes)
    config.save_pretrained(tmp_path)
    save_file({"shared.weight": torch.ones(97, 32)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="an encoder and a decoder; only a single chain of blocks"):
        _ = Checkpoint.open(tmp_path).layout


def test_blocks_that_are_used_more_than_once_are_refused(tmp_path: Path):
    """ALBERT passes its states through one block again and again."""
    config = AlbertConfig(**SIZES, embedding_size=16)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    with pytest.raises(CheckpointError, match="AlbertModel does not pass its states from block to block"):
        decoder.embed(torch.ones(1, 4, dtype=torch.int64))


def test_blocks_that_return_more_than_states_are_refused(tmp_path: Path):
    """DeBERTa takes the attention from each block as well."""
    save_random(AutoConfig.for_model("deberta-v2", **SIZES), tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    with pytest.raises(CheckpointError, match="takes more from its blocks than states"):
        decoder.embed(torch.ones(1, 4, dtype=torch.int64))


def test_experts_that_are_multiplied_all_at_once_are_refused(tmp_path: Path):
    """Llama 4 gives every expert every token, most of them as zeros."""
    sizes = {"num_local_experts": 4, "intermediate_size_mlp": 48, "head_dim": 8}
    save_random(AutoConfig.for_model("llama4_text", **SIZES, **sizes), tmp_path)
    with pytest.raises(CheckpointError, match=r"feed_forward\.experts multiplies all of its experts at once"):
        _ = Checkpoint.open(tmp_path).layout


def test_a_matrix_made_of_others_in_an_unknown_way_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What could not be put back is not pruned."""
    save_random(FAMILIES["mixtral"], tmp_path)
    monkeypatch.setattr(Source, "operations", property(lambda _: {"Chunk": 0, "Transpose": 1}))
    with pytest.raises(
        CheckpointError, match=r"experts.* is made of .* and its like by Chunk, Transpose; what"
    ):
        _ = Checkpoint.open(tmp_path).layout


def test_an_expert_missing_in_the_files_is_named(tmp_path: Path):
    """The fused parameter would be one expert short."""
    save_random(FAMILIES["mixtral"], tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["model.layers.1.block_sparse_moe.experts.3.w2.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        CheckpointError, match=r"layers\.1\.mlp\.experts\.down_proj has shape \(3, 32, 48\) but"
    ):
        _ = Checkpoint.open(tmp_path).layout
