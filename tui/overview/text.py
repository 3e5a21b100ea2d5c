"""What there is to say about a matrix, the structure always beside its chance level."""

from tui.drawing.figures import RATIO, number, percent
from tui.widgets.facts import Fact
from warehouse.overview import MatrixFigures, RunFigures


def matrix_facts(matrix: MatrixFigures) -> tuple[Fact, ...]:
    """Return the facts about a matrix, the most important first."""
    facts = [
        Fact("pruned", f"{percent(matrix.actual_sparsity)}%"),
        Fact("error", number(matrix.reconstruction_error)),
        *_separation_facts(matrix),
        Fact("shape", f"{matrix.out_features}×{matrix.in_features}"),
    ]
    if matrix.best_speedup is not None:
        facts.append(
            Fact("speed-up", f"{matrix.best_speedup:.2f}× {matrix.best_kernel} on {matrix.best_device}")
        )
    facts.append(Fact("module", matrix.component))
    return tuple(facts)


def run_facts(run: RunFigures) -> tuple[Fact, ...]:
    """Return the facts about a run, the most important first."""
    facts = []
    if run.perplexity is not None:
        facts.append(Fact("perplexity", f"{run.perplexity:.2f} on {run.dataset}"))
    if run.perplexity_ratio is not None and run.method != "dense":
        facts.append(Fact("against dense", f"{run.perplexity_ratio:.3f}× of {run.dense_perplexity:.2f}"))
    if run.matrix_count:
        facts += [
            Fact("pruned", f"{percent(run.actual_sparsity)}% of {run.weight_count or 0:,} weights"),
            Fact("matrices", str(run.matrix_count)),
            Fact("mean error", number(run.mean_reconstruction_error)),
        ]
    if run.scope:
        facts.append(Fact("compared within", run.scope))
    if run.elapsed_seconds:
        facts.append(Fact("pruned in", f"{number(run.elapsed_seconds)} s"))
    return tuple(facts)


def _separation_facts(matrix: MatrixFigures) -> list[Fact]:
    if matrix.separation_ratio is None:
        return [_evidence_fact(matrix), Fact("clusters", "none")]
    return [
        Fact(
            f"ratio k={matrix.k}",
            f"{RATIO(matrix.separation_ratio)} (chance {RATIO(matrix.null_ratio_mean)})",
            f"ratio {RATIO(matrix.separation_ratio)}, chance {RATIO(matrix.null_ratio_mean)}",
        ),
        _evidence_fact(matrix),
        Fact("z", number(matrix.z_score)),
        Fact(
            "macro",
            f"{number(matrix.separation_ratio_macro)} (chance {number(matrix.null_ratio_macro_mean)})",
            f"macro {number(matrix.separation_ratio_macro)}, chance {number(matrix.null_ratio_macro_mean)}",
        ),
        Fact("clusters of one", number(matrix.singleton_count)),
    ]


def _evidence_fact(matrix: MatrixFigures) -> Fact:
    evidence = matrix.evidence or "not tested"
    return Fact(
        "mask", evidence if matrix.q_value is None else f"{evidence}, q {number(matrix.q_value)}", evidence
    )
