"""Whole runs over families other than Llama's: what the database holds of them, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from etl import plan
from etl.bundled import MODEL_PATH
from etl.cli import main
from tests.etl.families import ENCODERS, FAMILIES, save_random
from tests.etl.tiny import QUICK
from warehouse.opening import attach_read_only

#: Some text that is quickly encoded.
TEXT = Path(plan.__file__)
#: The bundled tokenizer's.
VOCABULARY = 2048


def write_model(family: str, folder: Path, **sizes: object) -> Path:
    """Write a random model of a family that reads the bundled tokenizer's tokens, and return its folder."""
    config = (FAMILIES | ENCODERS)[family].__class__
    values = (FAMILIES | ENCODERS)[family].to_dict() | {"vocab_size": VOCABULARY} | sizes
    save_random(config.from_dict(values), folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(MODEL_PATH / name, folder)
    return folder


def run(folder: Path, model: Path, *flags: str) -> int:
    texts = ("--calibration", str(TEXT), "--text", str(TEXT))
    flags = (*QUICK, *texts, "--no-cluster", "--no-compare", "--json", *flags)
    return main(["run", "--db", str(folder / "s.db"), "--model", str(model), *flags])


def notes(text: str) -> list[str]:
    """What the program remarked, of its lines of JSON."""
    return [e["message"] for e in map(json.loads, text.splitlines()) if e["event"] == "note"]


@pytest.mark.parametrize("family", ["gpt2", "mixtral"])
def test_a_run_is_exported_in_the_layout_of_the_checkpoint(
    family: str, tmp_path: Path, capsys: pytest.CaptureFixture
):
    """(in, out) or expert by expert: every matrix stands pruned where the dense one stood."""
    model = write_model(family, tmp_path / "model")
    assert run(tmp_path, model, "--method", "wanda", "--pattern", "2:4") == 0
    assert main(["export", "2", "--db", str(tmp_path / "s.db"), "--out", str(tmp_path / "out")]) == 0
    dense, pruned = (load_file(tmp_path / name / "model.safetensors") for name in ("model", "out"))
    assert {name: tensor.shape for name, tensor in pruned.items()} == {n: t.shape for n, t in dense.items()}
    with attach_read_only(tmp_path / "s.db") as db:
        kept = db.execute("SELECT sum(kept_count), sum(weight_count) FROM matrix_prunings").fetchone()
    assert kept[0] * 2 == kept[1]
    changed = {name for name in dense if not torch.equal(dense[name], pruned[name])}
    assert sum(dense[name].numel() for name in changed) == kept[1]
    assert sum(int((pruned[name] == 0).sum()) for name in changed) == kept[1] - kept[0]
    AutoModelForCausalLM.from_pretrained(tmp_path / "out")


def test_a_mixture_says_how_many_tokens_each_expert_saw(tmp_path: Path, capsys: pytest.CaptureFixture):
    """Every token goes to two of four experts; those with fewer tokens than inputs are remarked on."""
    model = write_model("mixtral", tmp_path / "model")
    assert run(tmp_path, model, "--method", "magnitude", "--pattern", "2:4") == 0
    told = [note for note in notes(capsys.readouterr().out) if "experts" in note]
    with attach_read_only(tmp_path / "s.db") as db:
        loads = db.execute(
            "SELECT layer, component, count(*), sum(token_count) FROM expert_loads GROUP BY ALL"
        )
        assert sorted(loads.fetchall()) == [(0, "mlp.experts", 4, 128), (1, "mlp.experts", 4, 128)]
        least = db.execute(
            "SELECT layer, min(token_count), min_by(expert, token_count), count(*) FILTER (token_count < 48)"
            " FROM expert_loads GROUP BY layer ORDER BY layer"
        ).fetchall()
        experts = db.execute("SELECT component, out_features, in_features FROM matrices WHERE layer = 1")
        assert ("mlp.experts.3.up_proj", 48, 32) in experts.fetchall()
    assert told == [
        f"{count} of 4 experts of block {layer} saw fewer calibration tokens than they have inputs, "
        f"expert {expert} only {tokens} for 48; give more --samples"
        for layer, tokens, expert, count in least
        if count
    ]
    assert told


def test_an_expert_that_saw_no_token_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture):
    """Of v, −v, w, −w and 0 the last is never among the two with the highest scores."""
    model = write_model("mixtral", tmp_path / "model", num_local_experts=5)
    tensors = load_file(model / "model.safetensors")
    v, w = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    tensors["model.layers.1.block_sparse_moe.gate.weight"] = torch.stack([v, -v, w, -w, 0 * v])
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    capsys.readouterr()
    assert run(tmp_path, model, "--method", "wanda", "--pattern", "2:4") == 1
    error = capsys.readouterr().err
    assert "model.layers.1.mlp.experts.4.down_proj saw no token of the calibration text; give more" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "s.db").exists()


def test_an_encoder_has_errors_and_no_perplexity(tmp_path: Path, capsys: pytest.CaptureFixture):
    """One remark says so; a second run finds nothing to do."""
    model = write_model("bert", tmp_path / "model")
    flags = ("--method", "wanda", "sparsegpt", "--pattern", "2:4")
    assert run(tmp_path, model, *flags) == 0
    told = "BertForMaskedLM predicts no next token: its runs have no perplexity, only errors"
    assert notes(capsys.readouterr().out) == [told]
    with attach_read_only(tmp_path / "s.db") as db:
        assert db.execute("SELECT count(*) FROM perplexities").fetchone() == (0,)
        runs = db.execute("SELECT method, matrix_count, mean_reconstruction_error > 0 FROM run_overview")
        assert sorted(runs.fetchall()) == [
            ("dense", None, None),
            ("sparsegpt", 12, True),
            ("wanda", 12, True),
        ]
    assert run(tmp_path, model, *flags) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "unchanged"
