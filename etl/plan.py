"""What a pipeline has to do: every step with the fingerprint of its inputs, and whether it is done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.calibration import Draw
from etl.errors import ClusteringRequestError, PruningRequestError
from etl.load.benchmarks import reference_files
from etl.load.measurements import MeasurementFile, read_measurements
from etl.load.tables import cluster_axis
from etl.model.checkpoint import Checkpoint
from etl.model.demo import model_folder
from etl.model.texts import evaluation_text, text_fingerprint
from etl.pruning.description import describe
from etl.pruning.registry import pruner
from etl.settings.fitting import fit_to_positions

if TYPE_CHECKING:
    import duckdb

    from etl.pruning.request import PruningRequest
    from etl.settings.read import Settings

#: Raised by hand when a change of the code changes the results of a step; such steps are then done again.
CODE_VERSIONS = {
    "model": "1",
    "prune": "1",
    "evaluate": "1",
    "activations": "1",
    "cluster": "3",
    "test": "1",
    "compare": "1",
    "load": "1",
}
DENSE = "dense"
_ANY_SUBJECT = ""
#: Keys of [clusters] on which the clusters do not depend.
_NOT_OF_CLUSTERS = {"cluster", "test", "test_replicates"}


@dataclass(frozen=True)
class Step:
    """One unit of work that is committed whole.

    - `run`: fingerprint of the pruning run it belongs to, empty for the model, comparisons and loads.
    - `fingerprint`: hash of everything the result depends on.
    - `request`: what to prune; None for the dense model.
    - `seed`: which calibration set it is pruned on.
    - `state`: new or done; `reason` says why.
    """

    kind: str
    subject: str
    run: str
    fingerprint: str
    request: PruningRequest | None = None
    seed: int = 0
    state: str = "new"
    reason: str = ""

    @property
    def has_masks(self) -> bool:
        """Whether the step prunes matrices, each of which then has a mask."""
        return self.kind == "prune" and self.request is not None and not self.request.pattern.sliced


@dataclass(frozen=True)
class Inputs:
    """Fingerprints of the inputs of the steps, calibration sets by seed, and the name of the model."""

    name: str
    model: str
    tokenizer: str
    calibrations: dict[int, str]
    text: str

    @property
    def dense(self) -> str:
        """Fingerprint of the run that stands for the unpruned model."""
        return _fingerprint(DENSE, self.model)


@dataclass(frozen=True)
class Plan:
    """The steps of a pipeline in order, and the inputs their fingerprints were made of."""

    settings: Settings
    checkpoint: Checkpoint
    draw: Draw
    inputs: Inputs
    steps: tuple[Step, ...]

    @property
    def pending(self) -> tuple[Step, ...]:
        """The steps that are not done yet."""
        return tuple(step for step in self.steps if step.state == "new")

    def against(self, connection: duckdb.DuckDBPyConnection | None) -> Plan:
        """Return the same plan, its steps compared with those done in another database, or in none."""
        known = _finished_steps(connection)
        return dataclasses.replace(self, steps=tuple(_with_state(step, known) for step in self.steps))


def make_plan(settings: Settings, connection: duckdb.DuckDBPyConnection | None) -> Plan:
    """List the steps of a pipeline and which of them a database, or none, already holds.

    Raises:
        CheckpointError, CalibrationError, PatternError: an input that cannot be used.
    """
    checkpoint = Checkpoint.open(model_folder(settings.model.model))
    settings = fit_to_positions(settings, checkpoint.positions)
    draw = Draw.of(settings.calibration, checkpoint.parameter_count)
    inputs = _read_inputs(settings, checkpoint, draw)
    steps = [Step("model", inputs.name, "", _fingerprint("model", inputs.model))]
    if settings.evaluate.evaluate:
        dense = Step("prune", f"{inputs.name} {DENSE}", inputs.dense, inputs.dense)
        steps.append(_evaluate_step(settings, inputs, dense))
    if settings.metrics.activations:
        steps.append(_activation_step(settings, inputs, draw))
    for seed in draw.seeds:
        for request in settings.requests:
            steps += _run_steps(settings, inputs, request, seed)
    pruned = [step.fingerprint for step in steps if step.has_masks]
    if settings.metrics.compare and len(pruned) > 1:
        steps.append(Step("compare", inputs.name, "", _fingerprint("compare", *pruned)))
    steps += [load_step(read_measurements(file)) for file in reference_files()]
    plan = Plan(settings, checkpoint, draw, inputs, tuple(steps)).against(connection)
    _check_requests(plan)
    return plan


def load_step(file: MeasurementFile) -> Step:
    """Return the step that loads a file of kernel measurements."""
    return Step("load", str(file.path), "", _fingerprint("load", file.digest))


def _read_inputs(settings: Settings, checkpoint: Checkpoint, draw: Draw) -> Inputs:
    tokenizer = _tokenizer_fingerprint(checkpoint.folder)
    evaluated = settings.evaluate
    text = text_fingerprint(draw.text())
    evaluation = evaluation_text(evaluated.text, evaluated.windows * evaluated.window)
    return Inputs(
        name=checkpoint.name,
        model=checkpoint.fingerprint(),
        tokenizer=tokenizer,
        calibrations={
            seed: _fingerprint("calibration", text, tokenizer, draw.count, draw.length, seed)
            for seed in draw.seeds
        },
        text=text_fingerprint(evaluation),
    )


def _run_steps(settings: Settings, inputs: Inputs, request: PruningRequest, seed: int) -> list[Step]:
    run = _fingerprint("run", inputs.model, inputs.calibrations[seed], request.identity)
    subject = f"{inputs.name} {describe(request)}" + (f" seed {seed}" if seed else "")
    finished = _fingerprint("prune", run, settings.metrics.feature_metrics)
    prune = Step("prune", subject, run, finished, request, seed)
    steps = [prune]
    if settings.evaluate.evaluate:
        steps.append(_evaluate_step(settings, inputs, prune))
    if settings.clusters.cluster and pruner(request.method).prunes and not request.pattern.sliced:
        values = settings.clusters.model_dump(exclude=_NOT_OF_CLUSTERS).values()
        clusters = _fingerprint("cluster", prune.fingerprint, *values)
        steps.append(Step("cluster", subject, run, clusters, request, seed))
    if settings.clusters.test and pruner(request.method).prunes and not request.pattern.sliced:
        tests = _fingerprint("test", prune.fingerprint, settings.clusters.test_replicates)
        steps.append(Step("test", subject, run, tests, request, seed))
    return steps


def _evaluate_step(settings: Settings, inputs: Inputs, pruned: Step) -> Step:
    windows = [settings.evaluate.window, settings.evaluate.windows]
    fingerprint = _fingerprint("evaluate", pruned.fingerprint, inputs.text, inputs.tokenizer, *windows)
    return dataclasses.replace(pruned, kind="evaluate", fingerprint=fingerprint)


def _activation_step(settings: Settings, inputs: Inputs, draw: Draw) -> Step:
    """Return the step that takes thresholds on the first calibration set, and measures what they cost."""
    seed = draw.seeds[0]
    shares = sorted(set(settings.metrics.activation_sparsity))
    thresholds = _fingerprint("activations", inputs.model, inputs.calibrations[seed], shares)
    step = Step("activations", f"{inputs.name} activations", "", thresholds, None, seed)
    if not settings.evaluate.evaluate:
        return step
    most = min(settings.metrics.activation_windows, settings.evaluate.windows)
    measured = _evaluate_step(settings, inputs, step).fingerprint
    return dataclasses.replace(step, fingerprint=_fingerprint("activations", measured, most))


def _check_requests(plan: Plan) -> None:
    """Refuse what does not fit the matrices of the model, which take seconds to list, where work is left."""
    checkpoint, settings = plan.checkpoint, plan.settings
    kinds = {step.kind for step in plan.pending}
    if "prune" in kinds:
        for request in settings.requests:
            _check_fit(checkpoint, request)
    if kinds & {"prune", "cluster"} and settings.clusters.cluster:
        _check_neighbourhoods(checkpoint, settings)


def _check_fit(checkpoint: Checkpoint, request: PruningRequest) -> None:
    for matrix in checkpoint.matrices:
        request.check_fit(matrix.tensor_name, matrix.in_features)
    beyond = [layer for layer in request.layers or () if layer >= checkpoint.layer_count]
    if beyond:
        msg = f"there is no block {beyond[0]}; the model's blocks are 0 to {checkpoint.layer_count - 1}"
        raise PruningRequestError(msg)
    present = {matrix.projection for matrix in checkpoint.matrices}
    absent = sorted(set(request.projections or ()) - present)
    if absent:
        msg = f"there is no projection {absent[0]}; the model's are {', '.join(sorted(present))}"
        raise PruningRequestError(msg)


def _check_neighbourhoods(checkpoint: Checkpoint, settings: Settings) -> None:
    """Refuse more clusters than the smallest matrix that will be pruned has features for."""
    most = max(settings.clusters.k)
    layers = {
        layer
        for request in settings.requests
        if not request.pattern.sliced
        for layer in request.layers or range(checkpoint.layer_count)
    }
    for matrix in checkpoint.matrices:
        by_row = cluster_axis(matrix.projection) == "output"
        features = matrix.out_features if by_row else matrix.in_features
        if matrix.layer in layers and most >= features:
            msg = (
                f"k {most} is too large: {matrix.tensor_name} has only {features} features to cluster; "
                "give a smaller --k, or --no-cluster"
            )
            raise ClusteringRequestError(msg)


def _finished_steps(connection: duckdb.DuckDBPyConnection | None) -> dict[tuple[str, str], set[str]]:
    """Return the fingerprints of finished steps by kind and subject, and by kind whatever the subject was."""
    known: dict[tuple[str, str], set[str]] = {}
    if connection is not None:
        rows = connection.execute(
            "SELECT step, subject, fingerprint FROM etl_steps WHERE state = 'finished'"
        ).fetchall()
        for kind, subject, fingerprint in rows:
            for name in (subject, _ANY_SUBJECT):
                known.setdefault((kind, name), set()).add(fingerprint)
    return known


def is_finished(step: Step, connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether a step was finished before with the same inputs."""
    return _with_state(step, _finished_steps(connection)).state == "done"


def _with_state(step: Step, known: dict[tuple[str, str], set[str]]) -> Step:
    if step.fingerprint in known.get((step.kind, _ANY_SUBJECT), set()):
        return dataclasses.replace(step, state="done", reason="same inputs and settings as before")
    earlier = (step.kind, step.subject) in known
    reason = "inputs, settings or code have changed" if earlier else "not done before"
    return dataclasses.replace(step, state="new", reason=reason)


def _tokenizer_fingerprint(folder: Path) -> str:
    files = sorted(folder.glob("tokenizer*")) + sorted(folder.glob("*.model"))
    return _fingerprint("tokenizer", *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files))


def _fingerprint(kind: str, *parts: Any) -> str:
    content = json.dumps([kind, CODE_VERSIONS.get(kind, ""), *parts], sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
