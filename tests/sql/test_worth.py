"""What is worth deploying: thresholds of speed-ups, blocks and bytes, and the figures that they go by."""

import numpy as np
import pytest

from tests.sample_rows import Rows


@pytest.mark.parametrize(("speedup", "kernel"), [(1.05, "sell"), (1.049, "dense"), (1.0, "dense")])
def test_a_kernel_is_worth_it_from_five_per_cent(masked: Rows, speedup: float, kernel: str) -> None:
    """Less than 1.05× is within the noise of measurements: dense stays."""
    masked.benchmark("sell", (4, 3), 10.0 / speedup, speedup=speedup)
    assert masked.one("SELECT format FROM format_recommendations") == (kernel,)
    assert masked.one("SELECT is_worthwhile FROM kernel_speedups") == (kernel == "sell",)


@pytest.mark.parametrize(
    ("kept", "promise", "kernel"), [(0.72, 1.111, "sell"), (0.73, 1.096, "dense"), (0.0, None, "sell")]
)
def test_a_promise_is_worth_it_from_ten_per_cent(
    rows: Rows, kept: float, promise: float | None, kernel: str
) -> None:
    """20 bits a kept weight promise 16 ÷ (20 × density); from 1.1× a format is proposed."""
    rows.run(1)
    rows.matrix(1, (10, 10))
    rows.pruning(1, 1, round(100 * kept), 100)
    found = rows.one("SELECT format, round(predicted_speedup, 3), gain IS NULL FROM format_recommendations")
    expected = promise if kernel == "sell" else 1.0
    assert found == (kernel, expected, promise is None)


@pytest.mark.parametrize(("kept", "good"), [(69, True), (71, False)])
def test_blocks_are_good_above_three_tenths(rows: Rows, kept: int, good: bool) -> None:
    """Blocks of two alike features that are empty in 31 of 100 positions pay, in 29 they do not."""
    rows.run(1)
    mask = np.zeros((100, 2), dtype=bool)
    mask[:kept] = True
    rows.matrix_of_run(1, 1, mask)
    rows.clustering([0, 0])
    found = rows.db.execute("SELECT DISTINCT verdict FROM block_coherence").fetchall()
    assert found == [("good: blocks can be skipped" if good else "too low to skip blocks",)]


def test_the_best_of_two_devices_counts(masked: Rows) -> None:
    """On the slower device another kernel is the best; each device has a row of its own beside it."""
    masked.benchmark("sell", (4, 3), 5.0, device="fast")
    masked.benchmark("csr", (4, 3), 8.0, device="slow")
    best = masked.one("SELECT best_speedup, best_kernel, best_device FROM model_overview")
    assert best == (2.0, "sell", "fast")
    found = masked.db.execute("SELECT device, best_kernel FROM measured_formats ORDER BY device").fetchall()
    assert found == [("fast", "sell"), ("slow", "csr")]


@pytest.mark.parametrize(
    ("csr", "block", "verdict"),
    [
        (8.0, 8.1, "the report promised more"),
        (8.0, 8.0, "as the report promised"),
        (9.6, 8.0, "as the report promised"),
        (9.7, 8.0, "the report promised less"),
    ],
)
def test_the_report_is_held_to_its_range(masked: Rows, csr: float, block: float, verdict: str) -> None:
    """A macro ratio of 1 is the report's 1.0 to 1.2× of block kernels over csr, both ends included."""
    key = masked.clustering([0, 0, 1, 1])
    masked.pairs(key, (0, 0, 1, 1.0), (1, 1, 1, 1.0), (0, 1, 4, 4.0))
    masked.benchmark("csr", (4, 3), csr)
    masked.benchmark("clustered", (4, 3), block)
    assert masked.one("SELECT verdict FROM prediction_vs_measurement") == (verdict,)


def test_csr_and_block_kernels_count_at_their_best(masked: Rows) -> None:
    """On the mask of the run both are slower than on a random one; their fastest times are compared."""
    for source, factor in (("random", 1.0), ("1", 2.0)):
        masked.benchmark("csr", (4, 3), 9.0 * factor, mask_source=source)
        masked.benchmark("bsr", (4, 3), 6.0 * factor, mask_source=source)
    assert masked.one("SELECT csr_latency_us, block_latency_us FROM measured_formats") == (9.0, 6.0)


def test_runs_of_16_bit_values_are_not_advised_by_rounded_ones(masked: Rows) -> None:
    """A kernel with int4 values is faster, but what it stores is not what the run keeps; both are listed."""
    masked.benchmark("sell", (4, 3), 5.0)
    masked.benchmark("sell", (4, 3), 2.0, value_format="int4")
    assert masked.one("SELECT best_kernel, best_speedup FROM measured_formats") == ("sell", 2.0)
    found = masked.db.execute("SELECT value_format, speedup FROM kernel_speedups ORDER BY speedup").fetchall()
    assert found == [("16", 2.0), ("int4", 5.0)]
