"""Tuned settings: kept per device, found again, never half-written."""

import dataclasses

import pytest
import torch

from kernels.device import Machine
from kernels.errors import KernelError
from kernels.formats.sell.format import Sell
from kernels.tuning import Problem, Tuned, TuningStore

MACHINE = Machine("Test GPU 1", torch.device("cpu"), None, 0, None)
PROBLEM = Problem("sell", 4096, 4096, 1, "bfloat16", "unstructured", 0.5)
TUNED = Tuned({"lanes": 16}, {"depth": 2}, 7.5)


def test_settings_survive_a_second_start(tmp_path):
    """What one store keeps, the next one finds."""
    TuningStore(MACHINE, tmp_path).keep(PROBLEM, TUNED)
    assert TuningStore(MACHINE, tmp_path).find(PROBLEM) == TUNED
    assert [path.name for path in tmp_path.iterdir()] == ["test-gpu-1.json"]


def test_another_problem_is_not_found_but_is_near(tmp_path):
    """A larger matrix borrows the nearest settings of the same kernel, another kernel none."""
    store = TuningStore(MACHINE, tmp_path)
    far = Tuned({"lanes": 64}, {"depth": 1}, 80.0)
    store.keep(PROBLEM, TUNED)
    store.keep(dataclasses.replace(PROBLEM, out_features=28672, in_features=8192), far)
    wanted = dataclasses.replace(PROBLEM, out_features=5120)
    assert store.find(wanted) is None
    assert store.nearest(wanted) == TUNED
    assert store.nearest(dataclasses.replace(PROBLEM, out_features=20000, in_features=8192)) == far
    assert store.nearest(dataclasses.replace(PROBLEM, kernel="nm")) is None


@pytest.mark.parametrize(
    "content", ["", "{", '{"version": 0, "entries": []}', '{"version": 1, "entries": [{}]}']
)
def test_a_damaged_or_older_file_counts_as_none(tmp_path, content):
    """Tuning starts over instead of failing."""
    (tmp_path / "test-gpu-1.json").write_text(content)
    assert TuningStore(MACHINE, tmp_path).find(PROBLEM) is None


def test_other_values_are_another_problem(tmp_path):
    """Settings of 16-bit values are neither found nor near for int4."""
    store = TuningStore(MACHINE, tmp_path)
    store.keep(PROBLEM, TUNED)
    narrow = dataclasses.replace(PROBLEM, value_format="int4")
    assert store.find(narrow) is None
    assert store.nearest(narrow) is None
    store.keep(narrow, dataclasses.replace(TUNED, latency_us=2.0))
    assert TuningStore(MACHINE, tmp_path).find(PROBLEM) == TUNED


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    """The message says what to set."""
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match="XDG_CACHE_HOME"):
        TuningStore(MACHINE, tmp_path / "file").keep(PROBLEM, TUNED)


def test_the_package_ships_settings_of_the_h100(tmp_path):
    """A fresh cache on that device finds settings that the format knows."""
    machine = dataclasses.replace(MACHINE, name="NVIDIA H100 80GB HBM3")
    found = TuningStore(machine, tmp_path).find(PROBLEM)
    assert found is not None
    assert found.layout in Sell().layouts((4096, 4096), 0.5, 1)
    assert set(found.launch) == {"depth", "pdl"}
