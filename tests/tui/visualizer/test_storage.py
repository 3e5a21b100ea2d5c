"""The calculator counts the bytes that `kernels` really stores."""

import pytest
import torch

from kernels.formats.bitmask.format import Bitmask
from kernels.formats.bsr.format import BSR
from kernels.formats.csr import CSR
from kernels.formats.nm.format import NM
from kernels.formats.sell.format import Sell
from tui.visualizer.storage import Cost, Shape, book_bytes, bsr_bytes, costs, saved

SHAPE = Shape(256, 512)


def cost(name: str, sparsity: float, shape: Shape = SHAPE) -> Cost:
    return next(found for found in costs(shape, sparsity) if found.name == name)


def masked(sparsity: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    size = (SHAPE.out_features, SHAPE.in_features)
    order = torch.rand(size, generator=generator).flatten().argsort()
    mask = torch.ones(SHAPE.weight_count, dtype=torch.bool)
    mask[order[: int(SHAPE.weight_count * sparsity)]] = False
    weight = torch.randn(size, generator=generator).to(torch.bfloat16)
    return weight, mask.view(size)


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.75])
def test_unstructured_formats_store_these_bytes(sparsity: float) -> None:
    """CSR to the byte, bitmask within the padding of its records, SELL within that of its rows."""
    weight, mask = masked(sparsity)
    packed = Bitmask().pack(weight, mask).packed_bytes
    assert packed == pytest.approx(cost("bitmask", sparsity).packed_bytes, rel=1e-3)
    assert CSR().pack(weight, mask).packed_bytes == cost("CSR", sparsity).packed_bytes
    packed = Sell().pack(weight, mask).packed_bytes
    assert cost("SELL-delta4", sparsity).packed_bytes <= packed
    assert packed == pytest.approx(cost("SELL-delta4", sparsity).packed_bytes, rel=0.15)


def test_two_of_four_stores_nine_bits_a_weight() -> None:
    """Of 16 dense bits: 43.75% saved, where a whole byte of positions a group would save 37.5%."""
    weight, _ = masked(0.5)
    mask = torch.tensor([True, False, True, False]).repeat(SHAPE.out_features, SHAPE.in_features // 4)
    counted = cost("2:4", 0.5).packed_bytes
    assert NM().pack(weight, mask).packed_bytes == counted
    assert saved(SHAPE, counted) == 0.4375
    assert saved(SHAPE, book_bytes(SHAPE)) == 0.375


def test_blocks_store_these_bytes() -> None:
    """Half of the blocks, and all of them, as BSR stores them."""
    weight, _ = masked(0.5)
    ones = torch.ones(SHAPE.out_features, SHAPE.in_features, dtype=torch.bool)
    half = ones.clone()
    half[: SHAPE.out_features // 2] = False
    for mask, share in ((ones, 1.0), (half, 0.5)):
        packed = BSR().pack(weight, mask, {"block_rows": 16, "block_columns": 16})
        assert packed.packed_bytes == bsr_bytes(SHAPE, share)


def test_arithmetic_by_hand() -> None:
    """Dense is 2 · tokens · in · out; 2:4 halves it; CSR at 50% takes more bytes than dense."""
    shape = Shape(4096, 11008, tokens=10)
    assert cost("dense", 0.5, shape).flops == 2 * 10 * 4096 * 11008
    assert cost("2:4", 0.75, shape).flops == 10 * 4096 * 11008
    assert cost("CSR", 0.75, shape).flops == 2 * 10 * 4096 * 11008 / 4
    assert (
        saved(shape, cost("CSR", 0.5, shape).packed_bytes)
        < 0
        < saved(shape, cost("CSR", 0.75, shape).packed_bytes)
    )
    assert cost("dense", 0.5, shape).packed_bytes == 2 * 4096 * 11008


@pytest.mark.parametrize("sparsity", [0.0, 0.875])
def test_the_ends_of_the_scale(sparsity: float) -> None:
    """Nothing pruned and almost everything pruned are no special case."""
    found = costs(SHAPE, sparsity)
    assert all(entry.packed_bytes > 0 for entry in found)
    assert cost("BSR, whole blocks", sparsity).packed_bytes <= cost("BSR, any weights", sparsity).packed_bytes
