"""Pruned weights on disk: everything comes back, and what is unfinished or foreign is refused."""

import json
from pathlib import Path

import pytest
import torch

from etl.errors import PrunedWeightsError
from etl.model.matrices import WeightMatrix
from etl.pruning.result import PrunedBlock, PrunedMatrix
from etl.pruning.weights import PrunedWeights, PrunedWeightsWriter


def pruned_matrix(
    layer: int, component: str, width: int = 11, threshold: float | None = None
) -> PrunedMatrix:
    """A result of random numbers; its mask keeps some weights that are 0."""
    generator = torch.Generator().manual_seed(layer * 100 + width)
    keep_mask = torch.rand(3, width, generator=generator) > 0.5
    weight = (torch.randn(3, width, generator=generator) * keep_mask + 0.0).bfloat16()
    weight[keep_mask.nonzero()[0].tolist()] = 0
    return PrunedMatrix(
        matrix=WeightMatrix(layer, component, 3, width, "bfloat16"),
        weight=weight,
        keep_mask=keep_mask,
        threshold=threshold,
        reconstruction_error=0.1 + layer / 3,
        activation_norm=torch.rand(width, generator=generator),
        input_weight_norm=torch.rand(width, generator=generator),
        output_weight_norm=torch.rand(3, generator=generator),
        elapsed_seconds=0.25,
        scales=torch.rand(3, 2, generator=generator).bfloat16() if layer else None,
        warnings=("damping was raised",) if layer else (),
    )


@pytest.fixture
def blocks() -> list[PrunedBlock]:
    """Blocks 0 and 2 of a run; block 1 stayed dense."""
    return [
        PrunedBlock(layer, (pruned_matrix(layer, "b_proj", 11, 0.1), pruned_matrix(layer, "a_proj", 8)))
        for layer in (0, 2)
    ]


@pytest.fixture
def run(tmp_path: Path, blocks: list[PrunedBlock]) -> PrunedWeights:
    """The blocks, written."""
    writer = PrunedWeightsWriter(tmp_path / "run", "abc")
    for block in blocks:
        writer.add(block)
    return writer.finish()


def assert_same(found: PrunedMatrix, expected: PrunedMatrix) -> None:
    """Every field agrees, tensors with their dtypes."""
    for name, value in vars(expected).items():
        if isinstance(value, torch.Tensor):
            assert getattr(found, name).dtype == value.dtype
            assert torch.equal(getattr(found, name), value)
        else:
            assert getattr(found, name) == value


def test_blocks_come_back_as_they_were_written(run: PrunedWeights, blocks: list[PrunedBlock]):
    """Order, figures, norms, and masks that do not follow from the weights."""
    assert run.layers == (0, 2)
    for block in blocks:
        found = run.block(block.layer)
        assert found.layer == block.layer
        for matrix, expected in zip(found.matrices, block.matrices, strict=True):
            assert_same(matrix, expected)
            assert not torch.equal(matrix.keep_mask, matrix.weight != 0)


def test_weights_are_given_by_component(run: PrunedWeights, blocks: list[PrunedBlock]):
    """What perplexity needs of a block; a dense block has none."""
    weights = run.weights(2)
    assert list(weights) == ["b_proj", "a_proj"]
    assert torch.equal(weights["a_proj"], blocks[1].matrices[1].weight)
    assert run.weights(1) == {}


def test_a_run_opens_by_its_fingerprint(run: PrunedWeights, tmp_path: Path):
    """Another fingerprint is another run."""
    assert PrunedWeights(tmp_path / "run", "abc").layers == (0, 2)
    with pytest.raises(PrunedWeightsError, match="holds another pruning run"):
        PrunedWeights(tmp_path / "run", "abd")


def test_an_unfinished_run_is_no_run(tmp_path: Path, blocks: list[PrunedBlock]):
    """Killed before the manifest, also when an older run lay there, it has to be pruned again."""
    with pytest.raises(PrunedWeightsError, match="holds no finished pruning run; prune again"):
        PrunedWeights(tmp_path / "run", "abc")
    PrunedWeightsWriter(tmp_path / "run", "abc").finish()
    PrunedWeightsWriter(tmp_path / "run", "abc").add(blocks[0])
    with pytest.raises(PrunedWeightsError, match="holds no finished pruning run"):
        PrunedWeights(tmp_path / "run", "abc")


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"fingerprint": "abc"}'])
def test_a_broken_manifest_is_no_run(run: PrunedWeights, tmp_path: Path, manifest: str):
    """Whatever stands there instead."""
    (tmp_path / "run" / "run.json").write_text(manifest)
    with pytest.raises(PrunedWeightsError, match="holds no finished pruning run"):
        PrunedWeights(tmp_path / "run", "abc")


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_truncated_block_is_named(run: PrunedWeights, tmp_path: Path, size: int):
    """The error names the file and what to do."""
    path = tmp_path / "run" / "block-00002.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(PrunedWeightsError, match=r"block-00002\.safetensors cannot be read .*; prune again"):
        run.block(2)


def test_a_block_of_another_run_is_refused(run: PrunedWeights, tmp_path: Path, blocks: list[PrunedBlock]):
    """Files that were mixed up are noticed one by one."""
    PrunedWeightsWriter(tmp_path / "other", "xyz").add(blocks[1])
    name = "block-00002.safetensors"
    (tmp_path / "run" / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(PrunedWeightsError, match="belongs to another pruning run"):
        run.weights(2)


def test_files_appear_only_when_they_are_whole(run: PrunedWeights, tmp_path: Path):
    """Nothing half-written is left beside them."""
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["block-00000.safetensors", "block-00002.safetensors", "run.json"]
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == {"fingerprint": "abc", "layers": [0, 2]}


def test_folders_above_a_run_are_made(tmp_path: Path, blocks: list[PrunedBlock]) -> None:
    """The first run of a database finds no folder to write in; the second writes over the first."""
    for _ in range(2):
        writer = PrunedWeightsWriter(tmp_path / "sparsity.db.weights" / "1", "abc")
        writer.add(blocks[0])
        assert writer.finish().layers == (0,)


def test_weights_come_without_their_masks_and_norms(run: PrunedWeights) -> None:
    """A block's weights are named by component alone, so that they can be put into a model."""
    assert set(run.weights(0)) == {"a_proj", "b_proj"}
