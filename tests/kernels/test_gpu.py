"""The kernels as a GPU runs them: inline PTX, early starts, every format, odd shapes, graphs."""

from __future__ import annotations

import pytest
import torch

from kernels.device import find_machine
from kernels.formats import NAMES, get_format
from kernels.formats.activation.format import Activation
from kernels.masks import random_mask
from kernels.measuring import TOLERANCE, Operands, check, oracle, tune
from tests.kernels.cases import MASKS, dense_product, make_case, relative_error

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
ODD = (1823, 781)
NARROW = [(name, values) for name in NAMES for values in get_format(name).value_formats if values != "16"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_kernels_on_an_odd_shape(name, dtype):
    """Every mask a format can store: poisoned outputs are filled to within rounding of float64."""
    masks = ("two_of_four", "one_of_four", "empty") if name == "nm" else MASKS
    kind = get_format(name)
    for mask_name in masks:
        weight, mask, x = (part.cuda() for part in make_case(mask_name, ODD, dtype))
        packed = kind.pack(weight, mask)
        assert torch.equal(kind.unpack(packed), weight.masked_fill(~mask, 0))
        out = torch.full((1, ODD[0]), float("nan"), dtype=dtype, device="cuda")
        for launch in kind.launches(packed, 1):
            kind.multiply(packed, x, out.fill_(float("nan")), launch)
            assert relative_error(out, dense_product(weight, mask, x)) < TOLERANCE, (mask_name, launch)


@pytest.mark.parametrize("name", ["sell", "bitmask", "nm"])
@pytest.mark.parametrize("batch", [2, 3, 4, 7, 8, 9, 16])
def test_batches(name, batch):
    """Columns of x share the decoding and keep their own sums."""
    weight, mask, x = (part.cuda() for part in make_case("two_of_four", ODD, torch.bfloat16, batch=batch))
    kind, want = get_format(name), dense_product(weight, mask, x)
    for layout in list(kind.layouts(ODD, 0.5, batch))[:2]:
        packed = kind.pack(weight, mask, layout)
        for launch in kind.launches(packed, batch):
            out = torch.full((batch, ODD[0]), float("nan"), dtype=x.dtype, device="cuda")
            kind.multiply(packed, x, out, launch)
            assert relative_error(out, want) < TOLERANCE, (layout, launch)


@pytest.mark.parametrize("name", ["sell", "bitmask", "nm"])
@pytest.mark.parametrize(
    ("batch", "dtype"),
    [(1, torch.float16), (4, torch.float16), *((batch, torch.bfloat16) for batch in (1, 2, 3, 4, 8, 16))],
)
@pytest.mark.parametrize("shape", [(200, 1024), (40, 28672)])
def test_inputs_that_need_no_padding(name, batch, dtype, shape):
    """16-byte pieces of x in one window of shared memory and in several, by all launches of two layouts."""
    weight, mask, x = (part.cuda() for part in make_case("two_of_four", shape, dtype, batch=batch))
    kind, want = get_format(name), dense_product(weight, mask, x)
    for layout in list(kind.layouts(shape, 0.5, batch))[:2]:
        packed = kind.pack(weight, mask, layout)
        for launch in kind.launches(packed, batch):
            out = torch.full((batch, shape[0]), float("nan"), dtype=dtype, device="cuda")
            kind.multiply(packed, x, out, launch)
            assert relative_error(out, want) < TOLERANCE, (layout, launch)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("name", "values"), NARROW)
def test_narrow_values(name, values, dtype):
    """Every launch, odd and whole shapes, all batches: poisoned outputs against the stored values."""
    kind = get_format(name, values)
    for mask_name, shape, batch in [
        ("two_of_four", ODD, 1), ("one_of_four", ODD, 3), ("empty", (200, 781), 16),
        ("two_of_four", (200, 4096), 16), ("two_of_four", (40, 28672), 9), ("two_of_four", (200, 128), 8),
    ]:  # fmt: skip
        weight, mask, x = (part.cuda() for part in make_case(mask_name, shape, dtype, batch=batch))
        packed = kind.pack(weight, mask)
        want = dense_product(kind.unpack(packed), mask, x)
        for launch in kind.launches(packed, batch):
            out = torch.full((batch, shape[0]), float("nan"), dtype=dtype, device="cuda")
            kind.multiply(packed, x, out, launch)
            assert relative_error(out, want) < TOLERANCE, (mask_name, shape, batch, launch)


