"""What would stop a job half-way is said by plan and run, before anything is written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from etl.cli import main
from tests.etl.tiny import QUICK, write_tiny_model


def without_tokenizer(model: Path) -> None:
    """Leave the tokenizer's files out."""
    for file in model.glob("tokenizer*"):
        file.unlink()


def unknown_architecture(model: Path) -> None:
    """Name a model type that transformers does not know."""
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"model_type": "never-heard-of"}))


def without_a_norm(model: Path) -> None:
    """Leave out a tensor that every block needs."""
    tensors = load_file(model / "model.safetensors")
    del tensors["model.layers.1.input_layernorm.weight"]
    save_file(tensors, model / "model.safetensors")


def with_an_expert(model: Path) -> None:
    """Store a matrix that no module of the model takes."""
    tensors = load_file(model / "model.safetensors")
    tensors["model.layers.1.mlp.router.weight"] = tensors["model.layers.1.mlp.up_proj.weight"].clone()
    save_file(tensors, model / "model.safetensors")


def with_a_nan(model: Path) -> None:
    """Spoil one weight of one matrix."""
    tensors = load_file(model / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight"][3, 5] = float("nan")
    save_file(tensors, model / "model.safetensors")


SPOILT: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "no tokenizer": (without_tokenizer, (), "holds no tokenizer"),
    "no such architecture": (unknown_architecture, (), "transformers cannot build the model"),
    "a tensor missing": (without_a_norm, (), "lacks tensor model.layers.1.input_layernorm.weight"),
    "a matrix too many": (with_an_expert, (), "mlp.router of block 1 is stored, but no module"),
    "a weight that is no number": (
        with_a_nan,
        (),
        "model.layers.1.mlp.up_proj.weight holds NaN or infinite values",
    ),
    "a calibration text too short": (
        lambda _: None,
        ("--calibration", "short.txt"),
        "the calibration text has 2",
    ),
    "no second calibration sequence to keep back": (
        lambda model: (model.parent / "one.txt").write_text("import os\n" * 12),
        ("--calibration", "one.txt", "--refine", "reconstruct"),
        "too few for 64",
    ),
    "an evaluation text too short": (lambda _: None, ("--text", "short.txt"), "the evaluation text has 2"),
    "a line that is no JSON": (
        lambda _: None,
        ("--calibration", "bad.jsonl"),
        "bad.jsonl: line 2 is no JSON",
    ),
    "tokens of another vocabulary": (
        lambda _: None,
        ("--calibration", "ids.npy"),
        "the calibration tokens hold 2048, outside the vocabulary of 2048",
    ),
    "too few tokens": (lambda _: None, ("--text", "ids.npy", "--window", "80"), "the evaluation text has 64"),
    "a window beyond the positions": (
        lambda _: None,
        ("--window", "2049"),
        "[evaluate] window is 2049 tokens, and the model has 2048 positions; give at most 2048",
    ),
    "sequences beyond the positions": (
        lambda _: None,
        ("--length", "2049"),
        "[calibration] length is 2049 tokens, and the model has 2048 positions; give at most 2048",
    ),
}


@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--length", "256"], 1), (["--window", "512"], 1)])
def test_defaults_fit_a_model_of_few_positions(tmp_path: Path, flags: list[str], code: int) -> None:
    """The tiny model has 128: what nobody asked for is shortened, what somebody asked for is refused."""
    model = write_tiny_model(tmp_path / "short")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 128}))
    assert main(["plan", "--db", str(tmp_path / "s.db"), "--model", str(model), *flags]) == code


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("kind", SPOILT)
def test_what_would_stop_the_job_is_said_first(
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    kind: str,
    command: str,
) -> None:
    """One line on stderr, nothing on stdout, and no file beside the inputs."""
    monkeypatch.chdir(tmp_path)
    spoil, flags, message = SPOILT[kind]
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    spoil(model)
    (tmp_path / "short.txt").write_text("import os")
    (tmp_path / "bad.jsonl").write_text('{"text": "import os"}\n{"text": \n')
    np.save(tmp_path / "ids.npy", np.arange(1985, 2049))
    before = sorted(tmp_path.rglob("*"))
    assert (
        main([command, "--db", "sparsity.db", "--model", "model", *QUICK, "--method", "wanda", *flags]) == 1
    )
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("error:") == captured.err.count("\n") == 1
    assert captured.out == ""
    assert [path for path in sorted(tmp_path.rglob("*")) if path.suffix != ".lock"] == before


@pytest.mark.parametrize("device", ["mps", "cuda:99", "cuda:999", "nonsense", "meta", "cpu:5", "cuda:-1", ""])
def test_devices_that_are_not_there_are_wrong_usage(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture, device: str
) -> None:
    """Whatever torch makes of the name, and before anything is copied."""
    flags = ["--db", str(tmp_path / "sparsity.db"), "--model", str(tiny_model), *QUICK]
    assert main(["run", *flags, "--device", device]) == 2
    assert f"there is no {device}" in capsys.readouterr().err.replace("no device ", "no ")
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_a_model_in_a_hub_cache_goes_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Not by the hash of the commit that its folder is named after; the cache itself is no model."""
    repository = tmp_path / "hub" / "models--acme--Tiny--Llama"
    snapshot = repository / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    write_tiny_model(snapshot)
    assert main(["plan", "--json", "--db", str(tmp_path / "none.db"), "--model", str(snapshot)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["subject"] == "Tiny--Llama"
    assert main(["plan", "--model", str(repository)]) == 1
    assert "has no config.json; give one of its snapshots" in capsys.readouterr().err


def test_more_clusters_than_a_matrix_has_features_are_refused_by_the_plan(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The tiny model has 32 features per matrix; without clustering k does not matter."""
    flags = ["plan", "--db", str(tmp_path / "none.db"), "--model", str(tiny_model), "--k", "4", "32"]
    assert main(flags) == 2
    assert "k 32 is too large: model.layers.0" in capsys.readouterr().err
    assert main([*flags, "--no-cluster"]) == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--projections", "q", "x"), "no projection x; the model's are down, gate, k, o, q, up, v"),
        (("--allocation", "owl"), "pattern 2:4 fixes the sparsity of every block"),
        (("--allocation", "linear", "--allocation-spread", "-1"), "allocation_spread -1.0 must lie between"),
    ],
)
def test_what_no_model_can_do_is_refused_by_the_plan(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture, flags: tuple[str, ...], message: str
) -> None:
    """Wrong usage, in one line."""
    assert main(["plan", "--db", str(tmp_path / "none.db"), "--model", str(tiny_model), *QUICK, *flags]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_more_sequences_than_memory_are_refused(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """A count that its column has room for, but no machine."""
    flags = ["--db", str(tmp_path / "none.db"), "--model", str(tiny_model), "--no-evaluate", "--no-cluster"]
    assert main(["plan", *flags, "--samples", str(2**31 - 1), "--length", "2048"]) == 1
    assert "give fewer --samples" in capsys.readouterr().err


def test_sequences_to_refit_on_count_twice(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """They are held dense and pruned; without refitting their number does not matter."""
    flags = ["--db", str(tmp_path / "none.db"), "--model", str(tiny_model), "--no-evaluate", "--no-cluster"]
    many = [*flags, "--method", "wanda", "--refine-samples", str(2**31 - 1), "--length", "128"]
    assert main(["plan", *many, "--refine", "reconstruct"]) == 1
    assert "and twice 2147483647 to refit blocks on" in capsys.readouterr().err
    assert main(["plan", *many]) == 0
