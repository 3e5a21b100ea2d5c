"""What the teaching page says of its methods."""

import dataclasses

import pytest

from tui.visualizer.pruning import EXAMPLE, SPARSITIES, outcomes
from tui.visualizer.text import comparison


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_the_least_error_is_of_methods_that_keep_as_many(sparsity: float) -> None:
    """2:4 keeps half: beside 87.5 % its small error says nothing, and the page says how many it keeps."""
    found = outcomes(dataclasses.replace(EXAMPLE, sparsity=sparsity))
    fewest = min(outcome.kept_count for outcome in found)
    for outcome, line in zip(found, comparison(found).plain.splitlines()[1:], strict=True):
        keeps_more = outcome.kept_count > fewest + len(outcome.kept)
        assert ("keeps" in line) == keeps_more
        assert not (keeps_more and "least" in line)
    assert comparison(found).plain.count("least") >= 1