def test_rows_that_leave_their_window_are_gathered_from_global_memory():
    """All kept inputs of a wide matrix in its last quarter: no two windows hold what two phases read."""
    weight, _, x = (part.cuda() for part in make_case("empty", (64, 28672), torch.bfloat16))
    mask = torch.zeros(weight.shape, dtype=torch.bool, device="cuda")
    mask[:, -7168:] = True
    kind = get_format("sell")
    got = kind.multiply(kind.pack(weight, mask), x)
    assert relative_error(got, dense_product(weight, mask, x)) < TOLERANCE


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_small_activations_are_skipped_by_every_launch(share):
    """Split or not, whatever the strips: what lies under the threshold adds nothing."""
    weight, mask, x = (part.cuda() for part in make_case("dense", (1000, 2050), torch.bfloat16))
    kind = get_format("activation")
    threshold = float(x.float().abs().quantile(share)) if share else 0.0
    packed = kind.with_threshold(kind.pack(weight, mask), threshold, 1 - share)
    want = dense_product(weight, mask, x.masked_fill(x.float().abs() <= threshold, 0))
    for launch in kind.launches(packed, 1):
        for _ in range(2):
            out = torch.full((1, 1000), float("nan"), dtype=x.dtype, device="cuda")
            kind.multiply(packed, x, out, launch)
            assert relative_error(out, want) < TOLERANCE, launch


@pytest.mark.parametrize("name", ["sell", "nm", "bsr", "activation"])
def test_a_chain_of_early_starting_kernels_keeps_its_order(name):
    """Each kernel reads what the one before it wrote, also inside a CUDA graph."""
    generator = torch.Generator(device="cuda").manual_seed(0)
    pattern = "2:4" if name == "nm" else "unstructured"
    mask = random_mask((1024, 1024), 0.5, pattern, generator)
    weight = torch.randn(1024, 1024, generator=generator, device="cuda", dtype=torch.bfloat16) / 22
    kind = get_format(name)
    packed = kind.pack(weight, mask)
    x = torch.randn(1, 1024, generator=generator, device="cuda", dtype=torch.bfloat16)
    want = x
    for _ in range(8):
        want = kind.multiply(packed, want)
        torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        got = x
        for _ in range(8):
            got = kind.multiply(packed, got)
    for _ in range(20):
        got.fill_(float("nan"))
        graph.replay()
        assert torch.equal(got, want)


def test_activations_that_are_no_numbers_are_passed_on():
    """NaN is not small: every output shows it, as those of a dense product do."""
    weight, mask, x = (part.cuda() for part in make_case("dense", (100, 256), torch.bfloat16))
    x[0, 7] = float("nan")
    kind = Activation()
    packed = kind.with_threshold(kind.pack(weight, mask), 0.5, 0.6)
    for launch in kind.launches(packed, 1):
        assert kind.multiply(packed, x, None, launch).isnan().all(), launch


def test_tuning_returns_settings_that_are_correct():
    """The fastest settings found compute the product."""
    machine = find_machine("cuda")
    weight, mask, x = (part.cuda() for part in make_case("half", (512, 1024), torch.bfloat16))
    kind = get_format("sell")
    operands = Operands(weight, mask, x, oracle(weight, mask, x), lambda packed: packed)
    tuned = tune(kind, operands, machine)
    assert tuned.latency_us > 0
    assert check(kind, kind.pack(weight, mask, tuned.layout), operands, tuned.launch) < TOLERANCE
