"""Sparsities of blocks: the published formulas, exact means and exact counts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import PruningRequestError
from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.pruning.allocation import linear_sparsities, outlier_ratio, owl_sparsities, pruned_counts
from etl.pruning.block import BlockPruner
from etl.pruning.request import PruningRequest
from etl.pruning.scopes import prune_lowest
from tests.etl.families import FAMILIES, save_random


def published_owl(ratios: list[float], sparsity: float, spread: float) -> np.ndarray:
    """The lines of the authors' code, which give the share kept of every block."""
    kept = np.array(ratios)
    kept = (kept - kept.min()) * (1 / (kept.max() - kept.min()) * spread * 2)
    return 1 - (kept - np.mean(kept) + (1 - sparsity))


def test_owl_is_the_published_formula() -> None:
    """With blocks of one size; many outliers mean a low sparsity."""
    ratios = [0.03, 0.01, 0.02, 0.005]
    found = owl_sparsities(ratios, [100] * 4, 0.7, 0.08)
    assert found == pytest.approx(published_owl(ratios, 0.7, 0.08).tolist(), abs=1e-12)
    assert max(found) - min(found) == pytest.approx(0.16)


def test_equal_outlier_ratios_are_uniform() -> None:
    """Nothing to divide by."""
    assert owl_sparsities([0.02] * 3, [10, 20, 30], 0.5, 0.08) == [0.5] * 3


def test_linear_is_an_arithmetic_progression() -> None:
    """From 0.42 to 0.58 in equal steps."""
    assert linear_sparsities([7] * 5, 0.5, 0.08) == pytest.approx([0.42, 0.46, 0.5, 0.54, 0.58])
    assert linear_sparsities([7], 0.5, 0.08) == [0.5]


def test_the_outlier_ratio_is_over_all_matrices_of_a_block() -> None:
    """Mean 2 over ten scores: one of them is above 10, and none above five times its own matrix's mean."""
    assert outlier_ratio([torch.tensor([[11.0, 1, 1]]), torch.ones(7, 1)]) == pytest.approx(1 / 10)
    assert outlier_ratio([torch.tensor([[10.0, 1.5, 1.5]]), torch.ones(7, 1)]) == 0


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 1)), min_size=1, max_size=40),
    st.floats(0, 0.999),
    st.floats(0.001, 0.49),
)
def test_means_are_exact_and_blocks_stay_in_range(
    blocks: list[tuple[int, float]], sparsity: float, spread: float
) -> None:
    """Whatever the sizes, over all weights; no block is emptied, none is below 0."""
    sizes = [size for size, _ in blocks]
    for found in (
        linear_sparsities(sizes, sparsity, spread),
        owl_sparsities([ratio for _, ratio in blocks], sizes, sparsity, spread),
    ):
        assert np.average(found, weights=sizes) == pytest.approx(sparsity, abs=1e-9)
        assert min(found) >= -1e-12
        assert max(found) <= 1 - 0.0999 * (1 - sparsity)


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0, 0.999),
)
def test_counts_add_up_to_the_total(blocks: list[tuple[int, float]], sparsity: float) -> None:
    """Each count differs from its exact share by less than one weight, and the total by nothing."""
    sizes = [size for size, _ in blocks]
    sparsities = owl_sparsities([ratio for _, ratio in blocks], sizes, sparsity, 0.08)
    total = int(sum(sizes) * sparsity)
    counts = pruned_counts(sizes, sparsities, total)
    assert sum(counts) == total
    for count, size, share in zip(counts, sizes, sparsities, strict=True):
        assert 0 <= count <= size
        assert abs(count - size * share) <= 1 + 1e-6


def test_impossible_shares_still_add_up() -> None:
    """A caller's total far from the shares is met within the sizes."""
    assert pruned_counts([3, 3], [0.5, 0.5], 6) == [3, 3]
    assert pruned_counts([3, 3], [1.0, 1.0], 1) in ([1, 0], [0, 1])


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    """A random Llama-like model of three blocks, whose matrices have several shapes."""
    folder = tmp_path_factory.mktemp("qwen2")
    save_random(FAMILIES["qwen2"], folder)
    return Decoder(Checkpoint.open(folder))


