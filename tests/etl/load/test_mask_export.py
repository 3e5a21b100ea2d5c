"""The mask of a matrix as a file, and where that file may not go."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from safetensors.numpy import load_file

from etl.cli import main
from tests.etl.tiny import QUICK
from tests.sample_warehouse import build

PLACE = ("--run", "3", "--layer", "0", "--projection", "q")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample warehouse."""
    return build(tmp_path_factory.mktemp("masks") / "sparsity.db")


def export(database: Path, target: Path, *flags: str) -> int:
    return main(["export-mask", "--db", str(database), *PLACE, "--out", str(target), *flags])


def test_a_mask_that_is_there_is_kept_without_force(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """An existing file, of whatever kind, is replaced on --force alone."""
    target = tmp_path / "mask.safetensors"
    target.write_text("precious")
    assert export(database, target) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert export(database, target, "--force") == 0
    assert load_file(target)["mask"].dtype == np.uint8


def test_matrices_of_one_projection_are_told_apart_by_their_components(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """GPT-2 has two c_proj in a block: the masks of both are never written as one."""
    database = build(tmp_path / "sparsity.db")
    with duckdb.connect(str(database)) as db:
        db.execute("UPDATE matrices SET projection = 'c_proj' WHERE projection IN ('q', 'k')")
    target, place = tmp_path / "mask.safetensors", ["--run", "3", "--layer", "0", "--out"]
    command = ["export-mask", "--db", str(database), *place, str(target), "--projection"]
    assert main([*command, "c_proj"]) == 2
    assert "several matrices c_proj: give one as --projection self_attn.k_proj" in capsys.readouterr().err
    assert main([*command, "self_attn.k_proj"]) == 0
    assert load_file(target)["mask"].ndim == 2


@pytest.mark.parametrize("how", ["name", "relative", "symlink", "hardlink", "wal", "lock", "copy"])
def test_the_database_is_no_place_for_a_mask(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, capsys: pytest.CaptureFixture
) -> None:
    """By whatever name: it is refused before anything is read, even with --force."""
    beside = {"wal": ".wal", "lock": ".lock", "copy": ".work"}
    target = tmp_path / "link" if how in {"symlink", "hardlink"} else database
    if how == "symlink":
        target.symlink_to(database)
    elif how == "hardlink":
        target.hardlink_to(database)
    elif how == "relative":
        monkeypatch.chdir(database.parent)
        target = Path(f"./../{database.parent.name}/{database.name}")
    elif how in beside:
        target = database.with_name(database.name + beside[how])
    before = database.read_bytes()
    assert export(database, target, "--force") == 2
    assert "belongs to the database" in capsys.readouterr().err
    assert database.read_bytes() == before


def test_a_folder_that_is_missing_is_wrong_usage(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The reason is told in the words of the system."""
    assert export(database, tmp_path / "none" / "mask.safetensors") == 2
    error = capsys.readouterr().err
    assert "cannot write" in error
    assert "No such file" in error


def test_exported_mask_is_the_matrix(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The file holds the mask of the matrix as stored, and names its run."""
    database = tmp_path / "sparsity.db"
    flags = ["--method", "magnitude", "--pattern", "2:4", "--no-cluster", "--no-evaluate"]
    assert main(["run", "--db", str(database), "--model", str(tiny_model), *QUICK, *flags]) == 0
    target = tmp_path / "mask.safetensors"
    place = ["--db", str(database), "--run", "1", "--layer", "1", "--projection", "down"]
    assert main(["export-mask", *place, "--out", str(target)]) == 0
    mask = load_file(target)["mask"]
    assert mask.shape == (32, 64)
    assert (mask.reshape(32, 16, 4).sum(axis=2) == 2).all()
    assert mask.dtype == np.uint8
    assert main(["export-mask", *place[:-1], "nothing", "--out", str(target)]) == 2
    assert "has no mask of layer 1, projection nothing" in capsys.readouterr().err
