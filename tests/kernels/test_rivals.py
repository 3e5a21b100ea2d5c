"""Dense products of other libraries: which are there, and what becomes of one that is wrong."""

import pytest
import torch

from kernels.benchmark import Benchmark
from kernels.device import Machine
from kernels.measuring import WrongResultError
from kernels.plan import Plan
from kernels.rivals import RIVALS, Humming, Prepared, Rival, TorchFP8, TorchInt4, installed_rivals
from kernels.shapes import Shape

MACHINE = Machine("Test GPU 1", torch.device("cpu"), None, 0, None)


def test_labels_name_library_version_and_function():
    """PyTorch's two are always there; Humming only where it is installed."""
    label = TorchFP8().label
    assert label is not None
    assert label.startswith("torch ")
    assert label.endswith(" _scaled_mm")
    found = installed_rivals()
    assert {type(rival) for rival in found} >= {TorchFP8, TorchInt4}
    assert all((rival in found) == (rival.label is not None) for rival in RIVALS)


def test_a_library_that_is_missing_has_no_label(monkeypatch):
    """And is not measured."""
    monkeypatch.setattr(Humming, "package", "no-such-package")
    assert not [rival for rival in installed_rivals() if isinstance(rival, Humming)]


class Half(Rival):
    """Multiplies by half of each weight."""

    function = "half"
    value_format = "int8"
    tolerance = 0.1

    def prepare(self, weight: torch.Tensor, x: torch.Tensor) -> Prepared:
        """See Rival."""
        return Prepared(lambda: x @ (weight / 2).t(), weight.nbytes)


def test_a_wrong_rival_is_an_error_and_never_a_time():
    """It is checked at its own tolerance before anything is timed."""
    plan = Plan([Shape(16, 64)], [], [0.5], [1], rivals=[Half()])
    (job,) = plan.jobs(torch.device("cpu"))
    assert (job.problem.kernel, job.problem.value_format) == ("dense", "int8")
    benchmark = Benchmark(plan, MACHINE, None)
    with pytest.raises(WrongResultError, match="half is wrong"):
        benchmark._rival(job, plan.rivals[0])
