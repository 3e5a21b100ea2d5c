"""Pruning methods are found by name, those of other packages too, and what these do wrong is one line."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from etl.cli import main
from etl.errors import PruningError, PruningRequestError
from etl.pruning import registry
from etl.pruning.methods.wanda import Wanda
from etl.pruning.plugins import check_choice, check_scores, guarded
from etl.pruning.pruner import Choice, Scorer
from tests.etl.tiny import QUICK
from warehouse.opening import attach_read_only

PLUG_IN = """
from etl.pruning.pruner import Scorer

class Rightmost(Scorer):
    scopes = ("row",)
    needs_inputs = False

    def scores(self, weight, squared_norms):
        {body}

class Scopeless(Rightmost):
    scopes = ("tensor",)
"""
RIGHTMOST = "return weight.new_tensor(range(weight.shape[1], 0, -1)).float().expand(weight.shape)"


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a package that adds methods; called with the body of `scores`."""

    def install(body: str = RIGHTMOST) -> None:
        site = tmp_path / "site"
        info = site / "rightmost-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "rightmost_plug_in.py").write_text(PLUG_IN.format(body=body))
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rightmost\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[sparsity_tui.pruners]\nrightmost = rightmost_plug_in:Rightmost\n"
            "scopeless = rightmost_plug_in:Scopeless\nabsent = rightmost_plug_in:Absent\n"
        )
        monkeypatch.syspath_prepend(site)

    yield install
    registry.pruner.cache_clear()
    sys.modules.pop("rightmost_plug_in", None)


def run(database: Path, model: Path, method: str) -> int:
    rest = ("--no-cluster", "--no-evaluate", "--pattern", "1:2")
    return main(["run", "--db", str(database), "--model", str(model), "--method", method, *QUICK, *rest])


def test_a_method_of_another_package_prunes(plug_in, tiny_model: Path, tmp_path: Path):
    """An installed package's method is asked for by its name alone; of two inputs the right one goes."""
    plug_in()
    assert run(tmp_path / "a.db", tiny_model, "rightmost") == 0
    with attach_read_only(tmp_path / "a.db") as connection:
        kept = connection.execute(
            "SELECT feature_index % 2, min(density), max(density) FROM feature_metrics"
            " INNER JOIN pruning_runs USING (run_id)"
            " WHERE method = 'rightmost' AND axis = 'input' GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert kept == [(0, 1, 1), (1, 0, 0)]


@pytest.mark.parametrize(
    ("method", "body", "told"),
    [
        (
            "rightmost",
            "raise ValueError('no\\nway')",
            "rightmost failed on model.layers.0.",
        ),
        ("scopeless", RIGHTMOST, "must be a Scorer with scopes out of row, matrix, model, cumulative"),
        ("absent", RIGHTMOST, "cannot be loaded: AttributeError"),
        ("unheard_of", RIGHTMOST, "'unheard_of' is not known; the nearest is"),
    ],
)
def test_a_method_that_cannot_be_used_gets_one_line(
    plug_in,
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    method: str,
    body: str,
    told: str,
):
    """Whatever a package does wrong, nothing is published and one line says what."""
    plug_in(body)
    assert run(tmp_path / "a.db", tiny_model, method) in {1, 2}
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert told in errors[0]
    assert not (tmp_path / "a.db").exists()


def test_errors_of_our_own_methods_pass_unchanged():
    """A fault of a built-in method is a fault of the program, and shown as one."""
    with pytest.raises(ZeroDivisionError), guarded("wanda", "w"):
        1 / 0  # noqa: B018
    with pytest.raises(PruningRequestError), guarded("other", "w"):
        registry.pruner("unheard_of")


def test_weights_of_another_package_are_checked():
    """Weights that are not 0 where pruned, or not finite, are refused; built-in methods are trusted."""
    weight, pruned = torch.ones(1, 2), torch.tensor([[True, False]])
    check_choice("wanda", Choice(weight, pruned), weight)
    check_scores("wanda", -weight, weight)
    for scores in (-weight, weight[0], torch.full((1, 2), float("nan"))):
        with pytest.raises(PruningError, match="must give one score ≥ 0 for each of"):
            check_scores("mine", scores, weight)
    for given in (weight, torch.tensor([[0.0, float("nan")]]), torch.zeros(2, 2)):
        with pytest.raises(PruningError, match="must give finite weights"):
            check_choice("mine", Choice(given, pruned), weight)


def test_a_package_cannot_replace_a_built_in_method(plug_in, monkeypatch: pytest.MonkeyPatch):
    """The built-in method keeps its name."""
    taken = EntryPoint("wanda", "rightmost_plug_in:Rightmost", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: (taken,))
    assert isinstance(registry.pruner("wanda"), Wanda)
    assert registry.method_names().count("wanda") == 1


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_built_in_methods_name_a_default_scope(name: str):
    """The first scope is the default."""
    found = registry.pruner(name)
    assert found.scopes
    if isinstance(found, Scorer):
        assert registry.scorer(name) is found
    else:
        with pytest.raises(PruningRequestError, match="cannot compete over the whole model"):
            registry.scorer(name)
