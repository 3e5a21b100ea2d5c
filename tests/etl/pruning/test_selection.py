"""Exact selection against a naive stable sort: ties, signed zeros, subnormals, streams."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from etl.errors import PruningError
from etl.pruning import selection
from etl.pruning.patterns import Pattern

DTYPES = [torch.float32, torch.bfloat16, torch.float16]

#: Few distinct values, so that ties are common, with both zeros and subnormals of float32 among them.
TIED = st.sampled_from([0.0, -0.0, 1e-45, 3e-41, 1.1754942e-38, 0.25, 0.5, 0.5000001, 1.0, 3.0e38])
SPREAD = st.floats(min_value=0, max_value=2.0**127, width=32)
MATRICES = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.sampled_from([4, 8, 12])), elements=TIED | SPREAD
)


def lowest_by_stable_sort(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The first `count` of a stable ascending order of Python floats, as a bool vector."""
    values = scores.tolist()
    order = sorted(range(len(values)), key=lambda index: values[index] + 0.0)
    return torch.tensor([index in order[:count] for index in range(len(values))])


@given(matrix=MATRICES, share=st.floats(0, 1))
def test_lowest_of_rows_agrees_with_a_stable_sort_of_each_row(matrix: np.ndarray, share: float):
    """Each row loses exactly the count asked for, ties from the left."""
    scores = torch.from_numpy(matrix)
    count = int(scores.shape[1] * share)
    expected = torch.stack([lowest_by_stable_sort(row, count) for row in scores])
    assert torch.equal(selection.lowest_of_rows(scores, count), expected)


@given(matrix=MATRICES, share=st.floats(0, 1))
def test_lowest_of_matrix_agrees_with_a_stable_sort_of_all(matrix: np.ndarray, share: float):
    """The matrix loses exactly the count asked for; the threshold is the largest score pruned."""
    scores = torch.from_numpy(matrix)
    count = int(scores.numel() * share)
    pruned, threshold = selection.lowest_of_matrix(scores, count)
    assert torch.equal(pruned.flatten(), lowest_by_stable_sort(scores.flatten(), count))
    assert threshold == (float(scores[pruned].max()) if count else None)


@given(matrix=MATRICES, text=st.sampled_from(["1:2", "1:4", "2:4", "3:4"]))
def test_lowest_of_groups_agrees_with_a_stable_sort_of_each_group(matrix: np.ndarray, text: str):
    """Every group of M keeps exactly N, ties pruned from the left."""
    scores, pattern = torch.from_numpy(matrix), Pattern.parse(text)
    groups = scores.reshape(-1, pattern.group)
    expected = torch.stack([lowest_by_stable_sort(row, pattern.group - pattern.kept) for row in groups])
    assert torch.equal(selection.lowest_of_groups(scores, pattern), expected.view(scores.shape))


@given(matrix=MATRICES, share=st.floats(0, 1))
def test_lowest_of_columns_is_lowest_of_rows_transposed(matrix: np.ndarray, share: float):
    """Each column loses exactly the count asked for, ties from the top."""
    scores = torch.from_numpy(matrix)
    count = int(scores.shape[0] * share)
    expected = torch.stack([lowest_by_stable_sort(column, count) for column in scores.T]).T
    assert torch.equal(selection.lowest_of_columns(scores, count), expected)


@given(matrix=MATRICES, data=st.data())
def test_at_or_below_rank_prunes_every_score_up_to_the_ranked_one(matrix: np.ndarray, data: st.DataObject):
    """The reference rule: index the ascending scores, prune whatever is not above."""
    scores = torch.from_numpy(matrix)
    rank = data.draw(st.integers(0, scores.numel() - 1))
    pruned, threshold = selection.at_or_below_rank(scores, rank)
    assert threshold == sorted(scores.flatten().tolist())[rank]
    assert torch.equal(pruned, scores <= threshold)


