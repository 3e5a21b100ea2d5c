"""SELL-delta4: its layout by hand, its padding, its row order, random masks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import PackingError
from kernels.formats.sell.format import PackedSell, Sell
from tests.kernels.cases import dense_product, make_case, relative_error

ONE_LANE = {"tile_rows": 1, "lanes": 1, "phases": 1}


def pack(weight: torch.Tensor, mask: torch.Tensor, layout: dict[str, int]) -> PackedSell:
    packed = Sell().pack(weight, mask, layout)
    assert isinstance(packed, PackedSell)
    return packed


def test_the_layout_of_one_row_by_hand():
    """Columns 2, 3, 7 start at 2 with gaps 0, 1, 4; the other five slots repeat column 7 with value 0."""
    weight = torch.arange(1.0, 9.0).half()[None]
    mask = torch.zeros(1, 8, dtype=torch.bool)
    mask[0, [2, 3, 7]] = True
    packed = pack(weight, mask, ONE_LANE)
    assert packed.starts.tolist() == [2]
    assert packed.gaps.tolist() == [0x410]
    assert packed.values.view(torch.float16).tolist() == [3, 4, 8, 0, 0, 0, 0, 0]
    assert packed.steps.tolist() == [0, 1]
    assert packed.row_order.tolist() == [0]


def test_a_gap_over_15_takes_an_explicit_zero():
    """From column 0 to 40: zeros at 15 and 30, then the value, ten columns on."""
    weight = torch.ones(1, 41).bfloat16()
    mask = torch.zeros(1, 41, dtype=torch.bool)
    mask[0, [0, 40]] = True
    packed = pack(weight, mask, ONE_LANE)
    assert packed.gaps.tolist() == [0xAFF0]
    assert packed.values.view(torch.bfloat16).tolist() == [1, 0, 0, 1, 0, 0, 0, 0]


def test_one_long_row_pads_only_its_own_tile():
    """Rows are sorted by length: a full row among empty ones costs one tile, not the whole matrix."""
    weight = torch.ones(64, 256).half()
    mask = torch.zeros(64, 256, dtype=torch.bool)
    mask[40] = True
    packed = pack(weight, mask, {"tile_rows": 16, "lanes": 4, "phases": 1})
    assert packed.row_order[0] == 40
    assert packed.steps.tolist() == [0, 8, 8, 8, 8]


def test_bits_a_weight_at_half():
    """Rows that fill their lanes take 20 bits per entry and little else: 10.1 bits per weight at 50 %."""
    mask = (torch.arange(4096) % 2 == 0).expand(64, 4096)
    packed = pack(torch.ones(64, 4096).half(), mask, {"tile_rows": 32, "lanes": 16, "phases": 1})
    assert 10.0 < packed.bits_per_weight < 10.15


def test_more_inputs_than_16_bits_can_number_are_refused():
    """The start column of a lane has 16 bits."""
    weight = torch.zeros(1, 65537, dtype=torch.float16)
    with pytest.raises(PackingError, match="65536"):
        Sell().pack(weight, weight.bool())


@settings(max_examples=25)
@given(
    rows=st.integers(1, 20), columns=st.integers(1, 90), density=st.floats(0, 1), seed=st.integers(0, 99),
    lanes=st.sampled_from([1, 4]),
    phases=st.sampled_from([1, 3]),
)  # fmt: skip
def test_any_mask_survives_packing(rows, columns, density, seed, lanes, phases):
    """Unpacking gives back every mask of every shape, whatever the layout."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator).bfloat16()
    mask = torch.rand(rows, columns, generator=generator) < density
    packed = pack(weight, mask, {"tile_rows": 8, "lanes": lanes, "phases": phases})
    assert torch.equal(Sell().unpack(packed), weight.masked_fill(~mask, 0))


def test_phases_and_reading_ahead_change_nothing():
    """Two phases, and however many steps are read ahead, give the same product."""
    weight, mask, x = make_case("uneven", (20, 200), torch.float16)
    packed = pack(weight, mask, {"tile_rows": 8, "lanes": 4, "phases": 2})
    for depth in (1, 2, 4):
        got = Sell().multiply(packed, x, None, {"depth": depth, "pdl": 1})
        assert relative_error(got, dense_product(weight, mask, x)) < 1e-3
