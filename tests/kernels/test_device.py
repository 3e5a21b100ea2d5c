"""What a machine can run: no Triton, or one too old for the kernels, leaves the formats of the libraries."""

import pytest

from kernels import device
from kernels.formats import LIBRARY_NAMES, NAMES
from kernels.plan import runnable_formats
from tui.doctor import machine_findings


def test_a_triton_that_is_old_enough_runs_everything():
    """The one installed here."""
    assert device.triton_obstacle() is None
    assert runnable_formats(device.find_machine("cpu"), list(NAMES)) == list(NAMES)


@pytest.mark.parametrize("installed", ["3.3.1", "2.1.0", "3.2.0+git1234"])
def test_an_older_triton_is_told_with_what_to_do(installed, monkeypatch):
    """One line that names both versions; dense and csr remain."""
    monkeypatch.setattr(device, "version", lambda _: installed)
    machine = device.find_machine("cpu")
    assert machine.reason == (
        f"Triton {installed} is too old: the kernels need 3.4 or newer, pip install --upgrade torch"
    )
    assert runnable_formats(machine, list(NAMES)) == list(LIBRARY_NAMES)


def test_no_triton_is_told_with_what_to_do(monkeypatch):
    """As on a machine that is not Linux."""
    monkeypatch.setattr(device, "find_spec", lambda _: None)
    assert "pip install triton" in (device.find_machine("cpu").reason or "")


def test_the_doctor_asks_for_the_same_version():
    """The app does not import the kernels, so the number stands twice."""
    assert machine_findings.MINIMUM_TRITON == device.MINIMUM_TRITON