@given(
    chunks=st.lists(MATRICES, min_size=1, max_size=4),
    dtype=st.sampled_from(DTYPES),
    share=st.floats(0, 1),
)
def test_stream_threshold_agrees_with_a_stable_sort_of_the_whole_stream(
    chunks: list[np.ndarray], dtype: torch.dtype, share: float
):
    """Chunk by chunk the same weights go as from one sort over everything, in every dtype."""
    # The largest draws overflow in 16 bits, and infinities are refused on purpose.
    stream = [torch.from_numpy(chunk).clamp(max=6e4).to(dtype) for chunk in chunks]
    scores = torch.cat([chunk.flatten() for chunk in stream]).float()
    count = int(len(scores) * share)
    cut = selection.stream_threshold(lambda: stream, count)
    pruned = torch.cat([cut.prune_next(chunk).flatten() for chunk in stream])
    assert torch.equal(pruned, lowest_by_stable_sort(scores, count))


def test_stream_threshold_reads_bfloat16_once_and_float32_twice():
    """In bfloat16 the lower half of the bits is empty, so that one histogram is enough."""
    passes = []

    def chunks(dtype: torch.dtype) -> list[torch.Tensor]:
        passes.append(dtype)
        return [torch.arange(1, 9).to(dtype)]

    for dtype in (torch.bfloat16, torch.float32):
        assert selection.stream_threshold(lambda dtype=dtype: chunks(dtype), 3).value == 3.0
    assert passes == [torch.bfloat16, torch.float32, torch.float32]


def test_stream_threshold_crosses_its_own_pieces():
    """A chunk longer than the histogram's pieces is counted whole."""
    scores = torch.rand(selection._PIECE + 77, generator=torch.Generator().manual_seed(0))
    count = len(scores) // 3
    cut = selection.stream_threshold(lambda: [scores], count)
    assert cut.value == scores.sort().values[count - 1].item()
    assert cut.prune_next(scores).sum() == count


@pytest.mark.parametrize("bad", [-1.0, float("inf"), float("nan")])
def test_stream_threshold_refuses_scores_that_have_no_place(bad: float):
    """A negative, infinite or NaN score is an error, not a silent place in the order."""
    with pytest.raises(PruningError, match="negative, infinite or NaN"):
        selection.stream_threshold(lambda: [torch.tensor([1.0, bad])], 1)


def test_topk_of_groups_prunes_the_same_counts_as_the_stable_rule():
    """Where nothing ties, the published rule and the stable one are the same, as masks of booleans."""
    scores, pattern = torch.randperm(64).float().view(4, 16), Pattern.parse("2:4")
    found = selection.topk_of_groups(scores, pattern)
    assert found.dtype == torch.bool
    assert torch.equal(found, selection.lowest_of_groups(scores, pattern))


@given(matrix=MATRICES, share=st.floats(0, 1))
def test_the_sort_of_a_gpu_chooses_as_the_partition_does(matrix: np.ndarray, share: float):
    """Devices sort where the CPU partitions; on one device both give the same mask, ties included."""
    scores = torch.from_numpy(matrix)
    count = int(scores.shape[1] * share)
    assert torch.equal(selection._lowest_by_sort(scores, count), selection.lowest_of_rows(scores, count))


def test_groups_of_an_unstructured_pattern_are_refused():
    """Only N:M has groups."""
    with pytest.raises(PruningError, match="no groups"):
        selection.lowest_of_groups(torch.ones(2, 4), Pattern())


@pytest.mark.gpu
def test_selection_on_a_gpu_is_the_selection_on_the_cpu():
    """Sorts on the device choose the same weights as partitions on the CPU, ties included."""
    scores = torch.randint(0, 50, (64, 256), generator=torch.Generator().manual_seed(0)).float()
    pattern, there = Pattern.parse("2:4"), scores.cuda()
    assert torch.equal(selection.lowest_of_rows(there, 100).cpu(), selection.lowest_of_rows(scores, 100))
    pruned, threshold = selection.lowest_of_matrix(there, 5000)
    expected, expected_threshold = selection.lowest_of_matrix(scores, 5000)
    assert torch.equal(pruned.cpu(), expected)
    assert threshold == expected_threshold
    assert torch.equal(
        selection.lowest_of_groups(there, pattern).cpu(), selection.lowest_of_groups(scores, pattern)
    )
    assert selection.at_or_below_rank(there, 777)[1] == selection.at_or_below_rank(scores, 777)[1]
