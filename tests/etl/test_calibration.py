"""Calibration sets: how many sequences, and one run for every seed."""

from pathlib import Path

import pytest

from etl.calibration import Draw
from etl.cli import main
from etl.model.checkpoint import Checkpoint
from etl.plan import CODE_VERSIONS, Inputs, _fingerprint, _run_steps, make_plan
from etl.settings.keys import Calibration
from etl.settings.read import read_settings
from tests.etl.tiny import QUICK
from warehouse.opening import attach_read_only


@pytest.mark.parametrize(
    ("parameters", "given", "expected"),
    [(10**9, None, 32), (10**9 + 1, None, 128), (10**9 + 1, 7, 7), (5, 64, 64)],
)
def test_large_models_take_more_sequences(parameters: int, given: int | None, expected: int) -> None:
    """128 above a billion parameters, as in the references, unless a number is given."""
    assert Draw.of(Calibration(samples=given), parameters).count == expected


def test_the_plan_goes_by_the_size_of_the_model(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the calibration set of a larger one has another fingerprint."""
    settings = read_settings(None, {"model": str(tiny_model)})
    small = make_plan(settings, None)
    monkeypatch.setattr(Checkpoint, "parameter_count", 2 * 10**9)
    large = make_plan(settings, None)
    assert (small.draw.count, large.draw.count) == (32, 128)
    assert small.inputs.calibrations != large.inputs.calibrations


def test_runs_of_the_first_version_keep_their_fingerprints() -> None:
    """Or all that a database holds would be computed again."""
    settings = read_settings(None, {})
    inputs = Inputs("m", "model", "tok", {0: "cal"}, "text")
    assert CODE_VERSIONS["prune"] == "1"
    for request, run, pruned, evaluated in (
        (
            settings.requests[0],
            "c3981991e00b2e5223bd7fae54b7deb1",
            "4d23e8ebc40d5e39b8e0413b5333d163",
            "724aa663725265bba518c5a5154dd341",
        ),
        (
            settings.requests[5],
            "3d5b306818c464a3234221f892462f78",
            "0de27725739d88099df32897c030581f",
            "44d6abf52707eafed330d179e971c23b",
        ),
    ):
        prune, evaluate = _run_steps(settings, inputs, request, 0)[:2]
        assert (prune.run, prune.fingerprint, evaluate.fingerprint) == (run, pruned, evaluated)
    assert _fingerprint("calibration", "text", "tok", 32, 256, 0) == "9a37390eb9d0947342b7f632b5c63a1f"


def test_every_seed_is_a_run_of_its_own(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Done once, found again whatever other seeds are asked for, and summed up in a view."""
    database = tmp_path / "sparsity.db"
    quick = ["--method", "wanda", "--pattern", "2:4", "--no-cluster", "--no-compare", "--no-test"]
    flags = ["--db", str(database), "--model", str(tiny_model), *QUICK, *quick]
    assert main(["run", *flags]) == 0
    capsys.readouterr()
    assert main(["plan", *flags, "--calibration-seed", "2", "0", "2"]) == 0
    planned = [line for line in capsys.readouterr().out.splitlines() if "wanda" in line]
    assert [line.split()[0] for line in planned] == ["new", "new", "done", "done"]
    assert "tiny wanda 0.5 2:4 seed 2" in planned[0]
    assert main(["run", *flags, "--calibration-seed", "0", "2"]) == 0
    with attach_read_only(database) as opened:
        runs = opened.execute(
            "SELECT runs.seed, calibrations.seed FROM pruning_runs AS runs JOIN calibrations"
            " USING (calibration_id) ORDER BY ALL"
        ).fetchall()
        masks = opened.execute(
            "SELECT count(DISTINCT keep_mask) FROM feature_masks GROUP BY matrix_id, axis, feature_index"
        ).fetchall()
        summary = opened.execute("SELECT method, seed_count FROM perplexity_over_seeds ORDER BY 1").fetchall()
    assert runs == [(0, 0), (2, 2)]
    assert (2,) in masks
    assert summary == [("dense", 1), ("wanda", 2)]
