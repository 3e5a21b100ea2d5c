"""The pruning methods by name: those built in, and those that installed packages add.

Another package adds a method by an entry point of the group `sparsity_tui.pruners`, which names a class of
`etl.pruning.pruner`:

    [project.entry-points."sparsity_tui.pruners"]
    mine = "my_package.mine:Mine"
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from etl.errors import PruningRequestError
from etl.pruning.pruner import SCORE_SCOPES, Scorer, Slicer, Updater

GROUP = "sparsity_tui.pruners"
BUILT_IN = {
    "magnitude": "etl.pruning.methods.magnitude:Magnitude",
    "wanda": "etl.pruning.methods.wanda:Wanda",
    "sparsegpt": "etl.pruning.methods.sparsegpt:SparseGPT",
    "ria": "etl.pruning.methods.ria:RIA",
    "gptq": "etl.pruning.methods.gptq:GPTQ",
    "round": "etl.pruning.methods.round:Round",
    "slicegpt": "etl.slicing.method:SliceGPT",
}


def method_names() -> tuple[str, ...]:
    """Return the names of all methods, those built in first."""
    added = sorted(point.name for point in entry_points(group=GROUP))
    return tuple(dict.fromkeys([*BUILT_IN, *added]))


@cache
def pruner(name: str) -> Scorer | Updater | Slicer:
    """Return the method of that name; only its own module is imported.

    Raises:
        PruningRequestError: there is none, or what a package offers under that name is no pruning method.
    """
    point = _entry_point(name)
    try:
        kind = point.load()
        found = kind()
    except Exception as error:
        msg = f"the pruning method {name} ({point.value}) cannot be loaded: {said(error)}"
        raise PruningRequestError(msg) from error
    scopes = getattr(found, "scopes", ())
    known = isinstance(found, Updater | Slicer) or (
        isinstance(found, Scorer) and {*scopes} <= {*SCORE_SCOPES}
    )
    if not scopes or not known:
        msg = (
            f"the pruning method {name} ({point.value}) must be a Scorer with scopes out of "
            f"{', '.join(SCORE_SCOPES)}, or an Updater with scopes; correct the package that adds it"
        )
        raise PruningRequestError(msg)
    return found


def matrix_pruner(name: str) -> Scorer | Updater:
    """Return the method of that name if it prunes matrix by matrix."""
    found = pruner(name)
    if isinstance(found, Slicer):
        msg = f"{name} slices the whole model and prunes no matrix by itself"
        raise PruningRequestError(msg)
    return found


def slices(name: str) -> bool:
    """Tell whether the method of that name takes whole dimensions away."""
    return isinstance(pruner(name), Slicer)


def scorer(name: str) -> Scorer:
    """Return the method of that name if it only takes weights away, as scope `model` asks of it."""
    found = pruner(name)
    if not isinstance(found, Scorer):
        msg = f"{name} changes the weights it keeps, so its scores cannot compete over the whole model"
        raise PruningRequestError(msg)
    return found


def said(error: Exception) -> str:
    """Say on one line what was raised."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _entry_point(name: str) -> EntryPoint:
    if name in BUILT_IN:
        return EntryPoint(name, BUILT_IN[name], GROUP)
    added = tuple(entry_points(group=GROUP, name=name))
    if not added:
        msg = f'method "{name}" is not known; choose one of {", ".join(method_names())}'
        raise PruningRequestError(msg)
    return added[0]
