"""Doing the steps that need the numeric stack: pruning, evaluating, clustering."""

from __future__ import annotations

import shutil
from collections import Counter
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from etl.clusters.loading import load_clusterings
from etl.clusters.methods import combinations
from etl.clusters.neighbourhoods import ClusteringPlan, clustering_tasks
from etl.clusters.workers import Workers
from etl.device import choose_device
from etl.errors import PrunedWeightsError
from etl.load import tables as loading
from etl.load.comparisons import load_comparisons, missing_pairs
from etl.model.decoder import Decoder
from etl.model.evaluation import Perplexity, perplexity
from etl.plan import CODE_VERSIONS, DENSE
from etl.pruning.block import BlockPruner
from etl.pruning.experts import few_tokens
from etl.pruning.registry import pruner
from etl.pruning.request import DTYPE_FORMATS
from etl.pruning.weights import PrunedWeights, PrunedWeightsWriter, weights_folder
from etl.slicing.run import Slices, SlicingJob
from etl.slicing.store import SlicedModel
from etl.structure.testing import Tester, run_tests
from etl.token_sets import TokenSets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from etl.model.matrices import WeightMatrix
    from etl.plan import Plan, Step
    from etl.progress import Progress
    from etl.pruning.request import PruningRequest
    from etl.pruning.result import PrunedBlock

#: Neighbourhoods loaded at a time: enough to keep DuckDB's threads busy, few enough to bound memory.
TASKS_PER_LOAD = 32


