"""SparseSwaps against brute force: no exchange is left that gains, and none was made that loses."""

import itertools

import pytest
import torch

from etl.pruning.patterns import Pattern
from etl.pruning.refinement.swaps import swap

PATTERNS = ("unstructured", "2:4", "1:3")


def problem(rows: int, columns: int, pattern: Pattern, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Weights (rows, columns), a magnitude mask, and the Gram matrix of correlated inputs."""
    torch.manual_seed(seed)
    weight = torch.randn(rows, columns)
    inputs = torch.randn(2 * columns, columns) @ (torch.eye(columns) + 0.3 * torch.randn(columns, columns))
    group = pattern.group or columns
    goes = pattern.pruned or columns // 2
    lowest = weight.abs().view(rows, -1, group).argsort(dim=2)[..., :goes]
    pruned = torch.zeros(rows, columns // group, group, dtype=torch.bool).scatter_(2, lowest, value=True)
    return weight, pruned.view(rows, columns), inputs.T @ inputs


def losses(
    weight: torch.Tensor, values: torch.Tensor, pruned: torch.Tensor, gram: torch.Tensor
) -> torch.Tensor:
    """eᵀGe of every row in float64."""
    errors = weight.double() - values.double() * ~pruned
    return ((errors @ gram.double()) * errors).sum(dim=1)


def exchanges(pruned: torch.Tensor, group: int) -> list[torch.Tensor]:
    """Every mask (in,) that differs from `pruned` (in,) by one exchange inside a group."""
    masks = []
    for goes, stays in itertools.product(range(len(pruned)), repeat=2):
        if goes // group == stays // group and not pruned[goes] and pruned[stays]:
            mask = pruned.clone()
            mask[goes], mask[stays] = True, False
            masks.append(mask)
    return masks


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("quick", [2, 16])
def test_no_exchange_is_left_that_gains(monkeypatch: pytest.MonkeyPatch, pattern: str, quick: int) -> None:
    """Whatever the quick search looks at first, and in chunks of a few rows."""
    monkeypatch.setattr("etl.pruning.refinement.swaps._CANDIDATES", quick)
    monkeypatch.setattr("etl.pruning.refinement.swaps._PAIRS_AT_A_TIME", 100)
    form = Pattern.parse(pattern)
    weight, start, gram = problem(5, 12, form)
    pruned = swap(weight, start, gram, form)
    before = losses(weight, weight, start, gram)
    after = losses(weight, weight, pruned, gram)
    assert (after < before).any()
    for row, loss in enumerate(after):
        for mask in exchanges(pruned[row], form.group or 12):
            other = losses(weight[row : row + 1], weight[row : row + 1], mask.unsqueeze(0), gram)
            assert other > loss * (1 - 1e-4)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_rows_and_groups_keep_their_counts_and_never_lose(pattern: str) -> None:
    """Also where a row is wide enough for the quick search to leave most pairs out."""
    form = Pattern.parse(pattern)
    weight, start, gram = problem(8, 96, form)
    pruned = swap(weight, start, gram, form)
    group = form.group or 96
    assert torch.equal(pruned.view(8, -1, group).sum(dim=2), start.view(8, -1, group).sum(dim=2))
    before, after = losses(weight, weight, start, gram), losses(weight, weight, pruned, gram)
    assert (after <= before * (1 + 1e-6)).all()
    assert after.sum() < 0.8 * before.sum()


def test_rounded_values_are_what_an_exchange_keeps() -> None:
    """With coarse values the best mask is another, and the loss that falls is theirs."""
    weight, start, gram = problem(6, 12, Pattern())
    values = weight.round()
    pruned = swap(weight, start, gram, Pattern(), values)
    loss = losses(weight, values, pruned, gram)
    assert (loss <= losses(weight, values, swap(weight, start, gram, Pattern()), gram) * (1 + 1e-6)).any()
    for row in range(6):
        for mask in exchanges(pruned[row], 12):
            other = losses(weight[row : row + 1], values[row : row + 1], mask.unsqueeze(0), gram)
            assert other > loss[row] * (1 - 1e-4)


@pytest.mark.parametrize("share", [0, 1])
def test_where_nothing_can_be_exchanged_the_mask_stays(share: int) -> None:
    """Rows that keep all, or nothing."""
    weight, _, gram = problem(3, 8, Pattern())
    start = torch.full((3, 8), share, dtype=torch.bool)
    assert torch.equal(swap(weight, start, gram, Pattern()), start)


def test_independent_inputs_make_it_wanda() -> None:
    """Without correlation the loss is the sum of Wanda's squared scores: the lowest ones go."""
    torch.manual_seed(0)
    weight, scale = torch.randn(4, 10), torch.rand(10) + 0.1
    start = torch.arange(10).lt(5).repeat(4, 1)
    pruned = swap(weight, start, scale.square().diag(), Pattern())
    lowest = (weight.abs() * scale).argsort(dim=1)[:, :5]
    assert torch.equal(pruned, torch.zeros(4, 10, dtype=torch.bool).scatter_(1, lowest, value=True))


def test_two_runs_agree() -> None:
    """Bit for bit, and the start is left as it was."""
    weight, start, gram = problem(8, 96, Pattern())
    kept = start.clone()
    assert torch.equal(swap(weight, start, gram, Pattern()), swap(weight, start, gram, Pattern()))
    assert torch.equal(start, kept)
