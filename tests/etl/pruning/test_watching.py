"""What the experts of a mixture are given, against the routing that the model itself decides on."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.pruning.experts import ExpertLoad, expert_loads, few_tokens
from etl.pruning.statistics import SharedInputs
from tests.etl.families import MIXTURES, save_random

TOKENS = torch.randint(3, 97, (4, 16), generator=torch.Generator().manual_seed(5))


def routed(module: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Note what a mixture is called with: hidden states (tokens, hidden), and experts (tokens, chosen)."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    module.register_forward_pre_hook(
        lambda _, args, named: seen.append(tuple(value.clone() for value in (*args, *named.values())[:2])),
        with_kwargs=True,
    )
    return seen


@pytest.mark.parametrize("family", MIXTURES)
@torch.no_grad()
def test_each_expert_is_given_the_tokens_routed_to_it(family: str, tmp_path: Path):
    """Token for token, in two batches; and what it makes of them is what its last matrix is given."""
    save_random(MIXTURES[family], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    matrices = [matrix for matrix in decoder.checkpoint.matrices if matrix.layer == 1]
    hidden = decoder.embed(TOKENS)
    inputs = SharedInputs()
    with decoder.block(1) as block:
        seen = routed(block.mlp.experts)
        with inputs.watch(block, matrices) as take_batch:
            for batch in hidden.split(2):
                take_batch(lambda batch=batch: decoder.run(block, 1, batch), len(batch))
    states = torch.cat([states for states, _ in seen])
    chosen = torch.cat([chosen for _, chosen in seen])
    counts = [int((chosen == expert).sum()) for expert in range(4)]
    for matrix in matrices:
        if matrix.expert is None:
            assert inputs[matrix.component].token_count == TOKENS.numel()
            continue
        assert inputs[matrix.component].token_count == counts[matrix.expert]
        assert inputs[matrix.component].sequence_count == len(TOKENS)
        if matrix.in_features == 32:
            given = states[(chosen == matrix.expert).any(dim=1)]
            wanted = given.square().sum(0) / len(TOKENS)
            torch.testing.assert_close(inputs[matrix.component].squared_norms, wanted)
    loads = expert_loads(matrices, inputs)
    assert [(load.expert, load.token_count) for load in loads] == list(enumerate(counts))
    assert {load.component for load in loads} == {"mlp.experts"}


def test_experts_side_by_side_are_one_stage(tmp_path: Path):
    """In true-sequential order the experts' gate and up come together, and then all that follows them."""
    save_random(MIXTURES["mixtral"], tmp_path)
    decoder = Decoder(Checkpoint.open(tmp_path))
    matrices = [matrix for matrix in decoder.checkpoint.matrices if matrix.layer == 0]
    inputs = SharedInputs()
    with decoder.block(0) as block, inputs.watch(block, matrices) as take_batch:
        take_batch(lambda: decoder.run(block, 0, decoder.embed(TOKENS)), len(TOKENS))
    stages = inputs.stages(matrix.component for matrix in matrices)
    assert [len(stage) for stage in stages] == [3, 1, 8, 4]
    assert {name.rpartition(".")[2] for name in stages[2]} == {"gate_proj", "up_proj"}


@pytest.mark.parametrize(
    ("counts", "warning"),
    [
        ((32, 40), None),
        ((31, 40), "1 of 2 experts of block 7 saw .* expert 0 only 31 for 32; give more --samples"),
        ((9, 5), "2 of 2 experts of block 7 saw .* expert 1 only 5 for 32; give more --samples"),
    ],
)
def test_fewer_tokens_than_inputs_are_remarked_on(counts: tuple[int, int], warning: str | None):
    """One line for a block, with the expert that saw least."""
    told = few_tokens("block 7", [ExpertLoad("mlp.experts", e, count, 32) for e, count in enumerate(counts)])
    assert (told is None) == (warning is None)
    assert warning is None or re.search(warning, str(told))
