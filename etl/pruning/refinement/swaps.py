"""SparseSwaps: exchange a kept and a pruned input of a row while that lowers the row's error (2512.10922).

A row w keeps values q where its mask is 1, so its error is e = w − m ⊙ q and its loss L = eᵀGe with the Gram
matrix G = XXᵀ of its inputs. Let c = Ge. Pruning input u and keeping input v in its place changes the loss by

    ΔL = 2·q_u·c_u + q_u²·G_uu − 2·q_v·c_v + q_v²·G_vv − 2·q_u·q_v·G_uv,

exactly. Rows do not touch each other, and every exchange keeps the row's count (for N:M, the group's).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from etl.pruning.patterns import Pattern
from etl.pruning.statistics import full_float32

#: Inputs of each kind that a quick search pairs: those whose exchange alone would cost least.
_CANDIDATES = 16
#: An exchange counts when it lowers the loss by more than this share of it, which float32 can tell from 0.
_SMALLEST_GAIN = 1e-5
#: Pairs looked at together: bounds the memory of a search (4 bytes and an index of 8 for each).
_PAIRS_AT_A_TIME = 1 << 24


@torch.no_grad()
def swap(
    weight: torch.Tensor,
    pruned: torch.Tensor,
    gram: torch.Tensor,
    pattern: Pattern,
    values: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return a mask from which no single exchange inside a row, or N:M group, lowers ‖WX − ŴX‖.

    Args:
        weight: W (out, in), dense.
        pruned: (out, in) bool, True where the starting mask prunes.
        gram: XXᵀ (in, in) at any scale, float32.
        pattern: N:M exchanges inside its groups alone.
        values: q (out, in), what a kept weight becomes, such as rounded ones; None keeps W itself.

    Returns:
        (out, in) bool, True where pruned; no row has a larger error than it had.
    """
    with full_float32():
        rows = _Rows(weight.float(), (weight if values is None else values).float(), pruned.clone(), gram)
        before = rows.losses.clone()
        width = pattern.group or weight.shape[1]
        active = everything = torch.arange(len(weight), device=weight.device)
        while len(active):
            active = _swap_once(rows, active, width)
        rows.renew(everything)
        worse = ~(rows.losses < before)
    rows.pruned[worse] = pruned[worse]
    return rows.pruned


@dataclass
class _Rows:
    """The rows of a matrix: W, q and mask (out, in), G (in, in), and of their errors c = Ge and L = eᵀGe."""

    weight: torch.Tensor
    values: torch.Tensor
    pruned: torch.Tensor
    gram: torch.Tensor

    def __post_init__(self) -> None:
        self.correlation = torch.empty_like(self.weight)
        self.losses = torch.empty(len(self.weight), dtype=torch.float64, device=self.weight.device)
        self.renew(torch.arange(len(self.weight), device=self.weight.device))

    def renew(self, rows: torch.Tensor) -> None:
        """Compute c and L = eᵀGe of `rows` anew, free of what many exchanges have rounded away."""
        errors = self.weight[rows] - self.values[rows].masked_fill_(self.pruned[rows], 0)
        correlation = errors @ self.gram
        self.correlation[rows] = correlation
        self.losses[rows] = errors.mul_(correlation).sum(dim=1, dtype=torch.float64)

    def exchange(
        self, rows: torch.Tensor, goes: torch.Tensor, stays: torch.Tensor, gain: torch.Tensor
    ) -> None:
        """Prune input `goes` and keep input `stays` in each of `rows`, whose losses change by `gain`."""
        self.pruned[rows, goes] = True
        self.pruned[rows, stays] = False
        self.losses[rows] += gain
        pruned, kept = self.values[rows, goes].unsqueeze(1), self.values[rows, stays].unsqueeze(1)
        change = self.gram.index_select(0, goes).mul_(pruned)
        change.addcmul_(self.gram.index_select(0, stays), kept, value=-1)
        self.correlation.index_add_(0, rows, change)


def _swap_once(rows: _Rows, active: torch.Tensor, width: int) -> torch.Tensor:
    """Make one exchange in each row of `active` that has one; returns the rows that had.

    The few inputs whose exchange alone costs least are paired first. All pairs are looked at only where none
    of these gains, and from a renewed c: that decides whether a row is done.
    """
    gains = _exchange_best(rows, active, width, _CANDIDATES)
    stuck = active[~gains]
    rows.renew(stuck)
    return torch.cat([active[gains], stuck[_exchange_best(rows, stuck, width, width)]])


def _exchange_best(rows: _Rows, active: torch.Tensor, width: int, most: int) -> torch.Tensor:
    """Exchange the best pair of each row of `active`, among the `most` cheapest inputs of each kind a group.

    Returns (rows,) bool: where the loss fell.
    """
    if not len(active):
        return active.bool()
    pairs = rows.weight.shape[1] // width * min(most, width) ** 2
    chunks = active.split(max(_PAIRS_AT_A_TIME // pairs, 1))
    return torch.cat([_exchange_best_of_chunk(rows, chunk, width, most) for chunk in chunks])


def _exchange_best_of_chunk(rows: _Rows, active: torch.Tensor, width: int, most: int) -> torch.Tensor:
    values, pruned = rows.values.index_select(0, active), rows.pruned.index_select(0, active)
    alone = values.square().mul_(rows.gram.diagonal())
    linear = rows.correlation.index_select(0, active).mul_(values).mul_(2)
    goes_cost, goes = _cheapest((alone + linear).masked_fill_(pruned, math.inf), width, most)
    stays_cost, stays = _cheapest(alone.sub_(linear).masked_fill_(~pruned, math.inf), width, most)
    # (rows, groups, inputs that could go, inputs that could stay)
    change = rows.gram[goes.unsqueeze(3), stays.unsqueeze(2)]
    change *= values.gather(1, goes.flatten(1)).view_as(goes).unsqueeze(3)
    change *= values.gather(1, stays.flatten(1)).view_as(stays).unsqueeze(2)
    change = change.mul_(-2).add_(goes_cost.unsqueeze(3)).add_(stays_cost.unsqueeze(2))
    best, place = change.flatten(1).min(dim=1)
    gains = best < -_SMALLEST_GAIN * rows.losses[active]
    place = place[gains].unsqueeze(1)
    count = stays.shape[2]
    pair = place // count, place // (goes.shape[2] * count) * count + place % count
    chosen = (
        inputs[gains].flatten(1).gather(1, at).squeeze(1)
        for inputs, at in zip((goes, stays), pair, strict=True)
    )
    rows.exchange(active[gains], *chosen, best[gains])
    return gains


def _cheapest(cost: torch.Tensor, width: int, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `most` lowest of each group of `width` costs, and their inputs: (rows, groups, most)."""
    groups = cost.view(len(cost), -1, width)
    count = min(most, max(int(groups.isfinite().sum(dim=2).max()), 1))
    lowest, place = groups.topk(count, dim=2, largest=False)
    first = torch.arange(0, cost.shape[1], width, device=cost.device)
    return lowest, place + first.view(1, -1, 1)
