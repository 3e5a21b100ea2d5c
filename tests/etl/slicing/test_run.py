"""SliceGPT on the main path: planned, sliced, measured, kept, exported; beside a method with masks."""

import math
import shutil
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from etl.cli import main
from etl.slicing import load_sliced
from tests.etl.families import FAMILIES, save_random
from tests.etl.tiny import write_tiny_model
from warehouse.opening import attach_read_only

WINDOW = 32


class Built:
    """A database of the tiny model: SliceGPT with and without sparsity, and Wanda."""

    def __init__(self, folder: Path) -> None:
        self.database, self.text = folder / "sparsity.db", folder / "text.txt"
        self.model = write_tiny_model(folder / "tiny")
        self.text.write_text("".join(f"def double_{n}(x):\n    return {n} * x\n\n" for n in range(40)))

    def do(self, command: str, *flags: str) -> int:
        shared = (
            f"--calibration {self.text} --samples 2 --length {WINDOW} --text {self.text} --window {WINDOW}"
        )
        place = ["--db", str(self.database), "--model", str(self.model)]
        more = "--windows 999 --k 2 --neighbours 8 --null-replicates 2"
        return main([command, *place, *shared.split(), *more.split(), *flags])

    def rows(self, query: str) -> list[tuple]:
        with attach_read_only(self.database) as connection:
            return connection.execute(query).fetchall()


ASKED = ("--method", "slicegpt", "wanda", "--sparsity", "0", "0.25", "--pattern", "unstructured")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    built = Built(tmp_path_factory.mktemp("sliced"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        place = ["--db", str(built.database), "--model", str(built.model), "--calibration", str(built.text)]
        drawn = ["--samples", "2", "--length", str(WINDOW)]
        # The ledger takes the command from here, and an export that slices again reads it there.
        monkeypatch.setattr(sys, "argv", ["sparsity-etl", "run", *place, *drawn, *ASKED])
        assert built.do("run", *ASKED) == 0
    return built


def test_sliced_runs_are_in_the_warehouse(built: Built) -> None:
    """Their dimensions by block, their perplexities beside those of the others; no masks and no clusters."""
    assert built.rows("SELECT run_id, layer, kept_dimensions, hidden_size FROM slices ORDER BY ALL") == [
        *((2, layer, 32, 32) for layer in (0, 1)),
        *((3, layer, 24, 32) for layer in (0, 1)),
    ]
    shares = built.rows("SELECT explained_variance FROM slices WHERE run_id = 3")
    assert all(0.5 < share < 1 for (share,) in shares)
    assert built.rows("SELECT DISTINCT run_id FROM matrix_prunings ORDER BY 1") == [(4,), (5,)]
    runs = built.rows(
        "SELECT method, sparsity, pattern, scope, perplexity_ratio > 0 FROM run_overview ORDER BY run_id"
    )
    assert runs[:3] == [
        ("dense", 0.0, "unstructured", None, True),
        ("slicegpt", 0.0, "sliced", None, True),
        ("slicegpt", 0.25, "sliced", None, True),
    ]


def test_without_sparsity_the_perplexity_is_that_of_the_dense_model(built: Built) -> None:
    """But for rounding the rotated weights to bfloat16."""
    (ratio,) = built.rows("SELECT perplexity_ratio FROM run_overview WHERE run_id = 2")[0]
    assert ratio == pytest.approx(1, rel=1e-3)


def test_a_rerun_has_nothing_to_do(built: Built, capfd: pytest.CaptureFixture) -> None:
    """Every step of a sliced run is known again by its inputs."""
    before = built.database.stat()
    assert built.do("run", *ASKED) == 0
    assert "nothing new" in capfd.readouterr().out
    assert built.database.stat().st_ino == before.st_ino


@pytest.mark.parametrize("kept", [True, False])
def test_a_sliced_run_is_exported_as_a_smaller_model(
    built: Built, tmp_path: Path, capfd: pytest.CaptureFixture, kept: bool
) -> None:
    """It loads, generates, and has the perplexity of the warehouse; sliced again where it was not kept."""
    target, weights = tmp_path / "model", built.database.with_name("sparsity.db.weights")
    if not kept:
        weights = weights.rename(tmp_path / "moved")
    try:
        assert main(["export", "3", "--db", str(built.database), "--out", str(target)]) == 0
    finally:
        if not kept:
            shutil.rmtree(built.database.with_name("sparsity.db.weights"))
            weights.rename(built.database.with_name("sparsity.db.weights"))
    assert ("pruning again" in capfd.readouterr().out) is not kept
    model, tokenizer = load_sliced(target, dtype=torch.float32), AutoTokenizer.from_pretrained(target)
    assert measured(model, tokenizer, built.text) == pytest.approx(
        built.rows("SELECT perplexity FROM perplexities WHERE run_id = 3")[0][0], rel=1e-6
    )
    assert model.generate(torch.tensor([[3, 4, 5]]), max_new_tokens=4, do_sample=False).shape == (1, 7)
    card = (target / "README.md").read_text()
    assert "24 of the 32 dimensions of its residual stream are left" in card
    assert "load_sliced" in card
    ((dense,),) = built.rows("SELECT parameter_count FROM models")
    assert f"| parameters | {model.num_parameters():,} (dense {dense:,}) |" in card
    assert model.get_input_embeddings().weight.shape[1] == 24
    assert not (target / "run.json").exists()


@torch.no_grad()
def measured(model, tokenizer, text: Path) -> float:
    """Perplexity as a person would take it of any model of transformers."""
    tokens = tokenizer(text.read_text(), add_special_tokens=False, return_tensors="pt").input_ids[0]
    windows = tokens[: len(tokens) // WINDOW * WINDOW].view(-1, WINDOW)
    losses = [model(input_ids=row[None], labels=row[None]).loss.double().item() for row in windows]
    return math.exp(sum(losses) / len(losses))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--sparsity", "0.9"), "leaves none of the 32 dimensions"),
        (("--pattern", "2:4"), "slicegpt takes whole dimensions away and has no pattern 2:4; leave it out"),
        (("--layers", "0"), "layers does not apply to it"),
    ],
    ids=["nothing left", "pattern", "layers"],
)
def test_what_cannot_be_sliced_is_said_by_plan(
    built: Built, capfd: pytest.CaptureFixture, flags: tuple[str, ...], complaint: str
) -> None:
    """In one line, before any work."""
    assert built.do("plan", "--method", "slicegpt", *flags) != 0
    error = capfd.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_a_model_unlike_llama_is_refused_by_plan(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """Its blocks have norms elsewhere."""
    save_random(FAMILIES["olmo2"], tmp_path / "olmo2")
    place = ["--db", str(tmp_path / "s.db"), "--model", str(tmp_path / "olmo2"), "--no-cluster"]
    capfd.readouterr()
    assert main(["plan", *place, "--method", "slicegpt"]) == 1
    error = capfd.readouterr().err
    assert "Olmo2ForCausalLM are not built as Llama's" in error
    assert error.count("\n") == 1
