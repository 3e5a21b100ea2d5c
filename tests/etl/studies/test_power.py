"""The study of errors: masks are what they are said to be, and its tables count what was found."""

import numpy as np
import pytest

from etl.structure.sequential import LARGEST, NEAREST
from etl.studies.power import (
    FLIPS,
    PATTERNS,
    SIZES,
    as_subject,
    false_positive_table,
    planted_mask,
    power_table,
    random_mask,
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_random_masks_keep_half_by_their_pattern(pattern: str) -> None:
    """Half of every row, of every group, or of the whole matrix; columns differ as their norms do."""
    mask = random_mask((40, 64), pattern, [0])
    group, whole = PATTERNS[pattern]
    assert mask.sum() == mask.size // 2
    if not whole:
        grouped = mask.reshape(40, -1, group or 64)
        assert (grouped.sum(axis=-1) == grouped.shape[2] // 2).all()
    assert mask.mean(axis=0).std() > 0.05


def test_planted_features_are_copies_but_for_the_flips() -> None:
    """Neighbours in a cluster differ in 2 f (1 − f) of the positions, others in half."""
    mask = planted_mask(16, 0.15, 0)
    assert np.mean(mask[:, 0] != mask[:, 1]) == pytest.approx(2 * 0.15 * 0.85, abs=0.08)
    assert np.mean(mask[:, 0] != mask[:, 16]) == pytest.approx(0.5, abs=0.08)
    np.testing.assert_array_equal(as_subject(mask, None, (0, "input"), 0).mask(), mask)


def test_false_positives_by_hand() -> None:
    """Of two runs of two tests one has a q below 0.05; one p-value of four lies below 0.05."""
    table = false_positive_table({"2:4": [[0.01, 0.65], [0.35, 0.95]]})
    assert table.splitlines()[-1] == "| 2:4 | 2 | 1 | 25.0% | 1 0 0 1 0 0 1 0 0 1 |"


def test_power_by_hand() -> None:
    """Found by one test of two in half of the masks; either counts at half the level."""
    found = [{NEAREST: 0.01, LARGEST: 0.04}, {NEAREST: 0.5, LARGEST: 0.04}]
    table = power_table({(size, flips): found for size in SIZES for flips in FLIPS})
    assert table.splitlines()[2] == "| 16 | " + " | ".join(["0.5 (0.5 / 1.0)"] * 4) + " |"
