"""Bitmask records: where one entry goes, and the PTX that copies, decodes and multiplies them, run here."""

import numpy as np
import pytest
import torch

from kernels.formats.bitmask.format import Bitmask, PackedBitmask
from kernels.formats.bitmask.ptx import SUMS, copy_text, decode_text
from kernels.measuring import fitting_launch
from tests.kernels.cases import make_case
from tests.kernels.ptx_machine import Machine


def bits_of(sums: np.ndarray) -> np.ndarray:
    """Return float32 bits as the machine's registers hold them."""
    return np.asarray(sums, np.float32).view(np.uint32).astype(np.uint64)


def test_one_entry_lands_on_its_bit():
    """Row 13, input 46: lane 4 · 5 + 1, second half, row past 8, upper step, third of four."""
    weight = torch.zeros(16, 64).half()
    weight[13, 46] = 3
    packed = Bitmask().pack(weight, weight != 0)
    assert isinstance(packed, PackedBitmask)
    assert packed.words.nonzero().flatten().tolist() == [4 * 5 + 1, 32]
    assert int(packed.words[21]) == 1 << (8 * (2 * 1 + 1) + 4 * 1 + 2)
    assert packed.words[32:].view(torch.float16)[0] == 3


def test_entries_of_four_bits_of_all_lanes_lie_together():
    """A full record starts with inputs 0 to 3 of rows 0 to 7 at every eighth input of the first half."""
    weight = torch.arange(1024).view(16, 64).to(torch.bfloat16)
    packed = Bitmask().pack(weight, torch.ones(16, 64, dtype=torch.bool))
    assert isinstance(packed, PackedBitmask)
    values = packed.words[32:].view(torch.bfloat16)[:128].view(8, 4, 4)
    assert torch.equal(values, weight[:8].view(8, 8, 8)[:, :4, :4])


def test_settings_that_do_not_fit_a_denser_mask_give_way():
    """What was tuned at half density would take 70 KiB of shared memory on a record that keeps all."""
    weight = torch.ones(32, 64, dtype=torch.float16)
    half = torch.arange(64).expand(32, 64) % 2 == 0
    kind, layout, wanted = Bitmask(), {"row_tiles": 2}, {"warps": 8, "ahead": 1}
    assert fitting_launch(kind, kind.pack(weight, half, layout), 1, wanted) == wanted
    full = kind.pack(weight, torch.ones_like(half), layout)
    assert fitting_launch(kind, full, 1, wanted) == {"warps": 4, "ahead": 1}


@pytest.mark.parametrize("mask_name", ["half", "dense", "empty", "sparse", "uneven"])
@pytest.mark.parametrize("row_tiles", [1, 2])
@pytest.mark.parametrize("column_tiles", [1, 2])
def test_the_ptx_copies_and_multiplies_a_record(mask_name, row_tiles, column_tiles):
    """A warp's sums before, plus weights × x in the fragments of m16n8k16."""
    columns = 8 * column_tiles
    weight, mask, x = make_case(mask_name, (16 * row_tiles, 64), torch.bfloat16, batch=columns)
    packed = Bitmask().pack(weight, mask, {"row_tiles": row_tiles})
    assert isinstance(packed, PackedBitmask)
    machine = Machine(packed.words.numpy().tobytes(), 16 * packed.largest + 32)
    machine.run(copy_text(packed.largest), 32, [16, 0, packed.largest])
    lane = np.arange(32)
    sums = np.arange(SUMS * 32, dtype=np.float32).reshape(SUMS, 32)
    # Words of x: of column lane div 4, inputs 8 · t on of either half, for each tile of columns.
    words = x.view(torch.int16).numpy().view(np.uint32).reshape(column_tiles, 8, 2, 4, 4)
    arguments: list[int | np.ndarray] = [bits_of(row) for row in sums]
    for tile in range(2):
        for half, word in np.ndindex(2, 4):
            arguments.append(words[min(tile, column_tiles - 1), lane // 4, half, lane % 4, word])
    machine.run(decode_text(row_tiles, column_tiles, "bf16"), 32, [*arguments, 16, 1], first=SUMS)
    want = (weight.double() * mask).numpy() @ x.double().numpy().T
    for tile, column_tile, i in np.ndindex(row_tiles, column_tiles, 4):
        index = 8 * column_tile + 4 * tile + i
        got = machine.registers[f"${index}"].astype(np.uint32).view(np.float32)
        at = want[16 * tile + lane // 4 + 8 * (i // 2), 8 * column_tile + 2 * (lane % 4) + i % 2]
        np.testing.assert_allclose(got, sums[index] + at, rtol=1e-6, atol=1e-4)


def test_without_a_record_the_sums_stay():
    """A warp that has no record left runs along with whatever its slot holds."""
    machine = Machine(b"", 4096)
    arguments: list[int | np.ndarray] = [bits_of(np.full(32, i)) for i in range(SUMS)]
    machine.run(decode_text(2, 2, "bf16"), 32, [*arguments, *[0] * 16, 0, 0], first=SUMS)
    for index in range(SUMS):
        np.testing.assert_array_equal(machine.registers[f"${index}"], bits_of(np.full(32, index)))
