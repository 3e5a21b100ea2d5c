"""Masks: drawn by pattern, planted with clusters, read from files."""

import pytest
import torch
from safetensors.torch import save_file

from kernels.errors import MaskFileError, UsageError
from kernels.formats.bsr.clustered import cluster_inputs
from kernels.masks import find_pattern, planted_mask, random_mask, read_mask, separation_ratio


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def test_unstructured_masks_keep_as_many_in_every_row(generator):
    """Half of 781 inputs pruned leaves 391 in each row."""
    assert random_mask((7, 781), 0.5, "unstructured", generator).sum(1).tolist() == [391] * 7


def test_two_of_every_four_are_kept(generator):
    """Each group of four inputs keeps two."""
    mask = random_mask((5, 64), 0.5, "2:4", generator)
    assert (mask.view(5, 16, 4).sum(-1) == 2).all()
    assert find_pattern(mask) == "2:4"


def test_blocks_are_kept_whole(generator):
    """Half of the 16×64 blocks of every row of blocks."""
    mask = random_mask((32, 256), 0.5, "block", generator)
    blocks = mask.view(2, 16, 4, 64).float().mean((1, 3))
    assert sorted(blocks.flatten().tolist()) == [0] * 4 + [1] * 4


@pytest.mark.parametrize("pattern", ["5:4", "random", "0:4", "٢:٤"])
def test_an_unknown_pattern_is_refused(generator, pattern):
    """The message lists the patterns."""
    with pytest.raises(UsageError, match="2:4"):
        random_mask((4, 8), 0.5, pattern, generator)


def test_the_separation_ratio_by_hand():
    """Within 0 and 1 of 2 rows differ, mean ½ · ½; between all pairs differ in (2, 1, 2, 1) of 2 rows."""
    mask = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 1]], dtype=torch.bool)
    # Distances: (0,1) 0, (2,3) 1 within; (0,2) 2, (0,3) 1, (1,2) 2, (1,3) 1 between.
    assert separation_ratio(mask, torch.tensor([0, 0, 1, 1])) == pytest.approx(1.5 / 0.5)


def test_planted_clusters_have_the_ratio_they_are_planted_with(generator):
    """Flipping 3 % of the bits gives 0.25 / (0.03 · 0.97) = 8.6."""
    mask, labels = planted_mask((512, 256), 8, 0.03, generator)
    assert separation_ratio(mask, labels) == pytest.approx(0.25 / (0.03 * 0.97), rel=0.1)


def test_planted_clusters_are_found(generator):
    """K-means puts two inputs together if and only if they were planted together."""
    mask, labels = planted_mask((512, 128), 2, 0.02, generator)
    found = cluster_inputs(mask, 2)
    assert torch.equal(found[:, None] == found[None], labels[:, None] == labels[None])


def test_a_mask_file_is_read_with_its_run(tmp_path):
    """Mask, pattern, sparsity, run and weight come back."""
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]], dtype=torch.uint8)
    path = tmp_path / "o.safetensors"
    save_file({"mask": mask, "weight": torch.ones(2, 4)}, path, metadata={"run_id": "4"})
    case = read_mask(path)
    assert (case.source, case.pattern, case.sparsity, case.name) == ("4", "unstructured", 0.5, "o")
    assert torch.equal(case.mask, mask.bool())
    assert case.weight is not None


def test_what_is_no_mask_file_is_refused(tmp_path):
    """Missing, damaged and wrong files each get one line."""
    damaged, wrong = tmp_path / "damaged.safetensors", tmp_path / "wrong.safetensors"
    damaged.write_text("no")
    save_file({"mask": torch.ones(2, 4)}, wrong)
    for path, message in [(tmp_path / "none", "export-mask"), (damaged, "cannot read"), (wrong, "uint8")]:
        with pytest.raises(MaskFileError, match=message):
            read_mask(path)
