"""Repairing block after block: the states of the dense model are carried beside those of the pruned one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from etl.device import multiplies_bfloat16
from etl.model.tensors import read_matrix
from etl.pruning.refinement.reconstruct import Fit, FitSettings, Region, refit
from etl.pruning.refinement.repeatable import repeatable
from etl.pruning.states import advance, embedded, set_weight
from etl.pruning.values import Grid

if TYPE_CHECKING:
    from torch import nn

    from etl.model.decoder import Decoder
    from etl.pruning.request import PruningRequest
    from etl.pruning.result import PrunedMatrix
    from etl.pruning.statistics import SharedInputs


class Reconstruction:
    """Repairs the pruned blocks of one model in their order, on `tokens` (sequences, length) of its own.

    Memory: the hidden states of all sequences twice, and the weights of one block with their gradients and
    Adam's two moments, in float32.
    """

    def __init__(self, decoder: Decoder, tokens: torch.Tensor, request: PruningRequest, seed: int) -> None:
        self._decoder = decoder
        self._request = request
        self._settings = FitSettings(steps=request.refine_steps, seed=seed)
        self._pruned = embedded(decoder, tokens)
        self._dense = self._pruned.clone()

    def take_targets(self, block: nn.Module, layer: int) -> None:
        """Note what a loaded block gives while it is still dense."""
        advance(self._decoder, block, layer, self._dense)

    def go_on(self, block: nn.Module, layer: int) -> None:
        """Leave a block, pruned and repaired, for the next."""
        advance(self._decoder, block, layer, self._pruned)

    def repair(
        self, block: nn.Module, layer: int, results: Sequence[PrunedMatrix], inputs: SharedInputs
    ) -> list[PrunedMatrix]:
        """Refit the matrices of a block, `results`, and write them into it.

        Returns them with their new weights and errors; the first counts the time and carries the warning.
        """
        started = time.perf_counter()
        device = self._decoder.device
        storages = {result.matrix.component: self._storage(result) for result in results}
        region = Region(
            partial(self._decoder.apply, block, layer),
            {result.matrix.component: ~result.keep_mask.to(device) for result in results},
            lambda component, weight: storages[component].rounded(weight),
            partial(torch.autocast, device.type, torch.bfloat16, multiplies_bfloat16(device)),
        )
        start = {result.matrix.component: result.weight.to(device) for result in results}
        with repeatable(device):
            fit = refit(region, start, self._pruned, self._dense, self._settings)
        repaired = list(results)
        if fit.loss < fit.start_loss:
            repaired = [self._repaired(result, fit, storages, inputs) for result in results]
        for result in repaired:
            set_weight(block, result)
        seconds = repaired[0].elapsed_seconds + time.perf_counter() - started
        warnings = (*repaired[0].warnings, *_warnings(layer, fit))
        repaired[0] = dataclasses.replace(repaired[0], elapsed_seconds=seconds, warnings=warnings)
        return repaired

    def _storage(self, result: PrunedMatrix) -> _Storage:
        return _Storage(result.weight.dtype, Grid.of(self._request, result.matrix.in_features))

    def _repaired(
        self, result: PrunedMatrix, fit: Fit, storages: Mapping[str, _Storage], inputs: SharedInputs
    ) -> PrunedMatrix:
        """Return a matrix with its fitted weights, their scales and their error."""
        matrix, statistics = result.matrix, inputs[result.matrix.component]
        fitted, grid = fit.weights[matrix.component], storages[matrix.component].grid
        weight = (fitted + 0.0).to(result.weight.dtype)
        dense = read_matrix(self._decoder.checkpoint, matrix).to(statistics.device)
        return dataclasses.replace(
            result,
            weight=weight.cpu(),
            reconstruction_error=statistics.reconstruction_error(dense, weight),
            scales=None if grid is None else grid.scales(fitted).cpu(),
        )


@dataclass(frozen=True)
class _Storage:
    """How the weights of a matrix are stored: in a dtype, and where values are narrow on a grid."""

    dtype: torch.dtype
    grid: Grid | None

    def rounded(self, weight: torch.Tensor) -> torch.Tensor:
        """Return a weight (out, in) as it is stored, in float32.

        The largest of a group lands on the largest level, so that the scales can be read off the result.
        """
        if self.grid is None:
            return weight.to(self.dtype).float()
        return self.grid.rounded(weight, self.grid.scales(weight))


def _warnings(layer: int, fit: Fit) -> tuple[str, ...]:
    if fit.diverged:
        return (f"refitting block {layer} diverged; its weights are those of before, or the last good ones",)
    if fit.loss >= fit.start_loss:
        return (f"refitting block {layer} gained nothing on the sequences kept back; it stays as pruned",)
    return ()
