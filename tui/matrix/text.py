"""What the panels of the matrix screen say, made from what was fetched."""

from typing import TYPE_CHECKING

from tui.drawing.figures import RATIO, fixed, number, percent
from tui.matrix.data import bin_width
from tui.widgets.bar_chart import Bars

if TYPE_CHECKING:
    from tui.matrix.data import Profile, Structure
    from warehouse.expressions.matrices import Compliance, FeatureFigures, Separation

RATIO_HEADINGS = (">k", ">ratio", ">chance", "± sd", ">z", ">macro", ">chance", ">ones", ">max")
FEATURE_HEADINGS = (">densest", ">kept %", ">‖w‖", ">‖x‖", ">sparsest", ">kept %", ">‖w‖", ">‖x‖")


def ratio_row(row: "Separation") -> tuple[str, ...]:
    """Write one clustering as a row, both ratios beside their chance level."""
    return (
        str(row.k),
        RATIO(row.separation_ratio),
        RATIO(row.null_ratio_mean),
        f"± {RATIO(row.null_ratio_sd)}",
        fixed(1)(row.z_score) + ("▲" if row.is_structured else " "),
        fixed(2)(row.separation_ratio_macro),
        fixed(2)(row.null_ratio_macro_mean),
        str(row.singleton_count),
        str(row.largest_cluster),
    )


def ratios_title(separations: "list[Separation]") -> str:
    """Say what was clustered."""
    if not separations:
        return "separation ratios: not clustered"
    first = separations[0]
    near = f"{first.neighbour_count} {first.axis} features near {first.reference_feature}"
    tested = first.evidence if first.q_value is None else f"{first.evidence}, q {number(first.q_value)}"
    return f"separation of {near}; mask {tested}"


def histogram_title(structure: "Structure | None") -> str:
    """Say what the distances are to."""
    if structure is None:
        return "Hamming distances"
    separation = structure.separation
    return f"Hamming distance to {separation.axis} feature {separation.reference_feature}"


def sizes_title(structure: "Structure | None") -> str:
    """Say which clustering the sizes are of."""
    if structure is None:
        return "clusters"
    separation = structure.separation
    return f"features in each of {len(structure.sizes)} clusters, k = {separation.k}"


def histogram_bars(structure: "Structure | None") -> Bars | None:
    """Return the distances of all features to the reference, the distance chance expects marked."""
    if structure is None or not structure.histogram:
        return None
    bins = structure.histogram
    total = sum(b.feature_count for b in bins)
    chance = sum(b.chance_distance * b.feature_count for b in bins) / total
    counts = {round(100 * b.distance_from): float(b.feature_count) for b in bins}
    first = max(0, min(*counts, int(100 * chance)) - 1)
    last = min(100, max(*counts, int(100 * chance)) + 2)
    return Bars(
        heights=tuple(counts.get(place, 0.0) for place in range(first, last)),
        x_low=first / 100,
        x_high=last / 100,
        x_title="share of positions in which the masks differ",
        marker=(chance, "chance"),
        write_y=_count,
    )


def size_bars(structure: "Structure | None") -> Bars | None:
    """Return the clusters of a clustering, the largest first."""
    if structure is None or not structure.sizes:
        return None
    sizes = [float(size.feature_count) for size in structure.sizes]
    return Bars(
        heights=tuple(sizes),
        x_low=1,
        x_high=len(sizes),
        x_title="clusters, the largest first",
        write_x=lambda value: f"{value:.0f}",
        write_y=_count,
    )


def density_title(profile: "Profile") -> str:
    """Say what the bars average over."""
    width = bin_width(profile.key)
    each = "each" if width == 1 else f"{width} neighbours, mean,"
    return f"% kept of {each} of the {profile.key.feature_count} {profile.key.axis} features"


def density_bars(profile: "Profile") -> Bars | None:
    """Return the share of kept weights of neighbouring features; the axis starts near the lowest."""
    if not profile.bins:
        return None
    heights = tuple(group.density for group in profile.bins)
    low, high = min(heights), max(heights)
    # N:M masks keep the same share of every group: what differs is rounding, and starts the axis at zero.
    floor = max(0.0, low - 0.1 * (high - low)) if high - low > 1e-4 else 0.0
    return Bars(
        heights=heights,
        x_low=0,
        x_high=profile.key.feature_count - 1,
        x_title=f"{profile.key.axis} features",
        y_low=floor,
        write_x=lambda value: f"{value:.0f}",
        write_y=percent,
    )


def compliance_line(rows: "list[Compliance]") -> str:
    """Say how many groups of inputs fit each N:M pattern as they are, beside chance."""
    parts = [
        f"{row.candidate_pattern} {percent(row.compliant_share)}% (chance {percent(row.chance_share)}%)"
        for row in rows
    ]
    return "groups that fit " + "   ".join(parts) if parts else ""


def feature_rows(profile: "Profile") -> list[tuple[str, ...]]:
    """Put the densest features beside the sparsest."""
    return [
        (*_feature(dense), *_feature(sparse))
        for dense, sparse in zip(profile.densest, profile.sparsest, strict=True)
    ]


def _feature(feature: "FeatureFigures") -> tuple[str, ...]:
    return (
        str(feature.feature_index),
        percent(feature.density),
        number(feature.weight_norm),
        number(feature.activation_norm),
    )


def _count(value: float) -> str:
    return f"{value:,.0f}"
