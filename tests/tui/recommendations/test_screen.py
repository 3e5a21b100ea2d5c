"""The recommendations screen: the plan within a budget, by evidence, against the views."""

from pathlib import Path

import pytest

from tests.tui.conftest import running, screen_text, settle
from tests.tui.panel_screens import SMALL, front, notes_of, opened, press, rows_of, title_of
from tui.recommendations.text import BUDGETS, in_order
from tui.state.selection import Selection
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from warehouse.expressions.recommendations import Choice, Option, options, plan
from warehouse.expressions.views import Views
from warehouse.reading import Reader

MODEL = "tiny-llama"


@pytest.mark.parametrize("budget", [0.05, 0.3, 1.0])
def test_the_plan_is_the_best_of_what_the_budget_allows(rich_database: Path, budget: float) -> None:
    """Measured goes before predicted, then gain, then error; without a candidate a matrix stays dense."""
    reader = Reader(rich_database)
    views = Views(reader.cursor())
    chosen = {row.matrix_id: row for row in views.rows(plan(views, MODEL, budget), Choice)}
    offers = views.relation(options(views, MODEL)).fetchall()
    names = views.relation(options(views, MODEL)).columns
    reader.close()
    offered: dict[int, list[dict]] = {matrix_id: [] for matrix_id in chosen}
    for row in offers:
        offer = dict(zip(names, row, strict=True))
        if offer["format"] != "dense" and offer["reconstruction_error"] <= budget:
            offered[offer["matrix_id"]].append(offer)
    assert len(chosen) == 14
    for matrix_id, candidates in offered.items():
        best = min(
            candidates,
            key=lambda o: (not o["is_measured"], -o["gain"], o["reconstruction_error"], o["run_id"]),
            default=None,
        )
        assert chosen[matrix_id].run_id == (best["run_id"] if best else None)


def test_offers_name_measurement_limit_and_the_tier_of_the_report(rich_database: Path) -> None:
    """What was not measured is a promise of the bytes; only methods the report treats have its tier."""
    reader = Reader(rich_database)
    views = Views(reader.cursor())
    rows = views.rows(options(views, MODEL), Option)
    reader.close()
    assert {row.is_measured for row in rows} == {True, False}
    assert {row.report_tier for row in rows if row.method == "magnitude"} == {None}
    assert {row.report_tier for row in rows if row.method == "wanda"} <= {"high", "medium", "low"}
    assert all(row.why.startswith("measured") == row.is_measured for row in rows)


async def test_the_budget_changes_the_plan(rich_database: Path) -> None:
    """Less error keeps more matrices dense; the ends of the budget are told."""
    async with opened(rich_database, "recommendations", SMALL) as (app, pilot):
        assert "error ≤ 0.25" in title_of(app, "plan")
        await press(pilot, "plus")
        assert "error ≤ 0.3" in title_of(app, "plan")
        await press(pilot, *["minus"] * len(BUDGETS))
        assert {row[2] for row in rows_of(app, "plan")} == {"keep dense"}
        assert "0.05 is the smallest budget" in notes_of(app)
        assert "keep it dense" in str(app.screen.query_one("#note").render())
        await press(pilot, "u")
        assert "keeps this matrix dense" in notes_of(app)


async def test_the_cursor_chooses_a_matrix_and_the_reasons_follow(rich_database: Path) -> None:
    """Sentence, options and trade-off are about the row under the cursor, and u selects its run."""
    async with opened(rich_database, "recommendations") as (app, pilot):
        await press(pilot, "plus", "plus", "home", "down")
        choice = in_order(app.screen.plan.choices)[1]
        assert (app.selection.layer, app.selection.projection) == (0, "k")
        note = str(app.screen.query_one("#note").render())
        assert note.startswith("block 0 k: ")
        assert choice.why in note
        assert len(rows_of(app, "options")) == 5
        plot = app.screen.query_one("#trade PlotView", PlotView).plot
        assert sum(len(series.xs) for series in plot.series) == 5
        assert sum(bar.value for bar in app.screen.query_one(LevelBars).levels.bars) == 14
        await press(pilot, "u")
        assert app.selection.run_id == choice.run_id
        await front(app, pilot, "gains")
        await press(pilot, "J")
        assert app.selection.layer == 1
        await press(pilot, "o")
        assert app.current_mode == "matrix"


async def test_the_plan_can_be_exported(rich_database: Path, tmp_path: Path) -> None:
    """The first table of the export dialog is the plan, a row for every matrix, in any format."""
    async with opened(rich_database, "recommendations", SMALL) as (app, pilot):
        await press(pilot, "e")
        app.screen.query_one("Input").value = str(tmp_path / "plan.csv")
        await press(pilot, "tab", "enter")
        await settle(pilot)
        lines = (tmp_path / "plan.csv").read_text().splitlines()
        assert "format" in lines[0].split(",")
        assert len(lines) == 15


async def test_the_dense_model_alone_has_a_plan(rich_database: Path) -> None:
    """With the dense run in view the plan is there all the same."""
    async with running(rich_database, SMALL, screen="recommendations", link=Selection(run_id=1)) as (
        app,
        pilot,
    ):
        await settle(pilot)
        assert "plan for tiny-llama" in screen_text(app)
