"""A small decoder generates the same with packed and with dense linears."""

import pytest
import torch

from kernels.device import find_machine
from kernels.generation import Dimensions, compare_generation

SMALL = Dimensions(hidden=32, intermediate=64, heads=4, layers=1, vocabulary=97, context=8)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the interpreter is not used where there is a GPU")
@pytest.mark.parametrize("kernel", ["sell", "nm"])
def test_packed_linears_generate_what_dense_ones_do(kernel, tmp_path, monkeypatch):
    """Equal tokens, and logits about as far from float32 as dense bfloat16 is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = compare_generation(find_machine("cpu"), kernel, 0.5, tokens=2, sizes=SMALL)
    assert result["equal_tokens"] == 2
    assert result["relative_error"] < 2 * result["dense_relative_error"] + 1e-3