class Workbench:
    """The model, the token sequences and the worker processes that the steps of one invocation share."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        database: Path,
        plan: Plan,
        device: str,
        progress: Progress,
    ) -> None:
        """Keep what the steps need; nothing is read before a step asks for it.

        Raises:
            UsageError: `device` is not there.
        """
        self._connection = connection
        self._database = database
        self._plan = plan
        self._settings = plan.settings
        self._device = choose_device(device)
        self._progress = progress
        self._workers = Workers()
        self._tokens = TokenSets(plan, progress)
        self._has_told = False
        self._latest: tuple[int, BlockPruner] | None = None

    def do(self, step: Step) -> Counter[str]:
        """Do one step inside the transaction the caller has opened; return the rows written, by table."""
        return {
            "prune": self._prune,
            "evaluate": self._evaluate,
            "test": self._test,
            "cluster": self._cluster,
            "compare": lambda _: self._compare(),
        }[step.kind](step)

    def keep_weights(self, step: Step) -> None:
        """See to it that the weights of a run lie in their folder, pruning again where they are gone."""
        if _requested(step).pattern.sliced:
            self.sliced_model(step)
        else:
            self.pruned_weights(step)

    def sliced_model(self, step: Step) -> SlicedModel:
        """Return the sliced model of a run from its folder, slicing again where it is gone."""
        prune = next(s for s in self._plan.steps if s.kind == "prune" and s.run == step.run)
        try:
            return SlicedModel(self._folder(step), prune.fingerprint)
        except PrunedWeightsError:
            return self._slice(prune)[0]

    def pruned_weights(self, step: Step) -> PrunedWeights:
        """Return the pruned weights of a run from their folder, pruning again where they are gone."""
        prune = next(s for s in self._plan.steps if s.kind == "prune" and s.run == step.run)
        try:
            return PrunedWeights(self._folder(step), prune.fingerprint)
        except PrunedWeightsError:
            writer = PrunedWeightsWriter(self._folder(step), prune.fingerprint)
            for block in self._pruned_blocks(step):
                writer.add(block)
            return writer.finish()

    def close(self) -> None:
        """End the worker processes; drop the pruned weights unless they are to be kept."""
        self._workers.close()
        if not self._settings.warehouse.keep_weights:
            for step in self._plan.pending:
                shutil.rmtree(self._folder(step), ignore_errors=True)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self._plan.checkpoint, self._device)

    def _pruner(self, seed: int) -> BlockPruner:
        """Return the pruner on the calibration set of a seed; one is kept, since steps go seed by seed."""
        if self._latest is None or self._latest[0] != seed:
            self._latest = seed, BlockPruner(self._decoder, self._tokens.calibration(seed), seed)
        return self._latest[1]

    def _pruned_blocks(self, step: Step) -> Iterator[PrunedBlock]:
        request = _requested(step)
        refit = self._tokens.refit(request.refine_samples) if request.refine == "reconstruct" else None
        return self._pruner(step.seed).prune(request, self._report_matrix, refit)

    def _prune(self, step: Step) -> Counter[str]:
        model_id, matrix_ids = loading.model_keys(self._connection, self._plan.inputs.model)
        calibration_id, rows = self._calibration(step.seed)
        columns = self._run_columns(step) | {"model_id": model_id, "calibration_id": calibration_id}
        run_id = loading.start_run(self._connection, step.run, columns)
        if _requested(step).pattern.sliced:
            _, slices = self._slice(step)
            rows += loading.insert(self._connection, "slices", {"run_id": run_id, **vars(slices)})
        else:
            rows += self._prune_blocks(step, run_id, matrix_ids)
        loading.finish_run(self._connection, run_id)
        return rows + Counter(pruning_runs=1)

    def _slice(self, step: Step) -> tuple[SlicedModel, Slices]:
        folder, sequences = self._folder(step), self._tokens.calibration(step.seed)
        job = SlicingJob(self._plan.checkpoint, self._device, sequences, folder, step.fingerprint)
        return job.carry_out(_requested(step).sparsity, self._report_block)

    def _prune_blocks(self, step: Step, run_id: int, matrix_ids: dict[tuple[int, str], int]) -> Counter[str]:
        """Prune block by block, keep the weights, and load what each matrix gave."""
        rows: Counter[str] = Counter()
        writer = PrunedWeightsWriter(self._folder(step), step.fingerprint)
        warnings = []
        for block in self._pruned_blocks(step):
            writer.add(block)
            rows += loading.load_share(self._connection, run_id, block)
            rows += loading.load_expert_loads(self._connection, run_id, block)
            for pruned in block.matrices:
                matrix_id = matrix_ids[block.layer, pruned.matrix.component]
                metrics = self._settings.metrics.feature_metrics
                rows += loading.load_matrix(self._connection, run_id, matrix_id, pruned, metrics=metrics)
                warnings += [f"{pruned.matrix.tensor_name}: {warning}" for warning in pruned.warnings]
            few = few_tokens(f"block {block.layer}", block.expert_loads)
            warnings += [few] if few else []
        writer.finish()
        for warning in warnings:
            self._progress.note(warning)
        return rows

    def _evaluate(self, step: Step) -> Counter[str]:
        if not self._decoder.predicts:
            return self._left_out(step)
        measured = self._measured(step)
        rows: Counter[str] = Counter()
        if step.request is None:
            rows += self._dense_run(step)
        text = self._settings.evaluate.text
        dataset = "stdlib-held-out" if text == "stdlib" else text
        keys = [self._run_id(step), dataset, measured.window]
        self._connection.execute(
            'DELETE FROM perplexities WHERE run_id = ? AND dataset = ? AND "window" = ?', keys
        )
        columns = dict(zip(("run_id", "dataset", "window"), keys, strict=True))
        return rows + loading.insert(
            self._connection,
            "perplexities",
            {**columns, "token_count": measured.token_count, "perplexity": measured.value},
        )

    def _measured(self, step: Step) -> Perplexity:
        decoder, weights = None, None
        if step.request is not None and step.request.pattern.sliced:
            decoder = Decoder(self.sliced_model(step).checkpoint, self._device)
        elif step.request is not None:
            weights = self.pruned_weights(step).weights
        window, texts = self._settings.evaluate.window, self._tokens.evaluation
        return perplexity(decoder or self._decoder, texts, window, weights, self._report_block)

    def _left_out(self, step: Step) -> Counter[str]:
        """Say, once in a job, that an encoder has no perplexity; the step counts as done."""
        if not self._has_told:
            name = self._plan.checkpoint.architecture
            self._progress.note(f"{name} predicts no next token: its runs have no perplexity, only errors")
            self._has_told = True
        return self._dense_run(step) if step.request is None else Counter()

    def _cluster(self, step: Step) -> Counter[str]:
        settings = self._settings.clusters
        run_id = self._run_id(step)
        loading.delete_clusterings(self._connection, run_id)
        tasks = clustering_tasks(
            self._connection,
            run_id,
            ClusteringPlan(
                methods=combinations(settings.algorithm, settings.distance),
                k_values=settings.k,
                neighbours=settings.neighbours,
                references=settings.references,
                seeds=settings.cluster_seed,
                restarts=settings.restarts,
                null_replicates=settings.null_replicates,
                embeddings=settings.embedding,
                margins=settings.margins,
            ),
            self._device,
        )
        rows: Counter[str] = Counter()
        done = 0
        total = len(self._plan.checkpoint.matrices) * settings.references * len(settings.cluster_seed)
        while batch := list(islice(tasks, TASKS_PER_LOAD)):
            samples = []
            for sample in self._workers.cluster(batch):
                samples.append(sample)
                done += 1
                self._progress.advanced(done, total, step.subject)
            rows += load_clusterings(self._connection, run_id, list(zip(batch, samples, strict=True)))
        return rows

    def _test(self, step: Step) -> Counter[str]:
        def report(done: int) -> None:
            self._progress.advanced(done, done, step.subject)

        carry_on = Tester(self._workers, self._device, report)
        replicates = self._settings.clusters.test_replicates
        return run_tests(self._connection, self._run_id(step), replicates, carry_on)

    def _compare(self) -> Counter[str]:
        _, keys = loading.model_keys(self._connection, self._plan.inputs.model)
        prunes = {self._run_id(s): s for s in self._plan.steps if s.has_masks}
        pairs = missing_pairs(self._connection, prunes)
        needed = sorted({run for pair in pairs for run in pair})
        runs = {run: self.pruned_weights(prunes[run]) for run in needed}
        matrices = {
            (matrix.layer, matrix.component): (keys[matrix.layer, matrix.component], matrix.projection)
            for matrix in self._plan.checkpoint.matrices
        }
        return load_comparisons(self._connection, runs, pairs, matrices)

    def _dense_run(self, step: Step) -> Counter[str]:
        model_id, _ = loading.model_keys(self._connection, self._plan.inputs.model)
        run_id = loading.start_run(
            self._connection,
            step.run,
            {
                "model_id": model_id,
                "method": DENSE,
                "sparsity": 0.0,
                "pattern": "unstructured",
                "settings": {},
                "seed": 0,
                "code_version": CODE_VERSIONS["evaluate"],
                "value_format": self._own_format,
                "thread_count": torch.get_num_threads(),
            },
        )
        loading.finish_run(self._connection, run_id)
        return Counter(pruning_runs=1)

    def _run_columns(self, step: Step) -> dict[str, Any]:
        request = _requested(step)
        settings: dict[str, Any] = {"device": str(self._device)}
        if request.layers is not None:
            settings["layers"] = list(request.layers)
        if request.projections is not None:
            settings["projections"] = list(request.projections)
        if request.refine == "reconstruct":
            settings |= {"refine_samples": request.refine_samples, "refine_steps": request.refine_steps}
        if request.true_sequential:
            settings["true_sequential"] = True
        if request.allocation != "uniform":
            settings["allocation_spread"] = request.allocation_spread
        if request.method == "magnitude":
            settings["ties"] = request.ties
        if request.method == "sparsegpt":
            settings |= {"damping": request.damping, "block_size": request.block_size}
        return {
            "method": request.method,
            "sparsity": request.sparsity,
            "pattern": str(request.pattern),
            "scope": request.scope if pruner(request.method).prunes and not request.pattern.sliced else None,
            "settings": settings,
            "seed": step.seed,
            "code_version": CODE_VERSIONS["prune"],
            "value_format": request.value_format or self._own_format,
            "group_size": (request.group_size or None) if request.value_format else None,
            "allocation": request.allocation,
            "refinement": request.refine,
            "thread_count": torch.get_num_threads(),
        }

    @property
    def _own_format(self) -> str | None:
        """How the checkpoint stores its values."""
        return DTYPE_FORMATS.get(self._plan.checkpoint.dtype)

    def _calibration(self, seed: int) -> tuple[int, Counter[str]]:
        draw = self._plan.draw
        columns = {
            "source": draw.source,
            "sample_count": draw.count,
            "sequence_length": draw.length,
            "seed": seed,
        }
        return loading.load_calibration(self._connection, self._plan.inputs.calibrations[seed], columns)

    def _run_id(self, step: Step) -> int:
        rows = self._connection.execute("SELECT run_id FROM pruning_runs WHERE fingerprint = ?", [step.run])
        return rows.fetchall()[0][0]

    def _folder(self, step: Step) -> Path:
        return weights_folder(self._database, step.run)

    def _report_matrix(self, done: int, total: int, matrix: WeightMatrix) -> None:
        self._progress.advanced(done, total, matrix.tensor_name)

    def _report_block(self, done: int, total: int) -> None:
        self._progress.advanced(done, total, f"block {done - 1}")


def _requested(step: Step) -> PruningRequest:
    if step.request is None:
        msg = f"step {step.kind} of {step.subject} has nothing to prune"
        raise RuntimeError(msg)
    return step.request