TOKENS = torch.randint(3, 97, (3, 16), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("allocation", ["linear", "owl"])
@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("wanda", "row"),
        ("wanda", "matrix"),
        ("wanda", "cumulative"),
        ("magnitude", "matrix"),
        ("ria", "row"),
    ],
)
def test_all_weights_together_are_pruned_exactly_as_asked(
    decoder: Decoder, method: str, scope: str, allocation: str
) -> None:
    """int(0.55 · weights) of the model, whatever the scope; each block as its share says."""
    request = PruningRequest.of(method, 0.55, scope=scope, allocation=allocation, allocation_spread=0.1)
    blocks = list(BlockPruner(decoder, TOKENS).prune(request))
    total = sum(matrix.keep_mask.numel() for block in blocks for matrix in block.matrices)
    kept = sum(matrix.kept_count for block in blocks for matrix in block.matrices)
    assert total - kept == int(total * 0.55)
    for block in blocks:
        weights = sum(matrix.keep_mask.numel() for matrix in block.matrices)
        zeros = weights - sum(matrix.kept_count for matrix in block.matrices)
        assert block.share is not None
        assert abs(zeros - weights * block.share.sparsity) <= 1
        for matrix in block.matrices:
            assert torch.equal(matrix.weight != 0, matrix.keep_mask)
    sparsities = [block.share.sparsity for block in blocks if block.share]
    assert max(sparsities) - min(sparsities) == pytest.approx(0.2)
    ratios = [block.share.outlier_ratio for block in blocks if block.share]
    assert (None in ratios) == (allocation == "linear")
    if allocation == "owl":
        assert np.argsort(sparsities).tolist() == np.argsort(ratios)[::-1].tolist()


def test_sparsegpt_follows_its_share(decoder: Decoder) -> None:
    """Up to what its own thresholds, of which each prunes one weight more, leave open."""
    request = PruningRequest.of("sparsegpt", 0.5, allocation="linear")
    for block in BlockPruner(decoder, TOKENS).prune(request):
        for matrix in block.matrices:
            assert block.share is not None
            sparsity = 1 - matrix.kept_count / matrix.keep_mask.numel()
            assert sparsity == pytest.approx(block.share.sparsity, abs=2 / matrix.keep_mask.numel())


def test_rows_give_up_what_is_left_over_by_their_next_scores() -> None:
    """Five of six in two rows: two of each, and the lower of the two scores that remain."""
    scores = torch.tensor([[1.0, 5, 2], [3, 1, 4]])
    request = PruningRequest.of("wanda", 0.5, allocation="linear")
    pruned, _ = prune_lowest(scores, request, count=5)
    assert pruned.tolist() == [[True, False, True], [True, True, True]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pattern": "2:4", "allocation": "owl"}, "pattern 2:4 fixes the sparsity of every block"),
        ({"scope": "model", "allocation": "linear"}, "scope model spreads sparsity"),
        ({"allocation": "linear", "allocation_spread": 0.5}, "allocation_spread 0.5 must lie between"),
        ({"allocation_spread": 0.0}, "allocation_spread 0.0 must lie between"),
    ],
)
def test_allocations_that_make_no_sense_are_refused(settings: dict, message: str) -> None:
    """With one line, before any model is read."""
    sparsity = None if "pattern" in settings else 0.5
    with pytest.raises(PruningRequestError, match=message):
        PruningRequest.of("wanda", sparsity, **settings)


def test_the_spread_tells_runs_apart_only_where_it_counts() -> None:
    """Uniform runs have the fingerprint they always had."""
    plain, wide = (PruningRequest.of("wanda", 0.5, allocation_spread=spread) for spread in (0.08, 0.2))
    assert plain.identity == wide.identity
    owl = [PruningRequest.of("wanda", 0.5, allocation="owl", allocation_spread=s) for s in (0.08, 0.2)]
    assert plain.identity != owl[0].identity != owl[1].identity
