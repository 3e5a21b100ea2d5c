"""The weights of the runs of a plan: pruned or sliced, kept beside the database, made again where gone."""

from __future__ import annotations

import shutil
from functools import cached_property
from typing import TYPE_CHECKING

from etl.device import choose_device
from etl.errors import PrunedWeightsError
from etl.model.decoder import Decoder
from etl.pruning.block import BlockPruner
from etl.pruning.weights import PrunedWeights, PrunedWeightsWriter, weights_folder
from etl.slicing.run import Slices, SlicingJob
from etl.slicing.store import SlicedModel
from etl.token_sets import TokenSets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from etl.model.matrices import WeightMatrix
    from etl.plan import Plan, Step
    from etl.progress import Progress
    from etl.pruning.request import PruningRequest
    from etl.pruning.result import PrunedBlock


class Prunings:
    """Prunes the model of a plan, run by run, and reads back what earlier jobs have kept."""

    def __init__(self, database: Path, plan: Plan, device: str, progress: Progress) -> None:
        """Keep what runs need; nothing is read before one is asked for.

        Raises:
            UsageError: `device` is not there.
        """
        self.device = choose_device(device)
        self.tokens = TokenSets(plan, progress)
        self._database = database
        self._plan = plan
        self._progress = progress
        self._latest: tuple[int, BlockPruner] | None = None

    @cached_property
    def decoder(self) -> Decoder:
        """The dense model."""
        return Decoder(self._plan.checkpoint, self.device)

    def prune(self, step: Step) -> Iterator[PrunedBlock]:
        """Prune as a step asks, yielding each block once it is kept; the run is whole after the last."""
        request = requested(step)
        refit = self.tokens.refit(request.refine_samples) if request.refine == "reconstruct" else None
        writer = PrunedWeightsWriter(self._folder(step), step.fingerprint)
        for block in self._pruner(step.seed).prune(request, self._report_matrix, refit):
            writer.add(block)
            yield block
        writer.finish()

    def slice(self, step: Step) -> tuple[SlicedModel, Slices]:
        """Slice as a step asks; return the model that is kept, and the figures of its blocks."""
        folder, sequences = self._folder(step), self.tokens.calibration(step.seed)
        job = SlicingJob(self._plan.checkpoint, self.device, sequences, folder, step.fingerprint)
        return job.carry_out(requested(step).sparsity, self.report_block)

    def weights(self, step: Step) -> PrunedWeights:
        """Return the pruned weights of a run from their folder, pruning again where they are gone."""
        prune = self._pruning_step(step)
        try:
            return PrunedWeights(self._folder(step), prune.fingerprint)
        except PrunedWeightsError:
            for _ in self.prune(prune):
                pass
            return PrunedWeights(self._folder(step), prune.fingerprint)

    def sliced_model(self, step: Step) -> SlicedModel:
        """Return the sliced model of a run from its folder, slicing again where it is gone."""
        prune = self._pruning_step(step)
        try:
            return SlicedModel(self._folder(step), prune.fingerprint)
        except PrunedWeightsError:
            return self.slice(prune)[0]

    def keep(self, step: Step) -> None:
        """See to it that what a run gave lies in its folder."""
        if requested(step).pattern.sliced:
            self.sliced_model(step)
        else:
            self.weights(step)

    def drop(self, steps: Iterable[Step]) -> None:
        """Remove what is kept of the runs of some steps; a step that belongs to no run has nothing."""
        for step in steps:
            if step.run:
                shutil.rmtree(self._folder(step), ignore_errors=True)

    def report_block(self, done: int, total: int) -> None:
        """Report that `done` of `total` blocks are complete."""
        self._progress.advanced(done, total, f"block {done - 1}")

    def _pruner(self, seed: int) -> BlockPruner:
        """Return the pruner on the calibration set of a seed; one is kept, since steps go seed by seed."""
        if self._latest is None or self._latest[0] != seed:
            self._latest = seed, BlockPruner(self.decoder, self.tokens.calibration(seed), seed)
        return self._latest[1]

    def _pruning_step(self, step: Step) -> Step:
        return next(s for s in self._plan.steps if s.kind == "prune" and s.run == step.run)

    def _folder(self, step: Step) -> Path:
        return weights_folder(self._database, step.run)

    def _report_matrix(self, done: int, total: int, matrix: WeightMatrix) -> None:
        self._progress.advanced(done, total, matrix.tensor_name)


def requested(step: Step) -> PruningRequest:
    """Return what a step asks to prune; the dense model has nothing to prune."""
    if step.request is None:
        msg = f"step {step.kind} of {step.subject} has nothing to prune"
        raise RuntimeError(msg)
    return step.request
