"""The clusters screen, driven by keys, against what the views hold."""

from pathlib import Path

import duckdb
import pytest

from tests.tui.conftest import make_app, running, screen_text, settle
from tests.tui.panel_screens import (
    CONTENT,
    PLACE,
    SMALL,
    WIDE,
    filled,
    front,
    notes_of,
    opened,
    press,
    rows_of,
    title_of,
)  # fmt: skip
from tui.state.selection import Selection
from tui.widgets.bar_chart import BarChart
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView


def asked(path: Path, query: str) -> list[tuple]:
    """Ask the database directly."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


async def test_every_ratio_stands_beside_its_chance_level_and_what_was_published(rich_database: Path) -> None:
    """Bars, table, sentence and published figures are those of the views."""
    async with opened(rich_database, "clusters") as (app, _):
        bars = app.screen.query_one(LevelBars).levels.bars
        expected = asked(
            rich_database,
            "SELECT matrix_id, k, mean_ratio, mean_null_ratio FROM separation_intervals"
            " WHERE run_id = 3 AND layer = 1",
        )
        shown = {bar.key: (bar.value, bar.level) for bar in bars}
        # The last digit of a mean depends on the order in which threads add.
        assert shown == {row[:2]: pytest.approx(row[2:]) for row in expected}
        assert [bar.label.split()[0] for bar in bars[::2]] == ["q", "k", "v", "o", "gate", "up", "down"]
        assert [row[1] for row in rows_of(app, "ratios")] == ["4", "8"]
        ((verdict, ones),) = asked(
            rich_database,
            "SELECT verdict, mean_singleton_count FROM separation_intervals"
            " WHERE run_id = 3 AND layer = 1 AND projection = 'k' AND k = 8",
        )
        note = str(app.screen.query_one("#note").render())
        assert verdict in note
        assert f"{ones:g} clusters of one" in note
        published = [row[1:3] for row in rows_of(app, "published") if row[0] == "0 v"]
        assert published == [["4", "4.08"], ["8", "4.09"]]
        # Two seeds that found the same clusters agree fully.
        assert [row[2:6] for row in rows_of(app, "stability")] == [["seed", "1", "1.00", "1.00"]] * 2


async def test_the_cursor_in_the_bars_chooses_matrix_and_k(rich_database: Path) -> None:
    """The table, the sizes and the sentence follow."""
    async with opened(rich_database, "clusters", SMALL) as (app, pilot):
        await press(pilot, "home")
        assert app.selection.projection == "q"
        assert app.screen.variant.k == 4
        await press(pilot, "down")
        assert app.screen.variant.k == 8
        await press(pilot, "down")
        assert app.selection.projection == "k"
        assert "block 1 k" in str(app.screen.query_one("#note").render())


async def test_w_and_f_turn_the_number_of_clusters_and_the_figure(rich_database: Path) -> None:
    """Map, scatter and depth plot have several figures; elsewhere the key says that there is one."""
    async with opened(rich_database, "clusters") as (app, pilot):
        assert "k = 8" in title_of(app, "map")
        await press(pilot, "w")
        assert "k = 4" in title_of(app, "map")
        assert len(app.screen.query_one(BarChart).bars.heights) == 4
        titles = []
        for _ in range(4):
            titles.append(title_of(app, "map"))
            await press(pilot, "f")
        assert len(set(titles)) == 4
        await front(app, pilot, "places")
        assert "PCA" in title_of(app, "places")
        plot = app.screen.query_one("#places PlotView", PlotView).plot
        assert sum(len(series.xs) for series in plot.series) == 16
        assert len(plot.series) == 4
        await press(pilot, "f")
        assert "t-SNE" in title_of(app, "places")
        await front(app, pilot, "trends")
        await press(pilot, "f")
        assert "reconstruction error" in title_of(app, "trends")
        await front(app, pilot, "stability")
        await press(pilot, "f")
        assert "one figure" in notes_of(app)


async def test_steps_go_from_matrix_to_matrix_and_run_to_run(rich_database: Path) -> None:
    """Blocks, projections and runs change by their keys, on all screens."""
    async with opened(rich_database, "clusters") as (app, pilot):
        await press(pilot, "K", "L")
        assert (app.selection.layer, app.selection.projection) == (0, "v")
        await press(pilot, "J", "H")
        assert (app.selection.layer, app.selection.projection) == (1, "k")
        await press(pilot, "r")
        assert app.selection.run_id == 4
        await press(pilot, "o")
        assert app.current_mode == "matrix"


async def test_panels_turn_one_at_a_time(rich_database: Path) -> None:
    """A small terminal shows one of nine; the keys go both ways, and a wide one keeps two in view."""
    async with opened(rich_database, "clusters", SMALL) as (app, pilot):
        shown = [panel.id for panel in app.screen.query(".panel") if panel.display]
        assert shown == ["bars"]
        await press(pilot, "left_square_bracket")
        assert [panel.id for panel in app.screen.query(".panel") if panel.display] == ["published"]
        await pilot.click("PanelLine", offset=(9, 0))
        assert app.focused is not None
        await pilot.resize_terminal(*WIDE)
        await settle(pilot)
        assert [panel.id for panel in app.screen.query(".panel") if panel.display][:2] == ["bars", "ratios"]
        app.screen.query_one(LevelBars).focus()
        await press(pilot, "z")
        assert [panel.id for panel in app.screen.query(".panel") if panel.display] == ["bars"]


async def test_panels_are_written_as_text_and_tables_have_rows(rich_database: Path, tmp_path: Path) -> None:
    """The text holds title and bars without colours; every table of the export dialog has rows."""
    async with opened(rich_database, "clusters", SMALL) as (app, pilot):
        await press(pilot, "t")
        (written,) = tmp_path.glob("sparsity-clusters-bars-*.txt")
        text = written.read_text(encoding="utf-8")
        assert "separation ratio of block 1" in text
        assert "┃" in text
        assert "\x1b" not in text
        assert written.name in notes_of(app)
        for table in app.screen.tables():
            cursor = app.reader.cursor()
            assert table.query(cursor).fetchall(), table.name
            cursor.close()


async def test_the_dense_model_and_runs_without_clusters_say_what_to_do(
    rich_database: Path, tmp_path: Path
) -> None:
    """Nothing is empty without a sentence that says how to fill it."""
    async with running(rich_database, SMALL, screen="clusters", link=Selection(run_id=1)) as (app, pilot):
        assert "choose a pruned run" in screen_text(app)
        await press(pilot, "w", "f", "o", "J")
        assert "no pruned matrix" in notes_of(app)
    bare = tmp_path / "bare.db"
    bare.write_bytes(rich_database.read_bytes())
    with duckdb.connect(str(bare)) as connection:
        for table in ("clusterings", "cluster_assignments", "cluster_pair_distances"):
            connection.execute(f"DELETE FROM {table}")
    async with opened(bare, "clusters", SMALL) as (app, pilot):
        assert "sparsity-etl run --cluster" in screen_text(app)
        await press(pilot, "w")
        assert "not clustered" in notes_of(app)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("screen", sorted(CONTENT))
def test_pictures(snap_compare, rich_database: Path, screen: str, size: tuple[int, int]) -> None:
    """Each screen of panels looks as it did when it was last looked at."""
    app = make_app(rich_database, link=PLACE, screen=screen)
    assert snap_compare(app, terminal_size=size, run_before=filled)
