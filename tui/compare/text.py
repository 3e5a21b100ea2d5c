"""What the panels of the compare screen say, made from what was fetched."""

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from tui.drawing.figures import Figure, fixed, number, percent
from tui.drawing.grids import PROJECTIONS, Grid, Place
from tui.drawing.levels import LevelBar, Levels
from tui.drawing.matrix_grid import matrix_grid
from tui.drawing.plots import Level, Plot, Series
from tui.state.variants import Variant, variant_of
from tui.widgets.bar_chart import Bars

if TYPE_CHECKING:
    from tui.compare.data import FeatureData, Pair, PairData
    from warehouse.expressions.compare import Contest, FeaturePair, Overlap
    from warehouse.overview import Overview, RunFigures

Row = TypeVar("Row", "Overlap", "Contest")
OVERLAP_HEADINGS = (">block", "matrix", ">Jaccard", ">chance", ">Hamming", ">cosine", ">error A", ">error B")
CONTEST_HEADINGS = (
    ">block", "matrix", ">A ÷ chance", ">B ÷ chance", "by pairs", ">macro A", ">macro B", "published", "why",
)  # fmt: skip
FEATURE_HEADINGS = (">feature", ">Jaccard", ">Hamming", ">cosine")
EXCESS = fixed(3)
COMPARED = "sparsity-etl run compares the runs of a model"
FIGURES = (
    Figure(
        "jaccard", "Jaccard", "weights kept by both ÷ by either; 1 is the same mask", "", COMPARED, fixed(3)
    ),
    Figure(
        "above",
        "Jaccard − chance",
        "above what random masks of these densities share",
        "",
        COMPARED,
        fixed(3),
    ),
    Figure("hamming", "Hamming", "share of weights on which the masks differ", "", COMPARED, fixed(3)),
    Figure("cosine", "cosine", "of the pruned weights, mean over features", "", COMPARED, fixed(3)),
)


def overlap_grid(data: "PairData", places: dict[int, Place], figure: int) -> Grid:
    """Return one figure of how alike two runs are, for every matrix."""
    shown = FIGURES[figure]
    values = {row.matrix_id: _overlap_value(row, shown.name) for row in data.overlaps}
    return matrix_grid(places, values, shown)


def _overlap_value(row: "Overlap", name: str) -> float | None:
    if name == "above":
        return None if row.chance_jaccard is None else row.jaccard - row.chance_jaccard
    return {"jaccard": row.jaccard, "hamming": row.hamming, "cosine": row.mean_cosine}[name]


def overlap_sentence(row: "Overlap") -> str:
    """Say how alike two masks are."""
    cosine = "" if row.mean_cosine is None else f", cosine {row.mean_cosine:.3f}"
    chance = number(row.chance_jaccard)
    return (
        f"block {row.layer} {row.projection}: Jaccard {row.jaccard:.3f} (chance {chance}),"
        f" masks differ on {percent(row.hamming)}% of the weights{cosine}"
    )


def in_order(rows: "list[Row]") -> "list[Row]":
    """Return rows about matrices by block and projection, as the model applies them."""
    usual = {name: place for place, name in enumerate(PROJECTIONS)}
    return sorted(rows, key=lambda row: (row.layer, usual.get(row.projection, len(usual)), row.matrix_id))


def contests_by(data: "PairData | None", variant: Variant | None) -> "list[Contest]":
    """Return who wins which matrix by one variant of clustering."""
    rows = data.contests if data else []
    return in_order([row for row in rows if variant_of(row) == variant])


def overlap_rows(data: "PairData", errors: dict[tuple[int, int], float | None]) -> list[tuple[str, ...]]:
    """Write how alike every matrix is; `errors` are reconstruction errors by run and matrix."""
    pair = data.pair
    return [
        (
            str(row.layer),
            row.projection,
            f"{row.jaccard:.3f}",
            number(row.chance_jaccard),
            f"{row.hamming:.3f}",
            "·" if row.mean_cosine is None else f"{row.mean_cosine:.3f}",
            number(errors.get((pair.run_id, row.matrix_id))),
            number(errors.get((pair.other_run_id, row.matrix_id))),
        )
        for row in in_order(data.overlaps)
    ]


def contest_row(row: "Contest", names: dict[str, str]) -> tuple[str, ...]:
    """Write who wins a matrix, by pairs over chance and by the published figure, and why they differ."""
    return (
        str(row.layer),
        row.projection,
        f"{EXCESS(row.excess_a)}{_mark(row.is_structured_a)}",
        f"{EXCESS(row.excess_b)}{_mark(row.is_structured_b)}",
        names.get(row.winner or "", row.winner or "·"),
        number(row.macro_a),
        number(row.macro_b),
        names.get(row.winner_macro or "", "·"),
        why_they_differ(row),
    )


def contest_sentence(row: "Contest", names: dict[str, str]) -> str:
    """Say who wins a matrix, and why the published figure says otherwise."""
    winner = names.get(row.winner or "", row.winner or "nobody")
    why = why_they_differ(row)
    published = names.get(row.winner_macro or "", "nobody")
    other = f"; the published figure names {published}, but {why}" if why else ""
    return f"block {row.layer} {row.projection}, k = {row.k}: {winner} clusters better beyond chance{other}"


def _mark(is_structured: bool | None) -> str:
    return "▲" if is_structured else " "


