"""The settings of a pipeline: read from a TOML file, overridden by flags, checked once."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from etl.clusters.methods import combinations
from etl.pruning.patterns import Pattern
from etl.pruning.registry import pruner, slices
from etl.pruning.request import PruningRequest
from etl.settings.keys import (
    CHECKPOINT,
    TABLE_OF,
    TABLES,
    Calibration,
    Clusters,
    Evaluate,
    Metrics,
    Model,
    Prune,
    Table,
    Warehouse,
)
from etl.validation import complaint, nearest
from warehouse.errors import UsageError
from warehouse.files import read_finite

AnyTable = TypeVar("AnyTable", bound=Table)


class SettingsError(UsageError):
    """A pipeline file or a flag asks for something that does not exist or makes no sense."""


@dataclass(frozen=True)
class Settings:
    """A checked pipeline: its tables, and in the place of [[prune]] every run asked for."""

    warehouse: Warehouse
    model: Model
    calibration: Calibration
    metrics: Metrics
    clusters: Clusters
    evaluate: Evaluate
    requests: tuple[PruningRequest, ...]


def read_settings(file: Path | None, flags: dict[str, Any]) -> Settings:
    """Combine a pipeline file (or none) with the flags given; flags win.

    A relative path in the file is relative to the file.

    Raises:
        SettingsError: the file cannot be read, or a table, key or value in it does not exist.
        PatternError, PruningRequestError, ClusteringRequestError: a combination that makes no sense.
    """
    content = _read_file(file) if file else {}
    given = {key: value for key, value in flags.items() if value is not None}

    def table(kind: type[AnyTable], written: dict[str, Any]) -> AnyTable:
        name = kind.__name__.lower()
        ours = {key: value for key, value in given.items() if TABLE_OF[key] == name}
        values = _checked(kind, written, file.parent if file else None)
        # Flags are checked apart: their paths are relative to the current folder.
        overriding = _checked(kind, ours, None)
        return values.model_copy(update={key: getattr(overriding, key) for key in ours})

    model = table(Model, content.get("model", {}))
    prunes = [table(Prune, written) for written in content.get("prune", [{}])]
    requests = [request for prune in prunes for request in _requests(prune, model)]
    if model.model is None and "prune" not in content and not any(TABLE_OF[key] == "prune" for key in given):
        requests.append(_shown_repair(model))
    settings = Settings(
        warehouse=table(Warehouse, content.get("warehouse", {})),
        model=model,
        calibration=table(Calibration, content.get("calibration", {})),
        metrics=table(Metrics, content.get("metrics", {})),
        clusters=table(Clusters, content.get("clusters", {})),
        evaluate=table(Evaluate, content.get("evaluate", {})),
        requests=tuple(dict.fromkeys(requests)),
    )
    _check_clusters(settings.clusters)
    return settings


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(read_finite(file).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"cannot read the pipeline file {file}: {reason}"
        raise SettingsError(msg) from error
    for name, value in content.items():
        if name not in TABLES:
            msg = f"{file}: there is no table [{name}]; the nearest is {nearest(name, TABLES)}"
            raise SettingsError(msg)
        tables = value if name == "prune" and isinstance(value, list) else [value]
        if isinstance(value, list) != (name == "prune") or not all(isinstance(t, dict) for t in tables):
            brackets = "[[prune]]" if name == "prune" else f"[{name}]"
            msg = f"{file}: {name} must be written as {brackets}"
            raise SettingsError(msg)
    return content


def _checked(kind: type[AnyTable], written: dict[str, Any], folder: Path | None) -> AnyTable:
    """Check the keys written in one table, whose relative paths begin at `folder`; None leaves them."""
    try:
        return kind.model_validate(written, context=folder)
    except ValidationError as error:
        msg = f"[{kind.__name__.lower()}] {complaint(error, kind.model_fields)}"
        raise SettingsError(msg) from error


def _check_clusters(clusters: Clusters) -> None:
    combinations(clusters.algorithm, clusters.distance)
    if clusters.cluster and max(clusters.k) >= clusters.neighbours:
        msg = f"[clusters] k {max(clusters.k)} must be below neighbours, which are {clusters.neighbours}"
        raise SettingsError(msg)


def _requests(prune: Prune, model: Model) -> list[PruningRequest]:
    """Every method × pattern × sparsity × value format of one [[prune]] table.

    A sparsity asked of unstructured runs does not apply to N:M patterns beside them, which fix their own;
    neither sparsity nor pattern applies to methods that only round, beside others that prune.
    """
    shared = _shared_settings(prune, model)
    requests = []
    for method in prune.method:
        ties = prune.ties if method == "magnitude" else "exact"
        choices = _choices(prune, method)
        requests += [
            PruningRequest.of(
                method,
                sparsity,
                pattern=pattern,
                ties=ties,
                value_format=None if stored == CHECKPOINT else stored,
                **shared,
            )
            for (pattern, sparsity), stored in itertools.product(choices, _stored(prune, method))
        ]
    return requests


def _choices(prune: Prune, method: str) -> list[tuple[str, float | None]]:
    """Return the patterns and sparsities of a method.

    Patterns beside other methods are meant for these: a method that slices has one of its own.
    """
    if slices(method) and not ("pattern" in prune.model_fields_set and _all_slice(prune)):
        return [("sliced", sparsity) for sparsity in prune.sparsity]
    return _sparsities(prune) if pruner(method).prunes else _rounded_only(prune)


def _all_slice(prune: Prune) -> bool:
    return all(map(slices, prune.method))


def _sparsities(prune: Prune) -> list[tuple[str, float | None]]:
    """Return every pattern with each sparsity that is asked of it."""
    asked, mixed = "sparsity" in prune.model_fields_set, "unstructured" in prune.pattern
    choices: list[tuple[str, float | None]] = []
    for pattern in prune.pattern:
        fixed = Pattern.parse(pattern).implied_sparsity is not None
        choices += [
            (pattern, share) for share in (prune.sparsity if not fixed or (asked and not mixed) else (None,))
        ]
    return choices


def _rounded_only(prune: Prune) -> list[tuple[str, float | None]]:
    """Return the one choice there is for a method that prunes nothing, unless all methods are such."""
    asked = {"sparsity", "pattern"} & prune.model_fields_set
    if asked and not any(pruner(method).prunes for method in prune.method):
        return _sparsities(prune)
    return [("unstructured", None)]


def _stored(prune: Prune, method: str) -> tuple[str, ...]:
    """Return the value formats of a method; one that only rounds takes the narrow ones among several."""
    if slices(method) and not _all_slice(prune):
        return (CHECKPOINT,)
    narrow = tuple(stored for stored in prune.value_format if stored != CHECKPOINT)
    return prune.value_format if pruner(method).prunes or not narrow else narrow


def _shown_repair(model: Model) -> PruningRequest:
    """Return the short run that shows what repair gives, on the bundled model, where no run is asked for."""
    settings: dict[str, Any] = _where(model) | {"refine_samples": 128, "refine_steps": 60}
    return PruningRequest.of("sparsegpt", pattern="2:4", refine="reconstruct", **settings)


def _shared_settings(prune: Prune, model: Model) -> dict[str, Any]:
    """Return the settings that all runs of a [[prune]] table have in common."""
    each = {"method", "sparsity", "pattern", "ties", "value_format"}
    return prune.model_dump(exclude=each) | _where(model)


def _where(model: Model) -> dict[str, Any]:
    """Return which matrices of the model are pruned."""
    return {
        "layers": tuple(sorted(set(model.layers))) or None,
        "projections": tuple(sorted(set(model.projections))) or None,
    }
