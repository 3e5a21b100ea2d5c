# type: ignore
# The type checker does not know what triton.jit makes of a function.
"""Triton kernel of activation sparsity; activation.py beside this draws the layout it reads."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait


@triton.jit
def _inputs(x, start, in_features, INPUTS: tl.constexpr):
    column = start + tl.arange(0, INPUTS)
    return tl.load(x + column, mask=column < in_features, other=0.0).to(tl.float32)


@triton.jit
def _weights(values, xs, start, output, out_features, threshold, INPUTS: tl.constexpr):
    """Weights of the active inputs, zeros for the others, which are not read."""
    column = start + tl.arange(0, INPUTS)
    at = column.to(tl.int64)[:, None] * out_features + output[None, :]
    keep = (tl.abs(xs) > threshold)[:, None] & (output < out_features)[None, :]
    return tl.load(values + at, mask=keep, other=0.0, eviction_policy="evict_first")


@triton.jit
def activation_kernel(
    values, x, y, out_features, in_features, threshold,
    INPUTS: tl.constexpr, OUTPUTS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """Sum OUTPUTS outputs a program; weights are read one tile ahead and x, which selects them, two."""
    if PDL:
        gdc_launch_dependents()
    output = tl.program_id(0) * OUTPUTS + tl.arange(0, OUTPUTS)
    acc = tl.zeros((INPUTS, OUTPUTS), tl.float32)
    if PDL:
        gdc_wait()
    xs = _inputs(x, 0, in_features, INPUTS)
    next_xs = _inputs(x, INPUTS, in_features, INPUTS)
    w = _weights(values, xs, 0, output, out_features, threshold, INPUTS)
    for start in range(INPUTS, in_features + INPUTS, INPUTS):
        next_w = _weights(values, next_xs, start, output, out_features, threshold, INPUTS)
        later_xs = _inputs(x, start + INPUTS, in_features, INPUTS)
        acc += w.to(tl.float32) * xs[:, None]
        xs, next_xs, w = next_xs, later_xs, next_w
    tl.store(y + output, tl.sum(acc, 0).to(y.dtype.element_ty), mask=output < out_features)
