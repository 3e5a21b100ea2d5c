"""What the panels of the clusters screen say, made from what was fetched."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.drawing.figures import RATIO, Figure, fixed, number, percent
from tui.drawing.grids import PROJECTIONS, Grid, Place
from tui.drawing.levels import LevelBar, Levels, axis_start
from tui.drawing.matrix_grid import matrix_grid
from tui.drawing.plots import MARKERS, Level, Plot, Series
from tui.state.variants import Variant, variant_of
from tui.widgets.bar_chart import Bars

if TYPE_CHECKING:
    from tui.clusters.data import MatrixClusters, RunClusters
    from warehouse.expressions.clusters import Agreement, Coherence, Interval, Published, Size

RATIO_HEADINGS = (
    "algorithm", ">k", ">ratio", "95%", ">chance", ">z", ">macro", ">chance", ">ones", ">q", "effect",
)  # fmt: skip
STABILITY_HEADINGS = ("algorithm", ">k", "other", ">pairs", ">mean ARI", ">lowest", ">shared")
COHERENCE_HEADINGS = (
    "algorithm", ">k", "order", ">empty %", ">chance", ">skippable %", ">chance", "verdict",
)  # fmt: skip
PUBLISHED_HEADINGS = (
    "matrix", ">k", ">published", ">implied ones", ">macro", ">chance", ">ones", ">pair", ">chance",
)  # fmt: skip
Z = fixed(1)
MORE_SEEDS = "cluster with several: sparsity-etl run --cluster-seed 0 1 2 --references 3"


def _excess(row: "Interval") -> float | None:
    return row.mean_excess


def _ratio(row: "Interval") -> float | None:
    return row.mean_ratio


def _macro(row: "Interval") -> float | None:
    return row.mean_ratio_macro


def _z_score(row: "Interval") -> float | None:
    return row.mean_z_score


HOW = "sparsity-etl run clusters the masks"
FIGURES: tuple[tuple[Figure, Callable[["Interval"], float | None]], ...] = (
    (Figure("excess", "separation ÷ chance", "1 is chance; ▲ structured", "", HOW, fixed(2)), _excess),
    (
        Figure("ratio", "separation ratio", "between ÷ within by pairs; ▲ structured", "", HOW, fixed(2)),
        _ratio,
    ),
    (Figure("macro", "macro ratio", "as published; clusters of one inflate it", "", HOW, fixed(2)), _macro),
    (Figure("z", "z-score", "distance from chance in its sd; ▲ structured", "", HOW, fixed(1)), _z_score),
)


def block_levels(data: "RunClusters", layer: int, algorithm: str, distance: str) -> Levels:
    """Return the separation of every matrix of a block for every k as bars against chance."""
    rows = [
        row
        for row in data.intervals
        if (row.layer, row.algorithm, row.distance) == (layer, algorithm, distance)
    ]
    order = {name: place for place, name in enumerate(PROJECTIONS)}
    rows.sort(key=lambda row: (order.get(row.projection, len(order)), row.matrix_id, row.k))
    bars = tuple(_bar(row) for row in rows)
    values = [x for bar in bars for x in (bar.value, bar.level) if x is not None]
    title = f"separation ratio of block {layer}, {algorithm} {distance}"
    return Levels(title, bars, "chance", low=axis_start(values), write=fixed(2))


def _bar(row: "Interval") -> LevelBar:
    structured = bool(row.is_structured)
    note = (
        f"{RATIO(row.mean_ratio):>6} z{Z(row.mean_z_score):>6}{'▲' if structured else ' '}"
        f" macro {number(row.mean_ratio_macro):>5} ones {few(row.mean_singleton_count):>3}"
    )
    return LevelBar(
        key=(row.matrix_id, row.k),
        label=f"{row.projection:<4} k={row.k}",
        value=row.mean_ratio,
        level=row.mean_null_ratio,
        note=note,
        marked=structured,
    )


def run_grid(data: "RunClusters", places: dict[int, Place], variant: Variant, figure: int) -> Grid:
    """Return one figure of every matrix of a run, clustered by one variant."""
    shown, value = FIGURES[figure]
    rows = [row for row in data.intervals if variant_of(row) == variant]
    marks = shown.name != "macro"
    structured = frozenset(row.matrix_id for row in rows if marks and row.is_structured)
    return matrix_grid(places, {row.matrix_id: value(row) for row in rows}, shown, structured)


def ratio_row(row: "Interval") -> tuple[str, ...]:
    """Write one variant of clustering a matrix, both ratios beside their chance level."""
    return (
        f"{row.algorithm} {row.distance}",
        str(row.k),
        RATIO(row.mean_ratio),
        "" if row.ratio_low is None else f"{RATIO(row.ratio_low)}–{RATIO(row.ratio_high)}",
        RATIO(row.mean_null_ratio),
        Z(row.mean_z_score) + ("▲" if row.is_structured else " "),
        number(row.mean_ratio_macro),
        number(row.mean_null_ratio_macro),
        few(row.mean_singleton_count),
        number(row.q_value),
        effect_text(row),
    )


def effect_text(row: "Interval") -> str:
    """Say how far the clusters stand apart, and where one of them fills the neighbourhood."""
    return "one cluster fills it" if row.is_filled else row.effect or "·"


def few(value: float | None) -> str:
    """Write the mean of small counts: 3, or 2.5."""
    return "·" if value is None else f"{round(value, 1):g}"


def sentence(row: "Interval") -> str:
    """Say what a ratio means, and what the macro ratio beside it is made of."""
    ones = row.mean_singleton_count or 0
    if row.mean_ratio is None or row.mean_ratio_macro is None or ones < 0.5:
        return row.verdict
    blame = "inflated by" if row.is_inflated else "with"
    return f"{row.verdict}; macro ratio {number(row.mean_ratio_macro)} {blame} {few(ones)} clusters of one"


def size_bars(sizes: "list[Size]") -> Bars | None:
    """Return the clusters of one clustering, the largest first."""
    if not sizes:
        return None
    return Bars(
        heights=tuple(float(size.feature_count) for size in sizes),
        x_low=1,
        x_high=len(sizes),
        x_title="clusters, the largest first",
        write_x=lambda value: f"{value:.0f}",
        write_y=lambda value: f"{value:,.0f}",
    )


def clustering_of(data: "MatrixClusters", variant: Variant) -> "list[Size]":
    """Return the clusters of the first clustering of a matrix by one variant."""
    rows = [size for size in data.sizes if variant_of(size) == variant]
    return [size for size in rows if size.clustering_id == rows[0].clustering_id]


def trend_plot(data: "RunClusters", *, errors: bool) -> Plot:
    """Return how separation above chance, or the reconstruction error, changes with depth."""
    names = sorted(
        dict.fromkeys(trend.projection for trend in data.trends),
        key=lambda name: PROJECTIONS.index(name) if name in PROJECTIONS else len(PROJECTIONS),
    )
    series = []
    for name in names:
        points = [
            (float(trend.layer), value)
            for trend in data.trends
            if trend.projection == name
            and (value := trend.reconstruction_error if errors else trend.separation_excess) is not None
        ]
        series.append(Series(name, tuple(x for x, _ in points), tuple(y for _, y in points), joined=True))
    title = "reconstruction error ‖WX − ŴX‖ / ‖WX‖" if errors else "separation ratio ÷ chance"
    levels = () if errors else (Level("chance", 1.0),)
    return Plot("block", title, tuple(series), levels, x_whole=True)


def place_plot(data: "MatrixClusters", members: dict[int, int], embedding: str) -> Plot:
    """Return the clustered features in the plane, the largest clusters by markers of their own."""
    places = [place for place in data.places if place.embedding == embedding]
    counts = Counter(members.get(place.feature_index) for place in places)
    ranked = [cluster for cluster, _ in counts.most_common()]
    shown = ranked if len(ranked) <= len(MARKERS) else ranked[: len(MARKERS) - 1]
    groups: dict[str, list[tuple[float, float]]] = {}
    for place in places:
        cluster = members.get(place.feature_index)
        rank = ranked.index(cluster) + 1
        name = "the others" if cluster not in shown else f"cluster {rank}" if members else "features"
        groups.setdefault(name, []).append((place.x, place.y))
    series = tuple(
        Series(f"{name} ({len(points)})", tuple(x for x, _ in points), tuple(y for _, y in points))
        for name, points in sorted(groups.items(), key=lambda item: -len(item[1]))
    )
    axes = ("first axis", "second axis") if embedding == "pca" else ("t-SNE 1", "t-SNE 2")
    return Plot(*axes, series)


def stability_row(row: "Agreement") -> tuple[str, ...]:
    """Write how far clusterings agree that differ in one setting."""
    return (
        f"{row.algorithm} {row.distance}",
        str(row.k),
        row.varied,
        str(row.pair_count),
        number(row.mean_adjusted_rand),
        number(row.lowest_adjusted_rand),
        f"{row.mean_common_feature_count:.0f}",
    )


def coherence_row(row: "Coherence") -> tuple[str, ...]:
    """Write what skipping blocks could save, beside what chance would save."""
    return (
        f"{row.algorithm} {row.distance}",
        str(row.k),
        row.feature_order,
        percent(row.block_coherence),
        percent(row.chance_block_coherence),
        percent(row.skippable_share),
        percent(row.chance_skippable_share),
        row.verdict,
    )


def published_row(row: "Published") -> tuple[str, ...]:
    """Write a published ratio beside ours."""
    return (
        f"{row.layer} {row.projection}",
        str(row.k),
        number(row.reported_ratio_macro),
        f"{row.reported_singletons_implied:.1f}",
        number(row.mean_ratio_macro),
        number(row.mean_null_ratio_macro),
        few(row.mean_singleton_count),
        number(row.mean_ratio),
        number(row.mean_null_ratio),
    )
