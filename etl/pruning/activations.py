"""Activation sparsity: the small inputs of every matrix count as 0 (TEAL, arXiv 2408.14690).

The threshold of a matrix is a quantile of |x| over its calibration inputs in the dense model, by a histogram
of the upper bits of float32: at least the share asked for lies below it, and it is at most 0.1 % too high.
Matrices that share a parameter with others, as those of fused experts do, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from etl.errors import OVERFLOW_ADVICE, PruningError
from etl.model.decoder import Decoder
from etl.model.evaluation import BlockAdapter
from etl.model.matrices import WeightMatrix
from etl.pruning.states import advance, embedded
from etl.pruning.watching import Components, grouped, watched

#: Bits of a float32 ≥ 0 that a histogram tells apart: 8 of the exponent and 10 of the mantissa.
_DROPPED_BITS = 13
_BINS = 1 << (31 - _DROPPED_BITS)

#: Called after each block: how many are done, and how many there are.
Progress = Callable[[int, int], None]


def activation_thresholds(
    decoder: Decoder, tokens: torch.Tensor, sparsities: Sequence[float], progress: Progress | None = None
) -> dict[WeightMatrix, list[float]]:
    """Return for each matrix of the dense model the thresholds that set these shares of its inputs to 0.

    `tokens` (sequences, length) is the calibration set. Memory: the hidden states of all sequences, and a
    histogram for each input of a block. Raises PruningError where inputs are infinite or NaN.
    """
    thresholds = {}
    hidden = embedded(decoder, tokens)
    for layer in range(decoder.layer_count):
        matrices = thresholdable(decoder, layer)
        histograms = _Histograms()
        with decoder.block(layer) as block, watched(block, grouped(matrices), histograms.take):
            advance(decoder, block, layer, hidden)
        for matrix in matrices:
            counts = histograms.of(matrix)
            thresholds[matrix] = [_quantile(counts, share) for share in sparsities]
        if progress:
            progress(layer + 1, decoder.layer_count)
    return thresholds


def thresholdable(decoder: Decoder, layer: int) -> list[WeightMatrix]:
    """Return the matrices of a block that a module of their own multiplies with its inputs."""
    return [m for m in decoder.checkpoint.matrices if m.layer == layer and m.placed.index is None]


def sparsified(thresholds: Mapping[WeightMatrix, float]) -> BlockAdapter:
    """Return what makes a loaded block, given with its layer, take inputs below their threshold for 0."""

    @contextmanager
    def adapt(block: nn.Module, layer: int) -> Generator[None]:
        modules = {
            matrix.placed.name.rpartition(".")[0]: threshold
            for matrix, threshold in thresholds.items()
            if matrix.layer == layer
        }
        hooks = [
            block.get_submodule(name).register_forward_pre_hook(_zeroing(threshold))
            for name, threshold in modules.items()
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    return adapt


def _zeroing(threshold: float) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], tuple[torch.Tensor, ...]]:
    def zero(_module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        inputs, *others = arguments
        return (inputs.masked_fill(inputs.abs() < threshold, 0), *others)

    return zero


class _Histograms:
    """Histograms of |x| for the inputs of a block's matrices; matrices given one tensor share one."""

    def __init__(self) -> None:
        self._counts: dict[str, torch.Tensor] = {}
        self._latest: tuple[torch.Tensor, torch.Tensor] | None = None

    def of(self, matrix: WeightMatrix) -> torch.Tensor:
        """Return the counts (bins,) of a matrix; raises PruningError where inputs are infinite or NaN."""
        counts = self._counts[matrix.component]
        if counts[_bin(torch.inf) :].any():
            msg = f"the inputs of {matrix.tensor_name} on the calibration text are infinite or NaN"
            msg += f"; {OVERFLOW_ADVICE}"
            raise PruningError(msg)
        return counts

    def take(self, components: Components, inputs: torch.Tensor) -> None:
        # Holding the tensor keeps its identity from being reused by another.
        if self._latest is None or self._latest[0] is not inputs:
            bits = inputs.detach().float().abs().flatten().view(torch.int32) >> _DROPPED_BITS
            self._latest = inputs, torch.bincount(bits, minlength=_BINS)
        counts = self._latest[1]
        for component in components:
            known = self._counts.get(component)
            self._counts[component] = counts if known is None else known + counts


def _quantile(counts: torch.Tensor, share: float) -> float:
    """Return the lowest edge of a bin below which at least `share` of the values lie; 0 for none of them."""
    below = counts.cumsum(0)
    wanted = share * below[-1].item()
    edge = 0 if wanted <= 0 else int(torch.searchsorted(below, wanted)) + 1
    return torch.tensor(edge << _DROPPED_BITS, dtype=torch.int32).view(torch.float32).item()


def _bin(value: float) -> int:
    return int(torch.tensor(value, dtype=torch.float32).view(torch.int32)) >> _DROPPED_BITS
