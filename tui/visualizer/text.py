"""The pruning lesson in words and cells: what each method keeps, why, and what formats cost."""

from itertools import starmap

from textual.content import Content

from tui.drawing.figures import percent
from tui.visualizer.pruning import GROUP, Lesson, Outcome
from tui.visualizer.storage import Cost, Shape, book_bytes, costs, saved

CELL = 6
KEPT, GONE, CHANGED = "●", "·", "′"
TITLES = {"magnitude": "Magnitude", "wanda": "Wanda", "2:4": "2:4", "sparsegpt": "SparseGPT"}
FORMULAS = {"magnitude": "|w|", "wanda": "|w|·‖x‖", "2:4": "|w|·‖x‖", "sparsegpt": "w² ÷ U²"}
EXPLANATIONS = {
    "magnitude": "The smallest |w| of the whole matrix go. What the inputs are like does not matter to it.",
    "wanda": "The smallest |w|·‖x‖ of each row go: a small weight on a large input matters, and each row"
    " loses as many.",
    "2:4": "Of every four neighbours in a row the two with the smallest |w|·‖x‖ go. Sparse tensor cores can"
    " use this pattern; it is always 50%.",
    "sparsegpt": "Column by column: the lowest w² ÷ U² go, where UᵀU is the inverse of the damped Hessian"
    " 2XXᵀ, and the columns that follow make good what is lost.",
}
INDEPENDENT = (
    "The inputs are independent: nothing another input carries can make good what is lost, so no weight"
    " changes. c correlates neighbours. Damping adds 1% of the mean to the diagonal, which is much beside"
    " small norms."
)
CORRELATED = (
    "Neighbouring inputs are correlated: what a pruned weight gave can partly be had from its neighbours,"
    f" and the kept weights with {CHANGED} have changed to give it."
)
FLOPS_NOTE = (
    "FLOPs: dense 2·B·S·in·out, 2:4 on sparse tensor cores B·S·in·out; the others by their kept values."
)


def outcome_title(outcome: Outcome) -> str:
    """Name the method, what it keeps and what it loses."""
    return (
        f"{TITLES[outcome.method]} · keeps {outcome.kept_count} of {outcome.kept.size}"
        f" · error {percent(outcome.error)}%"
    )


def outcome_cells(outcome: Outcome, *, scores: bool) -> Content:
    """Return the pruned weights in rows and, below them, their scores, the kept ones marked."""
    lines = [_row(starmap(_weight, zip(*row, strict=True))) for row in _rows(outcome)]
    if scores:
        lines.append(Content.styled(f"scores {FORMULAS[outcome.method]}, {KEPT} kept", "$muted"))
        values = zip(outcome.scores.tolist(), outcome.kept.tolist(), strict=True)
        lines += [_row(starmap(_score, zip(*row, strict=True))) for row in values]
    return Content("\n").join(lines)


def explanation(lesson: Lesson, method: str) -> str:
    """Say what a method does, and what is particular about it here."""
    text = EXPLANATIONS[method]
    if method == "sparsegpt":
        text += " " + (CORRELATED if lesson.correlation else INDEPENDENT)
    return text


def comparison(outcomes: tuple[Outcome, ...]) -> Content:
    """Return the output error of every method as a bar, the least marked.

    A method that keeps more than the others, as 2:4 does beside 87.5 %, has the smaller error for nothing;
    rounding in each row is no difference.
    """
    fewest = min(outcome.kept_count for outcome in outcomes)
    equal = {o.method: o.error for o in outcomes if o.kept_count <= fewest + len(o.kept)}
    least = min(equal.values())
    most = max(outcome.error for outcome in outcomes) or 1.0
    lines = [Content.styled("output error ‖WX − ŴX‖ ÷ ‖WX‖", "$muted")]
    for outcome in outcomes:
        bar = "█" * max(1, round(18 * outcome.error / most))
        best = outcome.method in equal and outcome.error == least
        note = " ◀ least" if best else "" if outcome.method in equal else f" keeps {outcome.kept_count}"
        lines.append(
            Content.assemble(
                f"{TITLES[outcome.method]:<10}", (f"{percent(outcome.error):>6}% ", "bold" if best else ""),
                (f"{bar:<18}", "$success" if best else "$primary"), note,
            )
        )  # fmt: skip
    return Content("\n").join(lines)


def calculator(shape: Shape, sparsity: float, *, notes: bool) -> Content:
    """Return bytes and FLOPs of the formats as a table, and which count of 2:4 is right."""
    heading = f"{'format':<18}{'zeros':>6}{'MB':>9}{'saved':>8}{'GFLOP':>9}" + ("  note" if notes else "")
    lines = [Content.styled(heading, "$muted")]
    lines += [_cost(shape, cost, notes=notes) for cost in costs(shape, sparsity)]
    book = percent(saved(shape, book_bytes(shape)))
    lines.append(
        Content.assemble(
            ("2:4 saves 43.75%", "bold"), ": 2 bits of position for each kept value, as hardware stores it,",
            f" are half a byte a group. Counting a whole byte a group gives {book}%, as some texts do.",
        )
    )  # fmt: skip
    lines.append(Content.styled(FLOPS_NOTE, "$muted"))
    return Content("\n").join(lines)


def calculator_title(shape: Shape, name: str) -> str:
    """Say what is calculated."""
    return (
        f"bytes and FLOPs · {name} {shape.out_features}×{shape.in_features}, 16 bit · B·S = {shape.tokens:,}"
    )


def _rows(outcome: Outcome) -> "zip[tuple]":
    return zip(outcome.weights.tolist(), outcome.kept.tolist(), outcome.changed.tolist(), strict=True)


def _row(cells: "starmap[Content]") -> Content:
    """Join cells, with a rule between groups of four."""
    line = Content("")
    for place, cell in enumerate(cells):
        line += Content.styled("│", "$muted") if place and place % GROUP == 0 else Content("")
        line += cell
    return line


def _weight(value: float, kept: bool, changed: bool) -> Content:  # a cell of _row
    if not kept:
        return Content.styled(f"{GONE:>{CELL - 1}} ", "$muted")
    return Content.styled(f"{value:>{CELL - 1}.2f}{CHANGED if changed else ' '}", "bold")


def _score(value: float, kept: bool) -> Content:
    return Content.styled(
        f"{_short(value):>{CELL - 1}}{KEPT if kept else ' '}", "bold $primary" if kept else "$muted"
    )


def _short(value: float) -> str:
    """Write a score in at most five characters."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}" if value < 99_999.5 else f"{value:.0e}"


def _cost(shape: Shape, cost: Cost, *, notes: bool) -> Content:
    share = percent(saved(shape, cost.packed_bytes))
    figures = (
        f"{100 * cost.sparsity:>5.0f}%{cost.packed_bytes / 1e6:>9.3g}{share:>7}%{cost.flops / 1e9:>9.3g}"
    )
    return Content.assemble(
        (f"{cost.name:<18}", "bold"), figures, (f"  {cost.note}" if notes else "", "$muted")
    )
