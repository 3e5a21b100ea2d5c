"""The matrix screen, driven by keys, against the masks of the sample."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.sample_shapes import RUNS, Shape, keep_mask, list_matrices
from tests.tui.conftest import running, screen_text, settle
from tui.app import SparsityApp
from tui.matrix.spy import Picture, Spy
from tui.state.selection import Selection
from tui.widgets.bar_chart import BarChart
from tui.widgets.table import Table
from warehouse.masks import pixel_edges
from warehouse.reading import Reader

WANDA_K = Selection(run_id=3, layer=1, projection="k")
WANDA_DOWN = Selection(run_id=3, layer=0, projection="down")
WIDE = (160, 50)


def mask_of(run_id: int, layer: int, projection: str) -> np.ndarray:
    """Return the (out, in) keep mask of the sample."""
    run = next(run for run in RUNS if run.run_id == run_id)
    matrices = list_matrices(Shape())
    return keep_mask(run, next(m for m in matrices if (m.layer, m.projection) == (layer, projection)))


def pooled(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the share of kept weights in each pixel, the slow way."""
    tops, bottoms = pixel_edges(mask.shape[0], height)
    lefts, rights = pixel_edges(mask.shape[1], width)
    return np.array(
        [
            [mask[top:bottom, left:right].mean() for left, right in zip(lefts, rights, strict=True)]
            for top, bottom in zip(tops, bottoms, strict=True)
        ]
    )


def picture_of(app: SparsityApp) -> Picture:
    """Return what the spy plot shows."""
    picture = app.screen.query_one(Spy).picture
    assert picture is not None
    return picture


async def press(pilot: Pilot, *keys: str) -> None:
    """Press keys and wait for what they bring."""
    await pilot.press(*keys)
    await settle(pilot)


async def test_enter_in_the_heatmap_opens_the_matrix(database: Path) -> None:
    """The matrix under the cursor is the one shown; Esc goes back to it."""
    async with running(database) as (app, pilot):
        await press(pilot, "l", "l", "j", "enter")
        assert app.current_mode == "matrix"
        assert "block 1 k · wanda 50% · 32×32" in screen_text(app)
        await press(pilot, "escape")
        assert app.current_mode == "overview"


async def test_the_spy_plot_is_the_mask(database: Path) -> None:
    """Every pixel is the share of kept weights of its part of the mask, outputs down and inputs across."""
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, _):
        density = picture_of(app).density
    assert np.allclose(density, pooled(mask_of(3, 1, "k"), *density.shape))


async def test_a_closer_look_shows_a_part(database: Path) -> None:
    """Zooming halves the view around its middle, panning moves it, 0 brings the whole back."""
    mask = mask_of(3, 1, "k")
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, pilot):
        await press(pilot, "plus", "l", "k")
        density = picture_of(app).density
        assert np.allclose(density, pooled(mask[4:20, 12:28], *density.shape))
        assert "outputs 4–19" in screen_text(app)
        await press(pilot, "0")
        assert "outputs 0–31" in screen_text(app)


async def test_features_by_cluster(database: Path) -> None:
    """The clustered columns alone, the largest cluster first, each by its distance to the reference."""
    cursor = Reader(database).cursor()
    rows = cursor.execute(
        "SELECT assigned.feature_index, sizes.size_rank"
        " FROM cluster_assignments AS assigned"
        " JOIN cluster_sizes AS sizes USING (clustering_id, cluster)"
        " WHERE sizes.run_id = 3 AND sizes.layer = 1 AND sizes.projection = 'k' AND sizes.k = 8"
        " ORDER BY sizes.size_rank, assigned.gradient_rank"
    ).fetchall()
    features = [feature for feature, _ in rows]
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, pilot):
        await press(pilot, "o")
        picture = picture_of(app)
        assert "by cluster" in screen_text(app)
    assert np.allclose(picture.density, pooled(mask_of(3, 1, "k")[:, features], *picture.density.shape))
    assert picture.column_bands is not None
    assert picture.column_bands.max() == rows[-1][1] - 1


async def test_rows_of_down_by_gradient(database: Path) -> None:
    """Down is clustered by rows: all rows, the nearest to the reference first."""
    mask = mask_of(3, 0, "down")
    order = np.argsort((mask != mask[0]).mean(axis=1), kind="stable")
    async with running(database, size=WIDE, link=WANDA_DOWN, screen="matrix") as (app, pilot):
        await press(pilot, "o", "o")
        density = picture_of(app).density
        assert "by Hamming gradient" in screen_text(app)
    assert np.allclose(density, pooled(mask[order], *density.shape))


async def test_ratios_stand_beside_chance(database: Path) -> None:
    """Each k has its pair ratio, macro ratio, chance mean and spread, z-score and clusters of one."""
    cursor = Reader(database).cursor()
    rows = cursor.execute(
        "SELECT k, separation_ratio, null_ratio_mean, null_ratio_sd, z_score, separation_ratio_macro,"
        " null_ratio_macro_mean, singleton_count, largest_cluster, is_structured FROM separation_ratios"
        " WHERE run_id = 3 AND layer = 1 AND projection = 'k' ORDER BY k"
    ).fetchall()
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, _):
        table = app.screen.query_one("#ratios Table", Table)
        shown = [[cell.plain for cell in table.get_row_at(row)] for row in range(table.row_count)]
    assert shown == [
        [
            str(k), f"{ratio:.3f}", f"{chance:.3f}", f"± {spread:.3f}",
            f"{z:.1f}" + ("▲" if structured else " "), f"{macro:.2f}", f"{macro_chance:.2f}",
            str(ones), str(largest),
        ]
        for k, ratio, chance, spread, z, macro, macro_chance, ones, largest, structured in rows
    ]  # fmt: skip


