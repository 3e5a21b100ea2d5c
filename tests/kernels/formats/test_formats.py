"""Every format against independent oracles: exact unpacking, float64 references, kernels on odd shapes."""

from __future__ import annotations

import pytest
import torch

from kernels.errors import LaunchError, PackingError, UsageError
from kernels.formats import NAMES, get_format
from kernels.formats.activation.format import Activation
from tests.kernels.cases import MASKS, dense_product, make_case, relative_error

SHAPES = [(37, 129), (5, 7)]
TOLERANCE = {torch.bfloat16: 5e-3, torch.float16: 1e-3}


def pytest_generate_tests(metafunc):
    """Cross formats with masks; nm takes only masks it can store."""
    if "format_name" in metafunc.fixturenames and "mask_name" in metafunc.fixturenames:
        pairs = [
            (f, m) for f in NAMES for m in MASKS if f != "nm" or m in {"two_of_four", "empty", "one_of_four"}
        ]
        metafunc.parametrize(("format_name", "mask_name"), pairs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_unpack_restores_the_pruned_matrix_exactly(format_name, mask_name, shape, dtype):
    """Packing then unpacking gives weight × mask bit for bit."""
    weight, mask, _ = make_case(mask_name, shape, dtype)
    kind = get_format(format_name)
    assert torch.equal(kind.unpack(kind.pack(weight, mask)), weight.masked_fill(~mask, 0))


@pytest.mark.parametrize("shape", SHAPES)
def test_reference_agrees_with_dense_in_float64(format_name, mask_name, shape):
    """The reference decodes the stored entries to the product that dense float64 arithmetic gives."""
    weight, mask, x = make_case(mask_name, shape, torch.bfloat16, batch=2)
    kind = get_format(format_name)
    got = kind.reference(kind.pack(weight, mask), x)
    torch.testing.assert_close(got, dense_product(weight, mask, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_kernel_agrees_with_dense_on_odd_shapes(format_name, mask_name, dtype):
    """The kernel fills a poisoned output to within rounding of the dense product."""
    weight, mask, x = make_case(mask_name, (37, 129), dtype)
    kind = get_format(format_name)
    out = torch.full((1, 37), float("nan"), dtype=dtype)
    kind.multiply(kind.pack(weight, mask), x, out)
    assert relative_error(out, dense_product(weight, mask, x)) < TOLERANCE[dtype]


@pytest.mark.parametrize("format_name", ["sell", "bitmask", "nm", "dense"])
@pytest.mark.parametrize("batch", [3, 16])
def test_batches_agree_with_dense(format_name, batch):
    """Several columns of x at once give what each would alone."""
    weight, mask, x = make_case("two_of_four", (21, 68), torch.bfloat16, batch=batch)
    kind = get_format(format_name)
    out = torch.full((batch, 21), float("nan"), dtype=torch.bfloat16)
    kind.multiply(kind.pack(weight, mask), x, out)
    assert relative_error(out, dense_product(weight, mask, x)) < TOLERANCE[torch.bfloat16]


def test_every_layout_and_launch_is_correct():
    """No setting that tuning may choose changes the result."""
    weight, mask, x = make_case("two_of_four", (33, 300), torch.float16)
    want = dense_product(weight, mask, x)
    for name in NAMES:
        kind = get_format(name)
        for layout in kind.layouts((33, 300), 0.5, 1):
            packed = kind.pack(weight, mask, layout)
            for launch in list(kind.launches(packed, 1))[:2]:
                out = torch.full((1, 33), float("nan"), dtype=torch.float16)
                kind.multiply(packed, x, out, launch)
                assert relative_error(out, want) < TOLERANCE[torch.float16], (name, layout, launch)


def test_activations_that_are_no_numbers_are_passed_on():
    """NaN is not small: every output shows it, as those of a dense product do."""
    weight, mask, x = make_case("dense", (16, 64), torch.bfloat16)
    x[0, 7] = float("nan")
    kind = Activation()
    packed = kind.with_threshold(kind.pack(weight, mask), 0.5, 0.6)
    assert kind.multiply(packed, x).isnan().all()
    assert kind.reference(packed, x).isnan().all()


@pytest.mark.parametrize("format_name", NAMES)
def test_wrong_operands_are_refused(format_name):
    """Shape, dtype, batch, contiguity and output are checked before anything is launched."""
    weight, mask, x = make_case("two_of_four", (16, 64), torch.bfloat16)
    kind = get_format(format_name)
    packed = kind.pack(weight, mask)
    wrong = [x[:, :-1], x.half(), x[0], x.expand(kind.max_batch + 1, -1), torch.cat([x, x], 1)[:, ::2]]
    for operand in wrong:
        with pytest.raises(LaunchError):
            kind.multiply(packed, operand)
    with pytest.raises(LaunchError, match="out must be"):
        kind.multiply(packed, x, torch.empty(1, 15, dtype=x.dtype))


@pytest.mark.parametrize("format_name", NAMES)
def test_wrong_matrices_are_refused(format_name):
    """A mask of another shape or dtype, or float32 weights, cannot be packed."""
    weight, mask, _ = make_case("half", (16, 64), torch.bfloat16)
    kind = get_format(format_name)
    for bad_weight, bad_mask in [
        (weight, mask[:-1]),
        (weight.float(), mask),
        (weight, mask.float()),
        (weight[0], mask[0]),
    ]:
        with pytest.raises(PackingError):
            kind.pack(bad_weight, bad_mask)


def test_an_unknown_format_names_the_known_ones():
    """The error lists what can be chosen."""
    with pytest.raises(UsageError, match="sell, nm"):
        get_format("coo")


def test_packed_bytes_count_every_stored_tensor():
    """A 32 × 64 bitmask with half kept, two records: 256 bytes of bits, 2048 of values, 12 of offsets."""
    weight = torch.ones(32, 64, dtype=torch.float16)
    mask = (torch.arange(64) % 2 == 0).expand(32, 64)
    packed = get_format("bitmask").pack(weight, mask)
    assert packed.packed_bytes == 32 * 8 + 32 * 32 * 2 + 3 * 4
    assert packed.bits_per_weight == pytest.approx(8 * packed.packed_bytes / 2048)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("format_name", NAMES)
def test_bytes_moved_are_the_matrix_and_x_and_y_once(format_name, batch):
    """A call reads what is stored and `batch` × 64 inputs and writes `batch` × 48 outputs, 2 bytes each."""
    weight, mask, _ = make_case("two_of_four", (48, 64), torch.bfloat16)
    kind = get_format(format_name)
    packed = kind.pack(weight, mask)
    assert kind.bytes_moved(packed, batch) == packed.packed_bytes + batch * 2 * (64 + 48)


def test_bytes_moved_leave_out_inactive_inputs():
    """With a quarter of the inputs active, a quarter of the weights is read, and all of x and y."""
    weight, mask, _ = make_case("dense", (48, 64), torch.bfloat16)
    kind = Activation()
    packed = kind.with_threshold(kind.pack(weight, mask), 0.5, 0.25)
    assert kind.bytes_moved(packed, 1) == packed.packed_bytes // 4 + 2 * (64 + 48)


def test_a_copy_shares_no_memory():
    """Rotating through copies must touch other memory each time."""
    weight, mask, _ = make_case("half", (16, 64), torch.bfloat16)
    packed = get_format("sell").pack(weight, mask)
    copied = packed.copy()
    for name, tensor in packed.tensors().items():
        assert torch.equal(tensor, copied.tensors()[name])
        assert tensor.data_ptr() != copied.tensors()[name].data_ptr()
