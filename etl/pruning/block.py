"""The walk through a model's blocks: watch a block's inputs, prune it, run it again pruned, go on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property, partial
from itertools import count, groupby

import torch
from torch import nn

from etl.errors import CalibrationError, PruningRequestError
from etl.model.decoder import Decoder
from etl.model.matrices import WeightMatrix
from etl.model.tensors import read_matrix
from etl.pruning.allocation import Allocation, allocate, outlier_ratio
from etl.pruning.experts import expert_loads
from etl.pruning.matrix import MatrixPruner
from etl.pruning.model_scope import model_cut
from etl.pruning.refinement.blocks import Reconstruction
from etl.pruning.registry import scorer
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedBlock, PrunedMatrix
from etl.pruning.states import advance, batches, embedded, set_weight
from etl.pruning.statistics import SharedInputs

#: Called after each matrix: how many are done, how many there are, and which one it was.
Progress = Callable[[int, int, WeightMatrix], None]


class BlockPruner:
    """Prunes one model on one calibration set, as often as asked.

    `tokens` (sequences, length) holds token ids. What every run shares, the statistics of the first block
    pruned and the dense norms behind scope `model`, is computed once. Memory: the hidden states of all
    sequences, one block, and its Hessians. `seed` is that of the order in which blocks are refitted. Raises
    CalibrationError when the tokens do not fit the model.
    """

    def __init__(self, decoder: Decoder, tokens: torch.Tensor, seed: int = 0) -> None:
        _check_tokens(tokens, decoder.vocabulary_size)
        self._decoder = decoder
        self._tokens = tokens
        self._seed = seed
        self._first_inputs: dict[int, SharedInputs] = {}

    def prune(
        self,
        request: PruningRequest,
        progress: Progress | None = None,
        refit_tokens: torch.Tensor | None = None,
    ) -> Iterator[PrunedBlock]:
        """Prune as `request` says, yielding each block as soon as it is done, in the order of the layers.

        Blocks are refitted on `refit_tokens` (sequences, length), None standing for the calibration set.
        Raises PruningRequestError or PatternError at once when the request does not fit the model, and
        CheckpointError or PruningError on the way when weights or Hessians are unusable.
        """
        chosen = self._chosen_matrices(request)
        tokens = self._tokens if refit_tokens is None else refit_tokens
        _check_tokens(tokens, self._decoder.vocabulary_size)
        repair = None
        if request.refine == "reconstruct":
            repair = Reconstruction(self._decoder, tokens, request, self._seed)
        return self._walk(request, chosen, repair, progress or (lambda *_: None))

    def _chosen_matrices(self, request: PruningRequest) -> list[WeightMatrix]:
        layers = set(range(self._decoder.layer_count) if request.layers is None else request.layers)
        beyond = sorted(layer for layer in layers if layer >= self._decoder.layer_count)
        if beyond:
            msg = (
                f"there is no block {beyond[0]}; the model's blocks are 0 to {self._decoder.layer_count - 1}"
            )
            raise PruningRequestError(msg)
        chosen = [
            matrix
            for matrix in self._decoder.checkpoint.matrices
            if matrix.layer in layers
            and (request.projections is None or matrix.projection in request.projections)
        ]
        for matrix in chosen:
            request.check_fit(matrix.tensor_name, matrix.in_features)
        return chosen

    def _walk(
        self,
        request: PruningRequest,
        chosen: Sequence[WeightMatrix],
        repair: Reconstruction | None,
        progress: Progress,
    ) -> Iterator[PrunedBlock]:
        allocation = allocate(request, chosen, lambda: self._outlier_ratios(chosen))
        pruner = self._matrix_pruner(request, chosen, allocation)
        hidden = embedded(self._decoder, self._tokens)
        first, last = chosen[0].layer, chosen[-1].layer
        done = count(1)
        for layer in range(last + 1):
            matrices = [matrix for matrix in chosen if matrix.layer == layer]
            results, loads = [], ()
            with self._decoder.block(layer) as block:
                if repair:
                    repair.take_targets(block, layer)
                if matrices:
                    # Statistics that a sequential run replaces are not kept for other runs.
                    dense = layer == first and not request.true_sequential
                    inputs = self._watch(block, layer, hidden, dense=dense)
                    for result in self._pruned(pruner, block, matrices, inputs, hidden):
                        results.append(result)
                        progress(next(done), len(chosen), result.matrix)
                    if repair:
                        results = repair.repair(block, layer, results, inputs)
                    loads = expert_loads(matrices, inputs)
                if layer < last:
                    advance(self._decoder, block, layer, hidden)
                    if repair:
                        repair.go_on(block, layer)
            if results:
                yield PrunedBlock(layer, tuple(results), allocation.shares.get(layer), loads)

    def _pruned(
        self,
        pruner: MatrixPruner,
        block: nn.Module,
        matrices: Sequence[WeightMatrix],
        inputs: SharedInputs,
        hidden: torch.Tensor,
    ) -> Iterator[PrunedMatrix]:
        """Prune matrices of a loaded block, writing each into it as soon as it is done.

        In true-sequential order those that share inputs are pruned together, and the next ones on inputs that
        the block gives with them pruned; these replace what `inputs` holds (arXiv 2210.17323).
        """
        stages: list[Sequence[WeightMatrix]] = [matrices]
        if pruner.request.true_sequential:
            by_name = {matrix.component: matrix for matrix in matrices}
            stages = [[by_name[name] for name in stage] for stage in inputs.stages(by_name)]
        for number, stage in enumerate(stages):
            if number:
                names = [matrix.component for matrix in stage]
                fresh = self._watch(block, stage[0].layer, hidden, dense=False, components=names)
                inputs.take_over(fresh, names)
            for result in pruner.prune(stage, inputs):
                set_weight(block, result)
                yield result

    def _matrix_pruner(
        self, request: PruningRequest, chosen: Sequence[WeightMatrix], allocation: Allocation
    ) -> MatrixPruner:
        checkpoint = self._decoder.checkpoint
        if request.scope != "model" or request.pattern.group is not None:
            return MatrixPruner(checkpoint, request, counts=allocation.counts)
        norms = self._dense_norms if scorer(request.method).needs_inputs else {}
        return MatrixPruner(checkpoint, request, model_cut(checkpoint, chosen, request, norms), norms)

    def _outlier_ratios(self, chosen: Sequence[WeightMatrix]) -> dict[int, float]:
        """Return OWL's outlier ratio of the dense model in every block of `chosen`, by layer."""
        wanda = scorer("wanda")
        ratios = {}
        for layer, matrices in groupby(chosen, lambda matrix: matrix.layer):
            scores = []
            for matrix in matrices:
                norms = self._dense_norms[matrix.tensor_name]
                weight = read_matrix(self._decoder.checkpoint, matrix).to(norms.device)
                scores.append(wanda.scores(weight, norms))
            ratios[layer] = outlier_ratio(scores)
        return ratios

    @cached_property
    def _dense_norms(self) -> dict[str, torch.Tensor]:
        """The inputs' mean squared norms a_j (in,) of every matrix in the dense model, by tensor name."""
        norms = {}
        hidden = embedded(self._decoder, self._tokens)
        for layer in range(self._decoder.layer_count):
            matrices = [matrix for matrix in self._decoder.checkpoint.matrices if matrix.layer == layer]
            with self._decoder.block(layer) as block:
                inputs = self._watch(block, layer, hidden, dense=False)
                advance(self._decoder, block, layer, hidden)
            norms |= {matrix.tensor_name: inputs[matrix.component].squared_norms for matrix in matrices}
        return norms

    def _watch(
        self,
        block: nn.Module,
        layer: int,
        hidden: torch.Tensor,
        *,
        dense: bool,
        components: Collection[str] | None = None,
    ) -> SharedInputs:
        """Run a loaded block on `hidden` and return the statistics of the inputs of its matrices.

        `dense` says that nothing before this block is pruned, so that the next run asks for the same again;
        `components` names the matrices that are watched, None standing for all.
        """
        if dense and layer in self._first_inputs:
            return self._first_inputs[layer]
        inputs = SharedInputs(self._decoder.device)
        matrices = [
            matrix
            for matrix in self._decoder.checkpoint.matrices
            if matrix.layer == layer and (components is None or matrix.component in components)
        ]
        with inputs.watch(block, matrices) as take_batch:
            for batch in batches(hidden):
                take_batch(partial(self._decoder.run, block, layer, batch), len(batch))
        inputs.check(f"{matrices[0].blocks}.{layer}")
        if dense:
            self._first_inputs = {layer: inputs}
        return inputs


def _check_tokens(tokens: torch.Tensor, vocabulary_size: int) -> None:
    if tokens.dim() != 2 or 0 in tokens.shape:
        msg = f"calibration tokens must be (sequences, length), both above 0, not {tuple(tokens.shape)}"
        raise CalibrationError(msg)
    if tokens.min() < 0 or tokens.max() >= vocabulary_size:
        msg = f"calibration tokens lie outside the vocabulary of {vocabulary_size}; use the model's tokenizer"
        raise CalibrationError(msg)
