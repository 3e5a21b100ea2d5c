"""A run as a checkpoint: what others load is what the warehouse measured, whole or not there."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from etl.cli import main
from etl.export import checkpoint as exported_checkpoint
from etl.model.checkpoint import Checkpoint
from etl.model.tensors import read_tensor
from etl.pruning.weights import PrunedWeights, kept_fingerprint, weights_folder
from tests.etl.tiny import write_tiny_model
from warehouse.opening import attach_read_only

#: As a person would measure it: transformers alone, in a process that never imports this project.
MEASURE = """
import math, sys
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, text, window = sys.argv[1], Path(sys.argv[2]).read_text(), int(sys.argv[3])
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids[0]
windows = tokens[: len(tokens) // window * window].view(-1, window)
with torch.no_grad():
    losses = [model(input_ids=w[None], labels=w[None]).loss.double().item() for w in windows]
assert not {"etl", "warehouse"} & set(sys.modules)
print(repr(math.exp(sum(losses) / len(losses))))
"""
WINDOW = 32


class Built:
    """A database of the tiny model, in several shards, pruned with Wanda; the text it was measured on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.text = folder / "sparsity.db", folder / "text.txt"
        self.model = write_tiny_model(folder / "tiny", max_shard_size="100KB")
        (self.model / "LICENSE").write_text("as is")
        (self.model / "optimizer.pt").write_text("left behind")
        self.text.write_text("".join(f"def double_{n}(x):\n    return {n} * x\n\n" for n in range(40)))
        settings = f"--calibration {self.text} --samples 2 --length {WINDOW} --text {self.text}"
        more = f"--window {WINDOW} --windows 999 --no-cluster --method wanda --pattern unstructured"
        command = [
            "run",
            "--db",
            str(self.database),
            "--model",
            str(self.model),
            *settings.split(),
            *more.split(),
        ]
        # The ledger takes the command from here, and an export that prunes again reads it there.
        monkeypatch.setattr(sys, "argv", ["sparsity-etl", *command])
        assert main(command) == 0

    def export(self, run_id: int, target: Path, *flags: str) -> int:
        return main(["export", str(run_id), "--db", str(self.database), "--out", str(target), *flags])

    def pruned(self) -> PrunedWeights:
        folder = weights_folder(
            self.database, self.one("SELECT fingerprint FROM pruning_runs WHERE run_id = 2")
        )
        return PrunedWeights(folder, kept_fingerprint(folder))

    def one(self, query: str):
        with attach_read_only(self.database) as connection:
            return connection.execute(query).fetchall()[0][0]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return Built(tmp_path_factory.mktemp("export"), monkeypatch)


@pytest.fixture(scope="module")
def exported(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported") / "model"
    assert built.export(2, target) == 0
    return target


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_transformers_loads_what_the_warehouse_measured(built: Built, exported: Path) -> None:
    """Another process without this project finds the perplexity of the run, from all shards."""
    assert len(list(exported.glob("model-*.safetensors"))) > 1
    arguments = [sys.executable, "-c", MEASURE, str(exported), str(built.text), str(WINDOW)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=exported)
    expected = built.one("SELECT perplexity FROM perplexities WHERE run_id = 2")
    assert float(done.stdout) == pytest.approx(expected, rel=1e-6)
    assert expected != pytest.approx(
        built.one("SELECT perplexity FROM perplexities WHERE run_id = 1"), rel=1e-4
    )


def test_weights_and_masks_are_those_of_the_run(built: Built, exported: Path) -> None:
    """Pruned matrices and their packed masks, everything else as the dense checkpoint has it."""
    dense, pruned = Checkpoint.open(built.model), Checkpoint.open(exported)
    matrices = {matrix.tensor_name: matrix for matrix in dense.matrices}
    blocks = {layer: built.pruned().block(layer) for layer in range(2)}
    for name in dense.tensors:
        weight = read_tensor(pruned, name)
        if name not in matrices:
            assert weight.equal(read_tensor(dense, name))
            continue
        matrix = matrices[name]
        (run,) = (m for m in blocks[matrix.layer].matrices if m.matrix.component == matrix.component)
        assert weight.equal(run.weight)
        path = exported / "masks" / f"block-{matrix.layer:05d}.safetensors"
        with safe_open(path, framework="np") as file:
            packed = file.get_tensor(name.removesuffix("weight") + "mask")
            widths = json.loads(file.metadata()["in_features"])
        bits = np.unpackbits(packed, axis=1, count=widths[name.removesuffix("weight") + "mask"])
        assert np.array_equal(bits.astype(bool), run.keep_mask.numpy())


def test_the_folder_stands_by_itself(built: Built, exported: Path) -> None:
    """Tokenizer, configuration, index and licence come along, other files do not; every hash is right."""
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "config.json",
        "LICENSE",
        "model.safetensors.index.json",
    ):
        assert (exported / name).read_bytes() == (built.model / name).read_bytes()
    assert not (exported / "optimizer.pt").exists()
    assert {path.stat().st_mode for path in exported.rglob("*.*")} == {
        (exported / "SHA256SUMS").stat().st_mode
    }
    found = digests(exported)
    del found["SHA256SUMS"]
    lines = (exported / "SHA256SUMS").read_text().splitlines()
    assert {line[66:]: line[:64] for line in lines} == found


def test_the_card_says_what_the_warehouse_knows(built: Built, exported: Path) -> None:
    """Method, calibration, perplexities of both models, the command and the hash of the weights."""
    card = (exported / "README.md").read_text()
    for run_id in (1, 2):
        perplexity = built.one(f"SELECT perplexity FROM perplexities WHERE run_id = {run_id}")
        assert f" {perplexity:.4f} |" in card
    for part in (
        "# tiny, wanda 50%\n",
        f"2 sequences of {WINDOW} tokens",
        "| scores compared over | row |",
    ):
        assert part in card
    assert f"sparsity-etl run --db {built.database} --model {built.model}" in card
    assert Checkpoint.open(built.model).fingerprint() in card
    assert not re.search(r"None|\{|nan", card)


def test_weights_that_are_gone_are_pruned_again(built: Built, exported: Path, tmp_path: Path, capfd) -> None:
    """The command of the run is repeated from the ledger, and gives the same files."""
    kept = built.database.with_name("sparsity.db.weights")
    moved = kept.rename(tmp_path / "moved")
    try:
        assert built.export(2, tmp_path / "again") == 0
        assert "pruning again" in capfd.readouterr().out
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        moved.rename(kept)
    assert digests(tmp_path / "again") == digests(exported)


def test_weights_that_cannot_be_made_again_are_one_line(
    built: Built, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    """With another text under the name of the old, nothing is taken for the run."""
    kept = built.database.with_name("sparsity.db.weights")
    moved, text = kept.rename(tmp_path / "moved"), built.text.read_text()
    built.text.write_text(text + "x = 1\n" * 40)
    try:
        assert built.export(2, tmp_path / "again") == 2
    finally:
        built.text.write_text(text)
        moved.rename(kept)
    error = capfd.readouterr().err
    assert "run 2 are not kept" in error
    assert error.endswith("--db new.db\n")
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("run_id", "complaint"),
    [(1, "is the dense model itself"), (99, "there is no run 99")],
    ids=["dense", "none"],
)
def test_runs_without_a_pruned_model_are_refused(
    built: Built, tmp_path: Path, capfd: pytest.CaptureFixture, run_id: int, complaint: str
) -> None:
    """With one line, before anything is written."""
    assert built.export(run_id, tmp_path / "model") == 2
    error = capfd.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_model_and_the_database_are_no_place_for_an_export(
    built: Built, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    """By whatever name, even with --force: the folder that was pruned, the database, what is beside it."""
    link = tmp_path / "link"
    link.symlink_to(built.model)
    before = digests(built.model)
    for target, complaint in (
        (built.model, "is the folder of the model"),
        (link, "is the folder of the model"),
        (built.database, "belongs to the database"),
        (built.database.with_name("sparsity.db.weights") / "model", "belongs to the database"),
    ):
        assert built.export(2, target, "--force") == 2
        assert complaint in capfd.readouterr().err
    assert digests(built.model) == before


def test_an_earlier_export_is_replaced_on_force_alone(
    built: Built, exported: Path, tmp_path: Path, capfd
) -> None:
    """Its other files go; a folder that is no export stays even then."""
    target = shutil.copytree(exported, tmp_path / "model")
    (target / "stale.json").touch()
    assert built.export(2, target) == 2
    assert "--force" in capfd.readouterr().err
    assert (target / "stale.json").exists()
    assert built.export(2, target, "--force") == 0
    assert digests(target) == digests(exported)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis").touch()
    assert built.export(2, tmp_path / "home", "--force") == 2
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis"]


def test_a_model_that_has_changed_since_is_refused(built: Built, tmp_path: Path, capfd) -> None:
    """Weights of two models are never mixed."""
    config = built.model / "config.json"
    before = config.read_text()
    config.write_text(before + "\n")
    try:
        assert built.export(2, tmp_path / "model") == 2
    finally:
        config.write_text(before)
    assert "has changed since run 2" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(
    built: Built, tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second shard finds no room: one line, and the first is gone as well."""
    save = exported_checkpoint.save_file

    def full(tensors, path: Path, metadata) -> None:
        if "00002" in path.name:
            msg = "Error while serializing: I/O error: No space left on device (os error 28)"
            raise SafetensorError(msg)
        save(tensors, path, metadata=metadata)

    monkeypatch.setattr(exported_checkpoint, "save_file", full)
    target = tmp_path / "model"
    assert built.export(2, target) == 1
    expected = f"error: cannot write {target}: No space left on device; make room and try again\n"
    assert capfd.readouterr().err == expected
    assert not list(tmp_path.iterdir())


def test_shards_are_in_memory_one_at_a_time(built: Built, exported: Path) -> None:
    """Every file holds the tensors that the file of its name holds in the dense checkpoint."""
    for file in built.model.glob("model-*.safetensors"):
        assert load_file(exported / file.name).keys() == load_file(file).keys()
