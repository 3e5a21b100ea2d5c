"""Every family pruned by every method, and evaluated as transformers evaluates what was written back."""

import math
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForCausalLM

from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.model.evaluation import perplexity
from etl.pruning.block import BlockPruner
from etl.pruning.registry import BUILT_IN, pruner, slices
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedBlock, PrunedMatrix
from tests.etl.families import ENCODERS, FAMILIES, MIXTURES, OTHERS, save_random

GENERATOR = torch.Generator().manual_seed(3)
CALIBRATION = torch.randint(3, 97, (6, 24), generator=GENERATOR)
EVALUATION = torch.randint(3, 97, (3, 12), generator=GENERATOR)
WHOLE = "model.safetensors"
#: Every method that prunes matrices, and every repair.
REQUESTS = {
    method: PruningRequest.of(method, pattern="2:4")
    if pruner(method).prunes
    else PruningRequest.of(method, value_format="int4", group_size=8)
    for method in BUILT_IN
    if not slices(method)
} | {
    "swaps": PruningRequest.of("wanda", pattern="2:4", refine="swaps"),
    "reconstruct": PruningRequest.of("wanda", pattern="2:4", refine="reconstruct", refine_steps=2),
}


def write_back(folder: Path, dense: dict[str, torch.Tensor], matrices: list[PrunedMatrix]) -> Path:
    """Put pruned matrices into the tensors of a checkpoint inside its folder, each at its place."""
    tensors = {name: tensor.clone() for name, tensor in dense.items()}
    for pruned in matrices:
        place = pruned.matrix.stored
        place.view(tensors[place.name]).copy_(pruned.weight)
    target = folder / "pruned"
    target.mkdir(exist_ok=True)
    shutil.copy(folder / "config.json", target)
    save_file(tensors, target / WHOLE, metadata={"format": "pt"})
    return target


@torch.no_grad()
def loaded_perplexity(folder: Path) -> float:
    """Return exp(mean loss) of a checkpoint, loaded and run by transformers alone."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return math.exp(sum(model(row[None], labels=row[None]).loss.item() for row in EVALUATION) / 3)


@pytest.mark.parametrize("family", OTHERS | MIXTURES)
def test_perplexity_is_that_of_the_pruned_weights_in_transformers(family: str, tmp_path: Path):
    """By every method: half of each matrix, in place in the checkpoint, and the same model comes out."""
    save_random(FAMILIES[family], tmp_path)
    dense = load_file(tmp_path / WHOLE)
    decoder = Decoder(Checkpoint.open(tmp_path))
    block_pruner = BlockPruner(decoder, CALIBRATION)
    found = set()
    for name, request in REQUESTS.items():
        blocks = list(block_pruner.prune(request))
        weights = {block.layer: by_component(block) for block in blocks}
        measured = perplexity(decoder, EVALUATION.flatten(), 12, weights.__getitem__).value
        found.add(measured)
        matrices = [matrix for block in blocks for matrix in block.matrices]
        assert [pruned.matrix for pruned in matrices] == list(decoder.checkpoint.matrices)
        share = 1 - request.sparsity
        assert all(pruned.kept_count == share * pruned.keep_mask.numel() for pruned in matrices)
        assert all(0 < pruned.reconstruction_error < 1.1 for pruned in matrices), name
        folder = write_back(tmp_path, dense, matrices)
        assert loaded_perplexity(folder) == pytest.approx(measured, rel=1e-6), name
    assert len(found) == len(REQUESTS)


@pytest.mark.parametrize("family", ENCODERS)
def test_the_states_of_a_pruned_encoder_are_those_of_its_weights_in_transformers(family: str, tmp_path: Path):
    """By every method: it has no perplexity, but it has the states of its last block."""
    save_random(ENCODERS[family], tmp_path)
    dense = load_file(tmp_path / WHOLE)
    decoder = Decoder(Checkpoint.open(tmp_path))
    block_pruner = BlockPruner(decoder, CALIBRATION)
    for name, request in REQUESTS.items():
        blocks = list(block_pruner.prune(request))
        states = decoder.embed(EVALUATION)
        for block in blocks:
            with decoder.block(block.layer, by_component(block)) as loaded:
                states = decoder.run(loaded, block.layer, states)
        matrices = [matrix for block in blocks for matrix in block.matrices]
        assert all(0 < pruned.reconstruction_error < 1.1 for pruned in matrices), name
        folder = write_back(tmp_path, dense, matrices)
        torch.testing.assert_close(loaded_states(folder), states, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def loaded_states(folder: Path) -> torch.Tensor:
    """Return what the last block of an encoder gives, loaded and run by transformers alone."""
    seen = []
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    last = model.get_submodule(Checkpoint.open(folder).layout.blocks)[-1]
    last.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    model(EVALUATION)
    return seen[0][0] if isinstance(seen[0], tuple) else seen[0]


def by_component(block: PrunedBlock) -> dict[str, torch.Tensor]:
    """The pruned weights of a block."""
    return {pruned.matrix.component: pruned.weight for pruned in block.matrices}
