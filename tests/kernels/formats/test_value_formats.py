"""Formats with narrow values: what is stored, its reference, and the plain kernel on odd shapes."""

import pytest
import torch

from kernels.formats import NAMES, get_format
from kernels.formats.values import get_codec
from tests.kernels.cases import dense_product, make_case, relative_error

NARROW = [(name, values) for name in NAMES for values in get_format(name).value_formats if values != "16"]
MASKS = ("two_of_four", "one_of_four", "empty")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("name", "values"), NARROW)
def test_unpacking_gives_the_stored_values(name, values, dtype):
    """Zero where pruned, near the weight elsewhere, in float32; the reference is the product of these."""
    weight, mask, x = make_case("two_of_four", (37, 781), dtype, batch=2)
    kind = get_format(name, values)
    packed = kind.pack(weight, mask)
    stored = kind.unpack(packed)
    assert stored.dtype == torch.float32
    assert (stored[~mask] == 0).all()
    assert relative_error(stored, weight.double() * mask) < get_codec(values).tolerance
    want = dense_product(stored, mask, x)
    torch.testing.assert_close(kind.reference(packed, x), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mask_name", MASKS)
@pytest.mark.parametrize(("name", "values"), NARROW)
def test_the_kernel_agrees_with_the_stored_values(name, values, mask_name):
    """A poisoned output is filled to within rounding, at every batch."""
    kind = get_format(name, values)
    for batch in (1, 3, 16):
        weight, mask, x = make_case(mask_name, (37, 300), torch.float16, batch=batch, seed=batch)
        packed = kind.pack(weight, mask)
        out = torch.full((batch, 37), float("nan"), dtype=torch.float16)
        kind.multiply(packed, x, out)
        assert relative_error(out, dense_product(kind.unpack(packed), mask, x)) < 1e-3
