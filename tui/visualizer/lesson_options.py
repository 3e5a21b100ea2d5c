"""The pruning lesson as options of the command line, and back."""

from dataclasses import replace
from math import isfinite

from tui.visualizer.pruning import CORRELATIONS, EXAMPLE, SPARSITIES, Lesson

Values = tuple[float, ...]


def lesson_options(lesson: Lesson) -> dict[str, str]:
    """Return a lesson by name; values as they are in the example are left out."""
    options = {"sparsity": f"{lesson.sparsity:g}", "correlation": f"{lesson.correlation:g}"}
    if lesson.norms != EXAMPLE.norms:
        options["norms"] = _written(lesson.norms)
    if lesson.weights != EXAMPLE.weights:
        options["weights"] = "/".join(map(_written, lesson.weights))
    return options


def lesson_of(options: dict[str, str]) -> Lesson:
    """Return the lesson of `lesson_options`; what is missing or impossible is as in the example."""
    shares = {f"{share:g}": share for share in SPARSITIES}
    correlations = {f"{correlation:g}": correlation for correlation in CORRELATIONS}
    lesson = replace(
        EXAMPLE,
        sparsity=shares.get(options.get("sparsity", ""), EXAMPLE.sparsity),
        correlation=correlations.get(options.get("correlation", ""), EXAMPLE.correlation),
    )
    norms = _read(options.get("norms", ""))
    rows = tuple(_read(row) for row in options.get("weights", "").split("/"))
    if norms is not None:
        lesson = replace(lesson, norms=norms)
    weights = tuple(row for row in rows if row is not None)
    return replace(lesson, weights=weights) if len(weights) == len(rows) == len(EXAMPLE.weights) else lesson


def _written(values: Values) -> str:
    return ",".join(map(repr, values))


def _read(text: str) -> Values | None:
    """Return one value for each input; None where these are none."""
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        return None
    return values if len(values) == len(EXAMPLE.norms) and all(map(isfinite, values)) else None
