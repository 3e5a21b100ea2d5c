"""Clustered: inputs reordered by cluster so that blocks empty out, then block skipping.

    y = Σ over stored blocks of W[:, order] · x[order]

Inputs whose masks agree are made neighbours by k-means on the columns of the mask; what is then empty in
whole blocks is skipped. The blocks are BSR's (bsr.py); gathering x in the new order is a kernel of its own,
and its time counts. `occupancy` says what share of the blocks had to be stored: it, and not the distance
between clusters, decides whether this pays.

    order [column]   int32        then as BSR

Bytes = 4 · in + (2 · R · C + 4) · stored blocks + 4 · (block rows + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.formats.base import Config, Entries, Format, Packed, expect
from kernels.formats.bsr.format import BSR, PackedBSR, block_launches, multiply_blocks, store_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROUNDS = 10


@dataclass(frozen=True)
class PackedClustered(PackedBSR):
    """As PackedBSR over reordered inputs: position j of the blocks is input `order[j]`."""

    order: torch.Tensor


def cluster_inputs(mask: torch.Tensor, clusters: int, seed: int = 0) -> torch.Tensor:
    """Assign each input to a cluster by k-means (Lloyd, Euclidean = Hamming on bits) on its mask column.

    `mask` is (out, in) bool; returns (in,) int64. Starts from inputs drawn far from those drawn before
    (k-means++, Arthur and Vassilvitskii 2007) with the seed.
    """
    points = mask.t().float()
    centres = _spread_centres(points, min(clusters, points.shape[0]), seed)
    labels = _nearest(points, centres)
    for _ in range(ROUNDS):
        sums = torch.zeros_like(centres).index_add_(0, labels, points)
        counts = torch.bincount(labels, minlength=centres.shape[0])[:, None]
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        moved = _nearest(points, centres)
        if torch.equal(moved, labels):
            break
        labels = moved
    return labels


def _nearest(points: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    return (centres.square().sum(1) - 2 * points @ centres.t()).argmin(1)


def _spread_centres(points: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(points.shape[0], (1,), generator=generator))]
    distance = (points - points[chosen[0]]).square().sum(1)
    while len(chosen) < count:
        weights = distance.cpu().clamp(min=0) + 1e-9
        chosen.append(int(torch.multinomial(weights, 1, generator=generator)))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).square().sum(1))
    return points[chosen].clone()


class Clustered(Format):
    """Block skipping after reordering the inputs."""

    name = "clustered"
    summary = "inputs reordered by cluster, then empty blocks skipped"
    limits = "any mask and shape, gains only where clustering empties blocks; batch 1"
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedClustered:
        """Cluster and store; layout: `clusters`, `block_rows`, `block_columns`."""
        order = torch.argsort(cluster_inputs(mask, layout["clusters"]), stable=True)
        fields = store_blocks(weight[:, order], mask[:, order], layout["block_rows"], layout["block_columns"])
        shape = (weight.shape[0], weight.shape[1])
        return PackedClustered(shape, weight.dtype, **fields, order=order.int())

    def entries(self, packed: Packed) -> Entries:
        """Decode the blocks and put the inputs back in their places."""
        packed = expect(packed, PackedClustered)
        rows, columns, values = BSR().entries(packed)
        return Entries(rows, packed.order.long()[columns], values)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Gather x, then run the block kernel."""
        packed = expect(packed, PackedClustered)
        multiply_blocks(packed, x.index_select(1, packed.order), out, launch)

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Low blocks empty out more easily, high ones move fewer bytes."""
        del shape, density, batch
        sizes = ((1, 64), (4, 32), (16, 64))
        return [{"clusters": 16, "block_rows": rows, "block_columns": columns} for rows, columns in sizes]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """As for BSR."""
        del batch
        return block_launches(expect(packed, PackedClustered))
