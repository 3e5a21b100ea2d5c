"""Pipeline files and flags become checked settings."""

from pathlib import Path

import pytest

from etl.cli import main
from etl.settings.keys import KEYS
from etl.settings.read import SettingsError, read_settings
from warehouse.errors import UsageError


def settings_of(tmp_path: Path, text: str, **flags: object):
    file = tmp_path / "pipeline.toml"
    file.write_text(text)
    return read_settings(file, flags)


def test_defaults_are_the_main_path() -> None:
    """Without a file: three methods, unstructured and 2:4, at one half."""
    requests = read_settings(None, {}).requests
    assert [(r.method, str(r.pattern), r.sparsity) for r in requests] == [
        (method, pattern, 0.5)
        for method in ("magnitude", "wanda", "sparsegpt")
        for pattern in ("unstructured", "2:4")
    ]


def test_file_is_read_and_flags_win(tmp_path: Path) -> None:
    """A flag replaces the value of the file, other values of the file stay."""
    settings = settings_of(
        tmp_path, "[clusters]\nk = [2, 3]\nneighbours = 64\n[evaluate]\nwindow = 128\n", k=[5], window=None
    )
    assert settings["k"] == (5,)
    assert settings["neighbours"] == 64
    assert settings["window"] == 128


def test_prune_tables_multiply_out(tmp_path: Path) -> None:
    """Lists in one [[prune]] table are crossed; equal runs of two tables are one run."""
    text = """
        [[prune]]
        method = ["magnitude", "wanda"]
        sparsity = [0.5, 0.7]
        pattern = "unstructured"
        [[prune]]
        method = "wanda"
        sparsity = 0.5
        pattern = ["unstructured", "4:8"]
    """
    found = [(r.method, r.sparsity, str(r.pattern)) for r in settings_of(tmp_path, text).requests]
    assert found == [
        ("magnitude", 0.5, "unstructured"),
        ("magnitude", 0.7, "unstructured"),
        ("wanda", 0.5, "unstructured"),
        ("wanda", 0.7, "unstructured"),
        ("wanda", 0.5, "4:8"),
    ]


def test_sparsity_of_unstructured_runs_leaves_patterns_alone() -> None:
    """--sparsity 0.7 beside 2:4 asks for 70% unstructured, and for 2:4 as it is."""
    requests = read_settings(None, {"method": ["wanda"], "sparsity": [0.7]}).requests
    assert [(str(r.pattern), r.sparsity) for r in requests] == [("unstructured", 0.7), ("2:4", 0.5)]


def test_database_of_a_file_lies_beside_it(tmp_path: Path) -> None:
    """A relative db in a pipeline file is relative to that file, so that cron may start anywhere."""
    assert settings_of(tmp_path, '[warehouse]\ndb = "x.db"\n')["db"] == str(tmp_path / "x.db")
    assert settings_of(tmp_path, '[warehouse]\ndb = "x.db"\n', db="y.db")["db"] == "y.db"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cluster]\nk = [4]\n", r"no table \[cluster\]; the nearest is clusters"),
        ("[clusters]\nneighbors = 4\n", "no key neighbors in .clusters.; the nearest is neighbours"),
        ("[clusters]\nk = 2.5\n", "k .* must be a whole number, not 2.5"),
        ("[clusters]\nk = true\n", "k .* must be a whole number, not True"),
        ("[clusters]\nk = []\n", "k .* needs at least one value"),
        ("[clusters]\nneighbours = [3, 4]\n", "neighbours .* takes one value, not 2"),
        ("[clusters]\nk = 1\n", "k .* must be at least 2"),
        ("[[prune]]\nmethod = 'wandb'\n", "the nearest is wanda"),
        ("[prune]\nmethod = 'wanda'\n", r"must be written as \[\[prune\]\]"),
        ("[[model]]\nmodel = 'x'\n", r"must be written as \[model\]"),
        ("[[prune]]\nsparsity = 1.0\n", r"outside \[0, 1\)"),
        ("[[prune]]\nsparsity = -0.1\n", r"outside \[0, 1\)"),
        ("[[prune]]\npattern = '4:2'\n", "1 ≤ N < M"),
        ("[[prune]]\npattern = '2:4'\nsparsity = 0.7\n", "means sparsity 0.5"),
        ("[model\n", "cannot read the pipeline file"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """Every mistake in a file is a usage error that says what to write."""
    with pytest.raises(UsageError, match=message):
        settings_of(tmp_path, text)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A pipeline file that is not there is named."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        read_settings(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize("command", ["run", "plan"])
def test_every_key_has_a_flag_in_the_help(command: str, capsys: pytest.CaptureFixture) -> None:
    """The help of both commands names a flag for every key of a pipeline file."""
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert [key.flag for key in KEYS if key.flag not in text] == []
