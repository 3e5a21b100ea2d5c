"""Matrices: their names, and the views that read and write their tensors."""

import dataclasses
import json

import pytest
import torch

from etl.model.matrices import Place, WeightMatrix

EXPERTS = torch.arange(2 * 6 * 4.0).view(2, 6, 4)

PLACES = {
    "a Linear": (Place("w"), torch.ones(6, 4), lambda w: w),
    "a Conv1D": (Place("w", transposed=True), torch.arange(24.0).view(4, 6), lambda w: w.T),
    "an expert": (Place("w", index=1), EXPERTS, lambda w: w[1]),
    "an expert's up, below its gate": (Place("w", index=1, rows=(3, 6)), EXPERTS, lambda w: w[1, 3:]),
    "a transposed expert's gate": (
        Place("w", index=0, transposed=True, rows=(0, 2)),
        EXPERTS,
        lambda w: w[0, :, :2].T,
    ),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_view_reads_and_writes_the_place_alone(kind: str):
    """What is written through a view stands in the tensor, and nothing else of it has changed."""
    place, tensor, expected = PLACES[kind]
    tensor = tensor.clone()
    before = tensor.clone()
    assert torch.equal(place.view(tensor), expected(before))
    place.view(tensor).fill_(-1)
    assert (expected(tensor) == -1).all()
    assert (tensor == -1).sum() == expected(before).numel()


@pytest.mark.parametrize(
    ("component", "projection", "expert"),
    [
        ("self_attn.q_proj", "q", None),
        ("self_attn.qkv_proj", "qkv_proj", None),
        ("attn.c_proj", "c_proj", None),
        ("mlp.experts.12.gate_proj", "gate", 12),
        ("block_sparse_moe.experts.0.w1", "w1", 0),
        ("mlp.shared_experts.down_proj", "down", None),
    ],
)
def test_only_the_seven_usual_names_lose_their_suffix(component: str, projection: str, expert: int | None):
    """Elsewhere the module's own name is the projection; experts are numbered."""
    matrix = WeightMatrix(3, component, 2, 2, "float32", "transformer.h")
    assert (matrix.projection, matrix.expert) == (projection, expert)
    assert matrix.tensor_name == f"transformer.h.3.{component}.weight"
    assert (matrix.stored.name, matrix.placed.name) == (matrix.tensor_name, f"{component}.weight")


@pytest.mark.parametrize("kind", PLACES)
def test_a_matrix_comes_back_from_json(kind: str):
    """With its places, which the folder of pruned weights keeps."""
    matrix = WeightMatrix(1, "a.b", 2, 3, "float16", "h", Place("stored"), PLACES[kind][0])
    assert WeightMatrix.of(json.loads(json.dumps(dataclasses.asdict(matrix)))) == matrix
