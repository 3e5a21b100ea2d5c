"""x in shared memory: what the copies write, run by a small machine, and which windows SELL chooses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.formats.gpu.ptx import STAGED_BYTES, row_text, sum_text
from kernels.formats.sell.windows import WIDEST_STAGED, Window, choose_window, count_phases
from tests.kernels.ptx_machine import Machine

UNWRITTEN = 0xEEEE


def numbers(columns: int, inputs: int) -> np.ndarray:
    """Return x (columns, inputs) as 16-bit words that all differ from their neighbours and from UNWRITTEN."""
    return np.arange(columns * inputs, dtype=np.uint16).reshape(columns, inputs)


@pytest.mark.parametrize(("width", "batch"), [(1, 1), (2, 1), (2, 2), (4, 3), (4, 4)])
@pytest.mark.parametrize(("window", "begin"), [(64, 0), (200, 0), (64, 136)])
def test_rows_lie_beside_each_other(width, batch, window, begin):
    """Entry c of the window holds x[0, c] … x[width − 1, c]; columns past the batch are left alone."""
    x = numbers(batch, 200)
    machine = Machine(x.tobytes(), 2 * window * width)
    shared = machine.run(row_text(2 * window, 64, width), 64, [0, 2 * begin, 2 * x.shape[1], batch])
    got = shared.view(np.uint16).reshape(window, width)
    np.testing.assert_array_equal(got[:, :batch], x[:, begin : begin + window].T)
    assert (got[:, batch:] == UNWRITTEN).all()


@pytest.mark.parametrize("count", [1, 3, 4, 16, 32])
def test_sums_of_warps_are_added_where_they_are_wanted(count):
    """Thread t adds the words t of all warps, the others get 0 and read nothing."""
    parts = np.random.default_rng(count).standard_normal((count, 8)).astype(np.float32)
    machine = Machine(b"", parts.nbytes)
    machine.shared[:] = parts.view(np.uint8).ravel()
    thread = np.arange(64, dtype=np.uint64)
    machine.run(sum_text(count, parts[0].nbytes), 64, [4 * thread, thread < 8])
    sums = machine.registers["$0"].astype(np.uint32).view(np.float32)
    np.testing.assert_allclose(sums[:8], parts.sum(0), rtol=1e-5, atol=1e-6)
    assert (sums[8:] == 0).all()


@settings(max_examples=200)
@given(columns=st.integers(1, 8192).map(lambda n: 8 * n), width=st.sampled_from([1, 2, 4]))
def test_windows_cover_all_inputs_and_fit(columns, width):
    """With the phases counted for them, windows reach from the first input to the last and overlap."""
    phases = count_phases(columns, width)
    window = choose_window(columns, phases, width)
    assert window is not None
    assert 2 * width * window.size <= STAGED_BYTES
    assert window.shift * (phases - 1) + window.size == columns
    assert window.size % 8 == window.shift % 8 == 0
    assert phases == 1 or window.shift < window.size


def test_inputs_that_cannot_be_copied_have_no_window():
    """Copies are 16 bytes each and serve 4 columns of x at the most."""
    assert choose_window(4097, 1, 1) is None
    assert choose_window(28672, 1, 1) is None
    assert choose_window(4096, 1, 2 * WIDEST_STAGED) is None


def test_a_window_holds_what_starts_and_ends_in_it():
    """Two windows of 100 columns, the second from 50 on."""
    window = Window(100, 50)
    assert window.holds(((0, 99), (50, 149)))
    assert not window.holds(((0, 100), (50, 149)))
    assert not window.holds(((0, 99), (49, 149)))
