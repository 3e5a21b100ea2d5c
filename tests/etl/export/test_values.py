"""Narrow values packed: what is unpacked by hand is the weight of the run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from etl.export.values import write_values
from etl.model.matrices import WeightMatrix
from etl.pruning.request import VALUE_FORMATS
from etl.pruning.result import PrunedBlock, PrunedMatrix
from etl.pruning.values import Grid
from etl.pruning.weights import PrunedWeightsWriter
from kernels.formats.values import get_codec

GROUP = 8


def pruned_matrix(component: str, value_format: str) -> PrunedMatrix:
    """A matrix (5, 24) that keeps an odd number of weights, one group of them none, rounded."""
    generator = torch.Generator().manual_seed(len(component))
    keep_mask = torch.rand(5, 24, generator=generator) > 0.5
    keep_mask[0, :GROUP] = False
    keep_mask[4, 23] = keep_mask[:4].sum() + keep_mask[4, :23].sum() & 1 == 0
    assert keep_mask.sum() % 2 == 1
    grid = Grid(get_codec(value_format), GROUP)
    dense = torch.randn(5, 24, generator=generator) * keep_mask
    scales = grid.scales(dense)
    norms = {name: torch.ones(1) for name in ("activation_norm", "input_weight_norm", "output_weight_norm")}
    return PrunedMatrix(
        matrix=WeightMatrix(0, component, 5, 24, "bfloat16"),
        weight=grid.rounded(dense, scales).bfloat16() + 0.0,
        keep_mask=keep_mask,
        threshold=None,
        reconstruction_error=0.1,
        elapsed_seconds=0.1,
        scales=scales,
        **norms,
    )


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
def test_unpacked_values_are_the_weights(value_format: str, tmp_path: Path) -> None:
    """Read as the model card says, with NumPy and torch alone: level times scale at the kept positions."""
    matrices = [pruned_matrix(name, value_format) for name in ("a_proj", "long_proj")]
    writer = PrunedWeightsWriter(tmp_path / "run", "abc")
    writer.add(PrunedBlock(0, tuple(matrices)))
    (tmp_path / "out").mkdir()
    write_values(writer.finish(), value_format, tmp_path / "out")
    path = tmp_path / "out" / "values" / "block-00000.safetensors"
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"value_format": value_format}
    for pruned in matrices:
        name = f"model.layers.0.{pruned.matrix.component}"
        levels = unpacked(tensors[f"{name}.values"], value_format, int(pruned.keep_mask.sum()))
        scales = tensors[f"{name}.scales"].float().numpy().repeat(GROUP, axis=1)
        weight = np.zeros((5, 24), np.float32)
        weight[pruned.keep_mask.numpy()] = levels
        assert torch.from_numpy(weight * scales).bfloat16().equal(pruned.weight)


def unpacked(values: torch.Tensor, value_format: str, count: int) -> np.ndarray:
    if value_format != "int4":
        assert len(values) == count
        return values.float().numpy()
    packed = values.numpy()
    assert len(packed) == (count + 1) // 2
    return np.stack([packed & 15, packed >> 4], axis=1).flatten()[:count].astype(np.float32) - 8
