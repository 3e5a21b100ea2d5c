"""N:M: the register order of mma.sp by hand, and masks it must refuse."""

import pytest
import torch

from kernels.errors import PackingError
from kernels.formats.nm.format import NM, PackedNM


def test_one_group_lands_in_its_lane_and_register():
    """Row 9, inputs 20 and 23: g = 1, second half of the rows, group 5 = 4 + 1 of the first tile."""
    weight = torch.zeros(16, 64).half()
    weight[9, 20], weight[9, 23] = 3, 5
    packed = NM().pack(weight, weight != 0)
    assert isinstance(packed, PackedNM)
    values = packed.values.view(torch.float16).view(4, 32, 4, 2)
    assert values[0, 4 * 1 + 1, 3].tolist() == [3, 5]
    assert int((values != 0).sum()) == 2
    # Positions 0 and 3 make nibble 0b1100, in lane 4g + 1 (groups 4 to 7), upper half, second nibble.
    assert (int(packed.positions[0, 0, 5, 0]) >> 20) & 15 == 0b1100


def test_unkept_slots_hold_valid_ascending_positions():
    """The hardware takes only two different, ascending positions, so an empty group stores 0 and 1."""
    packed = NM().pack(torch.zeros(16, 64).half(), torch.zeros(16, 64, dtype=torch.bool))
    assert isinstance(packed, PackedNM)
    assert packed.positions.unique().tolist() == [0x44444444]


@pytest.mark.parametrize(
    ("value_format", "bits"), [("16", 9), ("fp8", 5 + 16 / 1024), ("int8", 5 + 16 / 1024), ("int4", 3.125)]
)
def test_bits_a_weight(value_format, bits):
    """Two values and two 2-bit positions for four weights, and a 16-bit scale per row or a group of 128."""
    packed = NM(value_format).pack(
        torch.ones(32, 1024).half(), (torch.arange(1024) % 2 == 0).expand(32, 1024)
    )
    assert packed.bits_per_weight == bits


@pytest.mark.parametrize("kept", [3, 4])
@pytest.mark.parametrize("group", [0, 9, 15])
def test_more_than_two_of_four_are_refused(kept, group):
    """One group too full is enough; the message names the format that takes any mask."""
    mask = torch.zeros(16, 64, dtype=torch.bool)
    mask[5, 4 * group : 4 * group + kept] = True
    with pytest.raises(PackingError, match="use sell"):
        NM().pack(torch.ones(16, 64).half(), mask)
