"""Packed Hamming distances against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from etl.clusters import hamming
from etl.clusters.hamming import bytes_to_words, differing_counts, nearest, pack_words


@settings(max_examples=40)
@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 200)), seed=st.integers(0, 99))
def test_counts_agree_with_scipy(shape: tuple[int, int], seed: int) -> None:
    """Any width, whole words or not, gives the counts of comparing position by position."""
    masks = np.random.default_rng(seed).random(shape) < 0.5
    words = pack_words(masks)
    expected = cdist(masks, masks, "hamming") * shape[1]
    np.testing.assert_allclose(differing_counts(words, words), expected, atol=1e-9)


def test_counts_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One word at a time gives what all at once gives."""
    words = pack_words(np.random.default_rng(0).random((30, 300)) < 0.3)
    whole = differing_counts(words, words[:7])
    monkeypatch.setattr(hamming, "_WORDS_AT_A_TIME", 11)
    np.testing.assert_array_equal(differing_counts(words, words[:7]), whole)


def test_nearest_puts_the_reference_first_and_breaks_ties_by_index() -> None:
    """Feature 2 equals features 0 and 3; feature 1 differs in two positions."""
    masks = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0]], dtype=bool)
    assert nearest(pack_words(masks), 2, 3).tolist() == [2, 0, 3]
    assert nearest(pack_words(masks), 2, 9).tolist() == [2, 0, 3, 1]


def test_padding_of_bytes_changes_nothing() -> None:
    """Bytes padded in front, as DuckDB returns them, have the same distances."""
    masks = np.random.default_rng(1).random((6, 13)) < 0.5
    padded = np.packbits(np.concatenate([np.zeros((6, 3), dtype=bool), masks], axis=1), axis=1)
    counts = differing_counts(bytes_to_words(padded), bytes_to_words(padded))
    np.testing.assert_array_equal(counts, (masks[:, None] != masks[None, :]).sum(axis=2))