async def test_the_chosen_clustering_rules_the_panels(database: Path) -> None:
    """The largest k is chosen at first; moving in the table shows another one's clusters."""
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, pilot):
        sizes = app.screen.query_one("#sizes BarChart", BarChart)
        assert sizes.bars is not None
        assert (len(sizes.bars.heights), sum(sizes.bars.heights)) == (8, 16)
        app.screen.query_one("#ratios Table").focus()
        await press(pilot, "k")
        assert len(sizes.bars.heights) == 4
        assert "4 clusters, k = 4" in screen_text(app)


async def test_the_histogram_counts_every_other_feature(database: Path) -> None:
    """All features but the reference are in it, with the distance chance expects."""
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, _):
        bars = app.screen.query_one("#hamming BarChart", BarChart).bars
        assert "chance 0.4" in screen_text(app) or "chance 0.5" in screen_text(app)
    mask = mask_of(3, 1, "k")
    kept = mask.mean(axis=0)
    expected = (kept[1:] * (1 - kept[0]) + kept[0] * (1 - kept[1:])).mean()
    assert bars is not None
    assert sum(bars.heights) == 31
    assert bars.marker is not None
    assert bars.marker[0] == pytest.approx(expected)


async def test_densities_along_either_axis(database: Path) -> None:
    """Input features at first; x turns to outputs where they are stored, and says where they are not."""
    mask = mask_of(3, 0, "down")
    async with running(database, size=WIDE, link=WANDA_DOWN, screen="matrix") as (app, pilot):
        chart = app.screen.query_one("#density BarChart", BarChart)
        assert chart.bars is not None
        assert np.allclose(chart.bars.heights, mask.mean(axis=0), atol=1e-6)
        table = app.screen.query_one("#features Table", Table)
        densest, sparsest = table.get_row_at(0)[0].plain, table.get_row_at(0)[4].plain
        assert (int(densest), int(sparsest)) == (mask.sum(axis=0).argmax(), mask.sum(axis=0).argmin())
        await press(pilot, "x")
        assert np.allclose(chart.bars.heights, mask.mean(axis=1), atol=1e-6)
        await press(pilot, "H", "x")
        assert any("down projections alone" in note.message for note in app._notifications)


async def test_patterns_the_mask_respects(database: Path) -> None:
    """A 2:4 run respects 2:4 everywhere; an unstructured one in the share of groups that keep at most two."""
    mask = mask_of(3, 1, "k")
    share = f"2:4 {100 * (mask.reshape(32, 8, 4).sum(axis=2) <= 2).mean():.1f}%"
    # By chance as often as independent columns of these densities do.
    hits = np.array(list(product((0, 1), repeat=4)))
    odds = np.where(hits, mask.mean(axis=0).reshape(8, 1, 4), 1 - mask.mean(axis=0).reshape(8, 1, 4))
    chance = 100 * odds.prod(axis=2)[:, hits.sum(axis=1) <= 2].sum(axis=1).mean()
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, pilot):
        assert f"groups that fit {share} (chance {chance:.1f}%)" in screen_text(app)
        await press(pilot, "r")
        assert "2:4 100.0%" in screen_text(app)


async def test_from_matrix_to_matrix(database: Path) -> None:
    """J and K go through blocks, H and L through projections, r through runs; the ends stop."""
    async with running(database, link=WANDA_K, screen="matrix") as (app, pilot):
        await press(pilot, "J", "J", "L")
        assert (app.selection.layer, app.selection.projection) == (2, "v")
        await press(pilot, "r")
        assert "block 2 v · sparsegpt 2:4" in screen_text(app)
        await press(pilot, "K", "H", "1")
        assert (app.selection.layer, app.selection.projection) == (1, "k")
        assert "block 1 k" in screen_text(app)


async def test_panels_take_turns_in_a_small_terminal(database: Path) -> None:
    """] brings each panel to the front, [ goes back; there is always one."""
    async with running(database, size=(80, 24), link=WANDA_K, screen="matrix") as (app, pilot):
        assert "separation of 16 input features near 0" in screen_text(app)
        for title in ("Hamming distance to input", "k = 8", "% kept of each", "densest and sparsest"):
            await press(pilot, "right_square_bracket")
            assert title in screen_text(app)
        await press(pilot, "left_square_bracket")
        assert "% kept of each" in screen_text(app)


@pytest.mark.parametrize("size", [(40, 12), (99, 30), (110, 30), (400, 120)])
async def test_it_fits_any_terminal(database: Path, size: tuple[int, int]) -> None:
    """There is a spy plot at every size."""
    async with running(database, size=size, link=WANDA_K, screen="matrix") as (app, _):
        assert "▀" in screen_text(app)


async def test_without_colours_shades_are_shapes(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the plot is drawn in blocks of different density."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(database, size=WIDE, link=WANDA_K, screen="matrix") as (app, pilot):
        text = screen_text(app)
        assert "█" in text
        assert "▀" not in text
        await press(pilot, "o")
        assert picture_of(app).column_bands is not None
