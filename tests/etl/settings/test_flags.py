"""Settings out of the command that the ledger has."""

from pathlib import Path

import pytest

from etl.settings.flags import recorded_settings
from etl.settings.read import SettingsError


def test_a_recorded_command_gives_its_settings(tmp_path: Path) -> None:
    """Common options may stand before the command, a pipeline file after a flag of several values."""
    file = tmp_path / "a b.toml"
    file.write_text("[calibration]\nsamples = 3\n[[prune]]\nsparsity = [0.25]\n")
    settings = recorded_settings(
        f"sparsity-etl --db x.db run --json --device cuda:1 --length 64 --method wanda magnitude '{file}'"
    )
    assert (settings.calibration.samples, settings.calibration.length) == (3, 64)
    assert {request.method for request in settings.requests} == {"wanda", "magnitude"}
    assert {request.sparsity for request in settings.requests if request.pattern.group is None} == {0.25}


@pytest.mark.parametrize(
    "command", ["sparsity-etl load x", "sparsity-etl", "pytest -q", "sparsity-etl run --no"]
)
def test_another_command_is_no_command_of_a_run(command: str, capfd: pytest.CaptureFixture) -> None:
    """It is an error of its own, which argparse does not print."""
    with pytest.raises(SettingsError, match="its command cannot be read"):
        recorded_settings(command)
    assert capfd.readouterr().err == ""
