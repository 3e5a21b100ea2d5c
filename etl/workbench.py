"""Doing the steps that need the numeric stack: pruning, evaluating, clustering."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from etl.activation_step import ActivationStep
from etl.clusters.loading import load_clusterings
from etl.clusters.methods import combinations
from etl.clusters.neighbourhoods import ClusteringPlan, clustering_tasks
from etl.clusters.workers import Workers
from etl.load import tables as loading
from etl.load.comparisons import load_comparisons, missing_pairs
from etl.load.runs import dense_columns, run_columns
from etl.model.decoder import Decoder
from etl.model.evaluation import Perplexity, perplexity
from etl.pruning.experts import few_tokens
from etl.prunings import Prunings, requested
from etl.structure.testing import Tester, run_tests

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from etl.plan import Plan, Step
    from etl.progress import Progress

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
        self._plan = plan
        self._settings = plan.settings
        self._progress = progress
        self._workers = Workers()
        self._prunings = Prunings(database, plan, device, progress)
        self._has_told = False

    def do(self, step: Step) -> Counter[str]:
        """Do one step inside the transaction the caller has opened; return the rows written, by table."""
        return {
            "prune": self._prune,
            "evaluate": self._evaluate,
            "test": self._test,
            "activations": self._activations,
            "cluster": self._cluster,
            "compare": lambda _: self._compare(),
        }[step.kind](step)

    def close(self) -> None:
        """End the worker processes; drop the pruned weights unless they are to be kept."""
        self._workers.close()
        if not self._settings.warehouse.keep_weights:
            self._prunings.drop(self._plan.pending)

    def _prune(self, step: Step) -> Counter[str]:
        model_id, matrix_ids = loading.model_keys(self._connection, self._plan.inputs.model)
        calibration_id, rows = self._calibration(step.seed)
        columns = run_columns(step, requested(step), self._plan.checkpoint.dtype, self._prunings.device)
        columns |= {"model_id": model_id, "calibration_id": calibration_id}
        run_id = loading.start_run(self._connection, step.run, columns)
        if requested(step).pattern.sliced:
            _, slices = self._prunings.slice(step)
            rows += loading.insert(self._connection, "slices", {"run_id": run_id, **vars(slices)})
        else:
            rows += self._prune_blocks(step, run_id, matrix_ids)
        loading.finish_run(self._connection, run_id)
        return rows + Counter(pruning_runs=1)

    def _prune_blocks(self, step: Step, run_id: int, matrix_ids: dict[tuple[int, str], int]) -> Counter[str]:
        """Prune block by block, keep the weights, and load what each matrix gave."""
        rows: Counter[str] = Counter()
        warnings = []
        for block in self._prunings.prune(step):
            rows += loading.load_share(self._connection, run_id, block)
            rows += loading.load_expert_loads(self._connection, run_id, block)
            for pruned in block.matrices:
                matrix_id = matrix_ids[block.layer, pruned.matrix.component]
                metrics = self._settings.metrics.feature_metrics
                rows += loading.load_matrix(self._connection, run_id, matrix_id, pruned, metrics=metrics)
                warnings += [f"{pruned.matrix.tensor_name}: {warning}" for warning in pruned.warnings]
            few = few_tokens(f"block {block.layer}", block.expert_loads)
            warnings += [few] if few else []
        for warning in warnings:
            self._progress.note(warning)
        return rows

    def _evaluate(self, step: Step) -> Counter[str]:
        if not self._prunings.decoder.predicts:
            return self._left_out(step)
        measured = self._measured(step)
        rows: Counter[str] = Counter()
        if step.request is None:
            rows += self._dense_run(step)
        dataset = self._settings.evaluate.dataset
        keys = {"run_id": self._run_id(step), "dataset": dataset, "window": measured.window}
        figures = {"token_count": measured.token_count, "perplexity": measured.value}
        return rows + loading.replace_rows(self._connection, "perplexities", keys, figures)

    def _measured(self, step: Step) -> Perplexity:
        decoder, weights = None, None
        if step.request is not None and step.request.pattern.sliced:
            decoder = Decoder(self._prunings.sliced_model(step).checkpoint, self._prunings.device)
        elif step.request is not None:
            weights = self._prunings.weights(step).weights
        window, texts = self._settings.evaluate.window, self._prunings.tokens.evaluation
        decoder, report = decoder or self._prunings.decoder, self._prunings.report_block
        return perplexity(decoder, texts, window, weights, report)

    def _left_out(self, step: Step) -> Counter[str]:
        """Say, once in a job, that an encoder has no perplexity; the step counts as done."""
        if not self._has_told:
            name = self._plan.checkpoint.architecture
            self._progress.note(f"{name} predicts no next token: its runs have no perplexity, only errors")
            self._has_told = True
        return self._dense_run(step) if step.request is None else Counter()

    def _activations(self, step: Step) -> Counter[str]:
        calibration_id, rows = self._calibration(step.seed)
        own = self._prunings
        doing = ActivationStep(self._connection, self._plan, own.decoder, own.tokens, own.report_block)
        return rows + doing.load(step.seed, calibration_id)

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
            self._prunings.device,
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

        carry_on = Tester(self._workers, self._prunings.device, report)
        replicates = self._settings.clusters.test_replicates
        return run_tests(self._connection, self._run_id(step), replicates, carry_on)

    def _compare(self) -> Counter[str]:
        _, keys = loading.model_keys(self._connection, self._plan.inputs.model)
        prunes = {self._run_id(s): s for s in self._plan.steps if s.has_masks}
        pairs = missing_pairs(self._connection, prunes)
        needed = sorted({run for pair in pairs for run in pair})
        runs = {run: self._prunings.weights(prunes[run]) for run in needed}
        matrices = {
            (matrix.layer, matrix.component): (keys[matrix.layer, matrix.component], matrix.projection)
            for matrix in self._plan.checkpoint.matrices
        }
        return load_comparisons(self._connection, runs, pairs, matrices)

    def _dense_run(self, step: Step) -> Counter[str]:
        model_id, _ = loading.model_keys(self._connection, self._plan.inputs.model)
        columns = dense_columns(self._plan.checkpoint.dtype) | {"model_id": model_id}
        run_id = loading.start_run(self._connection, step.run, columns)
        loading.finish_run(self._connection, run_id)
        return Counter(pruning_runs=1)

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