def why_they_differ(row: "Contest") -> str:
    """Say why the published figure names another winner than the ratio over chance."""
    if row.winner is None or row.winner == row.winner_macro:
        return ""
    at_chance, null_macro, ones = (
        (row.is_macro_at_chance_a, row.null_macro_a, row.singletons_a)
        if row.winner_macro == "a"
        else (row.is_macro_at_chance_b, row.null_macro_b, row.singletons_b)
    )
    if ones:
        return f"its macro ratio comes from {ones:g} clusters of one"
    if at_chance:
        return f"its macro ratio is at chance ({number(null_macro)})"
    return "the better one is within chance" if row.winner == "nobody" else "its chance level is higher too"


def contests_title(rows: "list[Contest]", names: dict[str, str], variant: Variant) -> str:
    """Count the matrices that each run wins."""
    wins = Counter(row.winner for row in rows)
    published = Counter(row.winner_macro for row in rows)
    by_pairs = " ".join(f"{names[side]} {wins[side]}" for side in ("a", "b")) + f" nobody {wins['nobody']}"
    by_macro = " ".join(f"{names[side]} {published[side]}" for side in ("a", "b"))
    return f"wins by pairs: {by_pairs} · published: {by_macro} · {variant.name}"


def side_names(first: "RunFigures", second: "RunFigures") -> dict[str, str]:
    """Name two runs as briefly as keeps them distinct."""
    if first.method != second.method:
        return {"a": first.method, "b": second.method}
    return {"a": first.run_label, "b": second.run_label}


def distance_plot(data: "PairData", variant: Variant, names: dict[str, str]) -> Plot:
    """Return distances between clusters over those within, a point for every matrix of each run."""
    series = []
    for run_id, name in ((data.pair.run_id, names["a"]), (data.pair.other_run_id, names["b"])):
        points = [
            (row.within_distance, row.between_distance)
            for row in data.distances
            if row.run_id == run_id
            and variant_of(row) == variant
            and row.within_distance is not None
            and row.between_distance is not None
        ]
        series.append(Series(name, tuple(x for x, _ in points), tuple(y for _, y in points)))
    diagonal = (Level("ratio 1: no separation", diagonal=True),)
    return Plot("mean Hamming distance within clusters", "between clusters", tuple(series), diagonal)


def cost_levels(overview: "Overview", pair: "Pair", model_id: str) -> Levels:
    """Return the perplexity of every run of a model against the dense model; the compared runs are marked."""
    runs = [
        run
        for run in overview.runs
        if run.model_id == model_id and run.method != "dense" and run.perplexity is not None
    ]
    runs.sort(key=lambda run: (run.dataset or "", run.perplexity))
    sides = {pair.run_id: "A ", pair.other_run_id: "B "}
    bars = tuple(
        LevelBar(
            key=(run.run_id,),
            label=f"{sides.get(run.run_id, '  ')}{run.run_label}",
            value=run.perplexity,
            level=run.dense_perplexity,
            note=f"{number(run.perplexity):>6} {number(run.perplexity_ratio):>5}× on {run.dataset}",
            marked=run.run_id in sides,
        )
        for run in runs
    )
    found = [x for bar in bars for x in (bar.value, bar.level) if x is not None]
    wide = bool(found) and max(found) > 5 * min(found)
    title = "perplexity, less is better" + (", log scale" if wide else "")
    return Levels(title, bars, "dense", low=0.9 * min(found) if wide else 0.0, log=wide)


def sweep_plot(data: "PairData") -> Plot:
    """Return perplexity over sparsity, a line per kind of run, the dense model as a level."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in data.costs:
        lines.setdefault(row.series_label, []).append((100 * row.sparsity, row.perplexity))
    series = tuple(
        Series(name, tuple(x for x, _ in sorted(points)), tuple(y for _, y in sorted(points)), joined=True)
        for name, points in lines.items()
    )
    dense = sorted({row.dense_perplexity for row in data.costs if row.dense_perplexity})
    found = [row.perplexity for row in data.costs]
    wide = bool(found) and max(found) > 5 * min(found)
    levels = tuple(Level(f"dense {value:.2f}", value) for value in dense)
    return Plot("sparsity, %", "perplexity" + (", log scale" if wide else ""), series, levels, y_log=wide)


def feature_bars(data: "FeatureData", chance: float | None) -> Bars | None:
    """Return the histogram of the features' Jaccard similarities, the chance level marked."""
    if not data.bins:
        return None
    counts = {round(50 * row.jaccard_from): float(row.feature_count) for row in data.bins}
    first = min(*counts, int(50 * chance) if chance is not None else 49)
    last = max(counts) + 1
    return Bars(
        heights=tuple(counts.get(place, 0.0) for place in range(first, last)),
        x_low=first / 50,
        x_high=last / 50,
        x_title="Jaccard similarity of a feature in both runs",
        marker=None if chance is None else (chance, "chance"),
        write_y=lambda value: f"{value:,.0f}",
    )


def feature_row(row: "FeaturePair") -> tuple[str, ...]:
    """Write one feature in both runs."""
    cosine = "·" if row.cosine is None else f"{row.cosine:.3f}"
    return str(row.feature_index), f"{row.jaccard:.3f}", f"{row.hamming:.3f}", cosine
