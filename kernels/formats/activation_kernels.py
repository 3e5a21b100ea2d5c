# type: ignore
# The type checker does not know what triton.jit makes of a function.
"""Triton kernel of activation sparsity; activation.py beside this draws the layout it reads."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait


@triton.jit
def _inputs(x, row, end):
    return tl.load(x + row, mask=row < end, other=0.0).to(tl.float32)


@triton.jit
def _weights(values, xs, row, output, out_features, threshold):
    """Weights of the active inputs, zeros for the others, which are not read."""
    at = row.to(tl.int64) * out_features + output
    keep = (tl.abs(xs) > threshold) & (output < out_features)
    return tl.load(values + at, mask=keep, other=0.0, cache_modifier=".cg")


@triton.jit
def activation_kernel(
    values, x, y, partial, arrivals, out_features, in_features, threshold, chunk, splits,
    ROWS: tl.constexpr, WARPS: tl.constexpr, OUTPUTS: tl.constexpr, SPLITS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """Sum `chunk` inputs of OUTPUTS outputs; the last of the `splits` programs of a strip adds their sums.

    A warp reads whole rows of the strip, so that inactive inputs cost it neither bytes nor waiting.
    """
    if PDL:
        gdc_launch_dependents()
    strips = tl.cdiv(out_features, OUTPUTS)
    strip = tl.program_id(0) % strips
    split = tl.program_id(0) // strips
    output = strip * OUTPUTS + tl.arange(0, OUTPUTS)
    outputs = output[None, None, :]
    row = split * chunk + tl.arange(0, WARPS)[:, None] * ROWS + tl.arange(0, ROWS)[None, :]
    row = row[:, :, None]
    end = tl.minimum(split * chunk + chunk, in_features)
    acc = tl.zeros((WARPS, OUTPUTS), tl.float32)
    if PDL:
        gdc_wait()
    xs = _inputs(x, row, end)
    for _ in range(0, chunk, ROWS * WARPS):
        w = _weights(values, xs, row, outputs, out_features, threshold)
        row += ROWS * WARPS
        next_xs = _inputs(x, row, end)
        acc += tl.sum(w.to(tl.float32) * xs, 1)
        xs = next_xs
    total = tl.sum(acc, 0)
    inside = output < out_features
    if SPLITS == 1:
        tl.store(y + output, total.to(y.dtype.element_ty), mask=inside)
    else:
        tl.store(partial + split * out_features + output, total, mask=inside)
        tl.debug_barrier()
        if tl.atomic_add(arrivals + strip, 1, sem="acq_rel") == splits - 1:
            part = tl.arange(0, SPLITS)[:, None]
            sums = tl.load(
                partial + part * out_features + output[None, :],
                mask=(part < splits) & inside[None, :], other=0.0, cache_modifier=".cg",
            )  # fmt: skip
            tl.store(y + output, tl.sum(sums, 0).to(y.dtype.element_ty), mask=inside)
            tl.store(arrivals + strip, 0)
