"""Pruned matrices in the place of the dense, however a family stores them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from etl.export.checkpoint import write_shards
from etl.model.checkpoint import Checkpoint
from tests.etl.families import FAMILIES, save_random


@pytest.mark.parametrize("family", ["gpt2", "phi3", "mixtral"])
def test_matrices_are_written_where_they_are_stored(family: str, tmp_path: Path) -> None:
    """Transposed, fused or by expert: every matrix reads as it was given, and nothing else changes."""
    (tmp_path / "out").mkdir()
    save_random(FAMILIES[family], tmp_path / "dense")
    checkpoint = Checkpoint.open(tmp_path / "dense")
    generator = torch.Generator().manual_seed(0)
    given = {
        (matrix.layer, matrix.component): torch.randn(
            matrix.out_features, matrix.in_features, generator=generator
        )
        for matrix in checkpoint.matrices
        if matrix.layer == 1
    }

    def weights(layer: int) -> dict[str, torch.Tensor]:
        return {component: weight for (place, component), weight in given.items() if place == layer}

    told: list[tuple[int, int, str]] = []
    write_shards(checkpoint, weights, tmp_path / "out", lambda *parts: told.append(parts))
    assert told == [(1, 1, "model.safetensors")]
    before = load_file(tmp_path / "dense" / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    assert before.keys() == after.keys()
    for matrix in checkpoint.matrices:
        found = matrix.stored.view(after[matrix.stored.name])
        place = (matrix.layer, matrix.component)
        assert found.equal(given[place] if place in given else matrix.stored.view(before[matrix.stored.name]))
    touched = {matrix.stored.name for matrix in checkpoint.matrices if matrix.layer == 1}
    assert all(after[name].equal(before[name]) for name in before.keys() - touched)
