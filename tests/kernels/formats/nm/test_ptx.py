"""The loop of the N:M kernel, run by a small machine on the bytes that `pack` stores."""

import numpy as np
import pytest
import torch

from kernels.formats.nm.format import NM, PackedNM
from kernels.formats.nm.ptx import loop_text
from kernels.formats.nm.sizes import Loop
from tests.kernels.cases import make_case
from tests.kernels.ptx_machine import Machine


def run_loop(packed: PackedNM, x: torch.Tensor, loop: Loop, program: int) -> np.ndarray:
    """Sums (row warps · row tiles, column tiles, 16, 8) of one program, those of its teams added."""
    parts = [packed.values, packed.positions, packed.scales, x.view(torch.int16)]
    memory, places = b"", []
    for part in parts:
        places.append(len(memory))
        memory += part.contiguous().view(torch.uint8).numpy().tobytes()
        memory += bytes(-len(memory) % 16)
    tiles, blocks = packed.positions.shape[:2]
    machine = Machine(memory, loop.buffer_bytes)
    machine.program = program
    threads = 32 * loop.warps
    machine.run(loop_text(loop), threads, [*places, tiles, blocks, x.shape[1], 0], first=loop.sums)
    sums = np.array([machine.registers[f"${i}"] for i in range(loop.sums)]).astype(np.uint32).view(np.float32)
    # (column tile, row tile, i = half of the rows · 2 + column, team, row warp, row, pair of columns)
    sums = sums.reshape(loop.column_tiles, loop.row_tiles, 2, 2, loop.teams, loop.row_warps, 8, 4).sum(4)
    return sums.transpose(4, 1, 0, 2, 5, 6, 3).reshape(-1, loop.column_tiles, 16, 8)


@pytest.mark.parametrize("value_format", NM.value_formats)
@pytest.mark.parametrize(
    ("batch", "warps", "row_warps", "row_tiles", "ahead"),
    [(1, 2, 1, 1, 1), (11, 2, 2, 1, 2), (3, 2, 2, 2, 1)],
)
def test_the_loop_multiplies_what_is_stored(value_format, batch, warps, row_warps, row_tiles, ahead):
    """The last program, all of its blocks, more and fewer than its teams; a tile past the last repeats it."""
    weight, mask, x = make_case("two_of_four", (40, 344), torch.bfloat16, batch=batch)
    kind = NM(value_format)
    packed = kind.pack(weight, mask)
    assert isinstance(packed, PackedNM)
    loop = Loop(value_format, torch.bfloat16, batch, warps, row_warps, row_tiles, ahead, pdl=False)
    stored = kind.unpack(packed).double()
    if value_format in {"fp8", "int8"}:
        stored /= packed.scales[:40].double()[:, None]
    want = np.zeros((48, 16))
    want[:40, :batch] = (stored @ x.double().t()).numpy()
    rows = 16 * row_warps * row_tiles
    program = -(-48 // rows) - 1
    got = run_loop(packed, x, loop, program)
    for tile, column in np.ndindex(got.shape[:2]):
        first = min(program * rows + 16 * tile, 32)
        columns = max(0, min(8, batch - 8 * column))
        expected = want[first : first + 16, 8 * column : 8 * column + columns]
        np.testing.assert_allclose(got[tile, column][:, :columns], expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_launches_fit_the_shared_memory(batch):
    """What is offered for tuning can be run, at every batch."""
    packed = NM().pack(torch.ones(16, 128).half(), torch.zeros(16, 128, dtype=torch.bool))
    launches = NM().launches(packed, batch)
    assert launches
    for launch in launches:
        warps, row_warps = launch["warps"], launch["row_warps"]
        assert warps // row_warps >= 4
        assert batch * 256 * (warps // row_warps) * (launch["ahead"] + 1) <= 48 << 10
