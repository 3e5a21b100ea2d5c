"""The panels beside the spy plot: ratios, distances, clusters, densities, features."""

from typing import TYPE_CHECKING

from tui.frame.panes import ChartPanel, TablePanel
from tui.matrix import text
from tui.matrix.data import Profile, Structure
from tui.matrix.spy_pane import SpyPanel

if TYPE_CHECKING:
    from warehouse.expressions.matrices import Separation


class RatiosPanel(TablePanel):
    """The separation ratio of every clustering of the matrix."""

    NAME = "ratios"
    TITLE = "ratios"
    HEADINGS = text.RATIO_HEADINGS

    def show(self, separations: "list[Separation]") -> None:
        """Show a row for every clustering."""
        self.table.fill([text.ratio_row(row) for row in separations])
        self.retitle(text.ratios_title(separations))


class DistancesPanel(ChartPanel):
    """The Hamming distances of all features to the reference."""

    NAME = "hamming"
    TITLE = "distances"
    MISSING = "no clustering of this matrix, so no reference feature"

    def show(self, structure: Structure | None) -> None:
        """Show how many features are at which distance."""
        self.chart.show(text.histogram_bars(structure))
        self.retitle(text.histogram_title(structure))


class SizesPanel(ChartPanel):
    """How many features are in each cluster."""

    NAME = "sizes"
    TITLE = "sizes"
    MISSING = "no clustering of this matrix"

    def show(self, structure: Structure | None) -> None:
        """Show the clusters, the largest first."""
        self.chart.show(text.size_bars(structure))
        self.retitle(text.sizes_title(structure))


class DensityPanel(ChartPanel):
    """The share of kept weights, feature by feature."""

    NAME = "density"
    TITLE = "density"
    MISSING = "no figures of single features for this matrix"

    def show(self, profile: Profile) -> None:
        """Show the densities along an axis."""
        self.chart.show(text.density_bars(profile))
        self.retitle(text.density_title(profile))


class FeaturesPanel(TablePanel):
    """The densest and the sparsest features."""

    NAME = "features"
    TITLE = "features"
    HEADINGS = text.FEATURE_HEADINGS

    def show(self, profile: Profile) -> None:
        """Show the densest beside the sparsest."""
        self.table.fill(text.feature_rows(profile))
        self.retitle(f"densest and sparsest {profile.key.axis} features")


# In the order of the keys [ and ]; the spy plot is always in view.
PANELS = (SpyPanel, RatiosPanel, DistancesPanel, SizesPanel, DensityPanel, FeaturesPanel)
