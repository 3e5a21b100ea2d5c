"""The model-wide cut: how often the weights are read, and what is streamed."""

from pathlib import Path

import pytest
import torch

from etl.model.checkpoint import Checkpoint
from etl.pruning import model_scope
from etl.pruning.request import PruningRequest
from tests.etl.families import FAMILIES, save_random


@pytest.mark.parametrize(("dtype", "passes"), [(torch.bfloat16, 1), (torch.float32, 2)])
def test_magnitude_reads_the_weights_once_per_16_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, passes: int
):
    """Nothing but one matrix at a time is ever held, and none is read more often than it must be."""
    save_random(FAMILIES["llama"], tmp_path, dtype)
    checkpoint = Checkpoint.open(tmp_path)
    reads = []
    read_matrix = model_scope.read_matrix
    monkeypatch.setattr(
        model_scope, "read_matrix", lambda *args: (reads.append(args[1]), read_matrix(*args))[1]
    )
    request = PruningRequest.of("magnitude", 0.5, scope="model")
    cut = model_scope.model_cut(checkpoint, checkpoint.matrices, request, {})
    assert reads == [*checkpoint.matrices] * passes
    every = torch.cat(
        [read_matrix(checkpoint, matrix).abs().flatten().float() for matrix in dict.fromkeys(reads)]
    )
    assert cut.value == every.sort().values[len(every) // 2 - 1]


def test_wanda_scores_with_the_norms_given(tmp_path: Path):
    """A matrix whose inputs are silent is pruned first, whatever its weights."""
    save_random(FAMILIES["llama"], tmp_path)
    checkpoint = Checkpoint.open(tmp_path)
    matrices = checkpoint.matrices[:2]
    norms = {
        matrices[0].tensor_name: torch.zeros(matrices[0].in_features),
        matrices[1].tensor_name: torch.ones(matrices[1].in_features),
    }
    request = PruningRequest.of("wanda", 0.25, scope="model")
    cut = model_scope.model_cut(checkpoint, matrices, request, norms)
    assert cut.value == 0
    assert cut.ties == int(0.25 * sum(matrix.out_features * matrix.in_features for matrix in matrices))
