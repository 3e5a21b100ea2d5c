"""Kept weights are rounded to exactly what the kernels' codecs store."""

import pytest
import torch

from etl.pruning.pruner import Choice
from etl.pruning.request import VALUE_FORMATS, PruningRequest
from etl.pruning.values import Grid, rounded
from kernels.formats.values import CODECS
from tests.etl.pruning.value_grids import LEVELS, nearest, scale


def random_weight(rows: int = 6, width: int = 32, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Weights (rows, width) of very different sizes, one group of 8 all 0."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(rows, width, generator=generator) * torch.logspace(-3, 1, width)
    weight[0, :8] = 0
    return weight.to(dtype)


def request_for(value_format: str, group_size: int = 8, pattern: str = "unstructured") -> PruningRequest:
    sparsity = 0.5 if pattern == "unstructured" else None
    return PruningRequest.of(
        "wanda", sparsity, pattern=pattern, value_format=value_format, group_size=group_size
    )


def test_every_narrow_codec_of_the_kernels_can_be_asked_for():
    """The names are the same, so that planning needs no torch."""
    assert set(VALUE_FORMATS) == set(CODECS) - {"16"}


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@pytest.mark.parametrize("group_size", [8, 32, 0])
def test_kept_weights_become_the_nearest_that_is_stored(value_format: str, group_size: int):
    """By trying every level in float64; scales come from what was kept."""
    weight = random_weight(dtype=torch.float32)
    pruned = weight.abs() < weight.abs().median()
    kept = weight.masked_fill(pruned, 0)
    found = rounded(Choice(kept, pruned, 0.25), request_for(value_format, group_size))
    groups = kept.double().unflatten(1, (-1, group_size or 32))
    scales = scale(groups, value_format)
    assert torch.equal(found.scales.double(), scales)
    expected = nearest(groups, scales[..., None].expand(groups.shape), value_format).flatten(1)
    torch.testing.assert_close(found.weight.double(), expected, rtol=1e-6, atol=0)
    assert torch.equal(found.pruned, pruned)
    assert found.threshold == 0.25


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_what_was_rounded_is_stored_and_read_back_exactly(value_format: str, dtype: torch.dtype):
    """The checkpoint's dtype holds level · scale closely enough to find the level again, for every weight."""
    weight = random_weight(width=512, dtype=dtype)
    found = rounded(Choice(weight, weight == 0), request_for(value_format, 128))
    codec, scales = CODECS[value_format], found.scales.repeat_interleave(128, 1)
    assert found.weight.dtype == dtype
    codes = codec.code(codec.levels(found.weight.float(), scales))
    assert torch.equal((codec.level(codes, torch.float32) * scales.float()).to(dtype), found.weight)
    assert torch.equal(codec.unpack(codec.pack(codes.unflatten(1, (-1, 8)))).flatten(1), codes)
    assert len(codes.unique()) > len(LEVELS[value_format]) / 3


def test_scales_of_a_codecs_own_groups_are_its_own():
    """A rounded matrix with groups of 128 is what the kernels' int4 encodes."""
    weight = random_weight(width=256, dtype=torch.float32)
    found = rounded(Choice(weight, weight == 0), request_for("int4", 128))
    coded = CODECS["int4"].encode(weight)
    assert torch.equal(coded.scales, found.scales)
    levels = CODECS["int4"].level(coded.codes, torch.float32)
    assert torch.equal(levels * coded.scales.float().repeat_interleave(128, 1), found.weight)


def test_values_stay_as_they_are_unless_asked():
    """Neither without a value format nor where the method has rounded already."""
    weight = random_weight()
    as_they_are = Choice(weight, weight == 0)
    assert rounded(as_they_are, PruningRequest.of("wanda", 0.5)) is as_they_are
    done = Choice(weight, weight == 0, scales=torch.ones(6, 4))
    assert rounded(done, request_for("int8")) is done
    assert Grid.of(PruningRequest.of("wanda", 0.5), 32) is None
