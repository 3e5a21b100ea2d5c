"""Triton kernels of activation sparsity; format.py beside this draws the layout they read."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.bits import high_half, low_half
from kernels.formats.gpu.early_start import let_next_start, wait_for_previous
from kernels.formats.gpu.staging import read_word, reserve, write_word


@triton.jit
def _read_active(
    values, buffer, count, listed, start, first, word, words,
    GROUPS: tl.constexpr, ROWS: tl.constexpr, BF16: tl.constexpr,
):  # fmt: skip
    """Weights and x of the GROUPS · ROWS active inputs from the `start`th on, zeros past the last."""
    rank = start + (tl.arange(0, GROUPS)[:, None] * ROWS + tl.arange(0, ROWS)[None, :])[:, :, None]
    kept = rank < count
    found = read_word(buffer + tl.minimum(rank, listed - 1) * 4)
    row = first + (found & 0xFFFF)
    keep = kept & (word < words)
    pairs = tl.load(values + (row * words + word), mask=keep, other=0, cache_modifier=".cg")
    return pairs, tl.where(kept, high_half(found, BF16), 0.0)


@triton.jit
def _add(pairs, xs, even, odd, BF16: tl.constexpr):
    """Add some inputs' products, two outputs to a word."""
    return even + tl.sum(low_half(pairs, BF16) * xs, 1), odd + tl.sum(high_half(pairs, BF16) * xs, 1)


@triton.jit
def _store_or_combine(
    even, odd, y, partial, arrivals, strip, split, splits, out_features,
    OUTPUTS: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """Store the sums of a program; the last program of a strip adds those of all."""
    total = tl.reshape(tl.join(tl.sum(even, 0), tl.sum(odd, 0)), (OUTPUTS,))
    output = strip * OUTPUTS + tl.arange(0, OUTPUTS)
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


@triton.jit
def activation_kernel(
    values_ptr,  # (in_features, words) int32: two 16-bit values a word
    x_ptr,  # (1, in_features) 16 bits
    y_ptr,  # (1, out_features) 16 bits: written
    partial_ptr,  # (splits, out_features) float32: sums of the programs of a strip
    arrivals_ptr,  # (strips,) int32: programs of a strip that are done, 0 between calls
    out_features,
    in_features,
    words,  # words of one input's weights
    threshold,  # inputs with |x| up to it are skipped
    share,  # inputs per group
    splits,  # programs that share a strip's inputs
    GROUPS: tl.constexpr,  # groups of threads, each with inputs of its own
    LENGTH: tl.constexpr,  # share, rounded up to a power of two
    ROWS: tl.constexpr,  # inputs a group reads at a time
    OUTPUTS: tl.constexpr,  # outputs of a strip
    SPLITS: tl.constexpr,  # splits, rounded up to a power of two
    BF16: tl.constexpr,  # 16-bit values are bfloat16, not float16
    PDL: tl.constexpr,  # the next kernel starts with this one (1), after its reads (2), after it (0)
    RESERVE: tl.constexpr,  # PTX that declares the shared memory
):
    """Sum GROUPS · `share` inputs of OUTPUTS outputs; each group of threads takes ROWS active ones at a time.

    The active inputs are first listed in shared memory (x in the upper half of a word, the input's place in
    the lower), so that no bytes or instructions are spent on the others. All groups share one list: with one
    each, all would wait for the group with the longest.
    """
    STEP: tl.constexpr = GROUPS * ROWS
    strips = tl.cdiv(out_features, OUTPUTS)
    strip, split = tl.program_id(0) % strips, tl.program_id(0) // strips
    word = (strip * (OUTPUTS // 2) + tl.arange(0, OUTPUTS // 2))[None, None, :]
    buffer = reserve(RESERVE)
    listed = GROUPS * share
    first = split * listed
    entry = tl.arange(0, LENGTH)[None, :]
    place = tl.arange(0, GROUPS)[:, None] * share + entry
    even = tl.zeros((GROUPS, OUTPUTS // 2), tl.float32)
    odd = even
    if PDL == 1:
        let_next_start()
    if PDL:
        wait_for_previous()
    xs = tl.load(x_ptr + first + place, mask=(entry < share) & (first + place < in_features), other=0.0)
    # A comparison with NaN is false, so NaN counts as active.
    active = (~(tl.abs(xs.to(tl.float32)) <= threshold)).to(tl.int32)
    counts = tl.sum(active, 1)
    rank = (tl.cumsum(counts, 0) - counts)[:, None] + tl.cumsum(active, 1) - active
    write_word(buffer + rank * 4, (xs.to(tl.int16, bitcast=True).to(tl.int32) << 16) | place, active)
    count = tl.sum(counts, 0)
    tl.debug_barrier()
    pairs, kept_xs = _read_active(
        values_ptr, buffer, count, listed, 0, first, word, words, GROUPS, ROWS, BF16
    )
    for start in range(STEP, count + STEP, STEP):
        next_pairs, next_xs = _read_active(
            values_ptr, buffer, count, listed, start, first, word, words, GROUPS, ROWS, BF16
        )
        even, odd = _add(pairs, kept_xs, even, odd, BF16)
        pairs, kept_xs = next_pairs, next_xs
    if PDL == 2:
        let_next_start()
    _store_or_combine(
        even, odd, y_ptr, partial_ptr, arrivals_ptr, strip, split, splits, out_features, OUTPUTS, SPLITS
    )


@triton.jit
def activation_plain_kernel(
    values_ptr,  # (in_features, words) int32: two 16-bit values a word
    x_ptr,  # (1, in_features) 16 bits
    y_ptr,  # (1, out_features) 16 bits: written
    partial_ptr,  # (splits, out_features) float32: sums of the programs of a strip
    arrivals_ptr,  # (strips,) int32: programs of a strip that are done, 0 between calls
    out_features,
    in_features,
    words,  # words of one input's weights
    threshold,  # inputs with |x| up to it are skipped
    chunk,  # inputs a program
    splits,  # programs that share a strip's inputs
    GROUPS: tl.constexpr,  # groups of threads, each with inputs of its own
    ROWS: tl.constexpr,  # inputs a group reads at a time
    OUTPUTS: tl.constexpr,  # outputs of a strip
    SPLITS: tl.constexpr,  # splits, rounded up to a power of two
    BF16: tl.constexpr,  # 16-bit values are bfloat16, not float16
):
    """Twin of activation_kernel in plain Triton: inactive inputs are not read, but still multiplied."""
    strips = tl.cdiv(out_features, OUTPUTS)
    strip, split = tl.program_id(0) % strips, tl.program_id(0) // strips
    word = (strip * (OUTPUTS // 2) + tl.arange(0, OUTPUTS // 2))[None, None, :]
    column = split * chunk + (tl.arange(0, GROUPS)[:, None] * ROWS + tl.arange(0, ROWS)[None, :])[:, :, None]
    end = tl.minimum(split * chunk + chunk, in_features)
    even = tl.zeros((GROUPS, OUTPUTS // 2), tl.float32)
    odd = even
    for _ in range(0, chunk, GROUPS * ROWS):
        xs = tl.load(x_ptr + column, mask=column < end, other=0.0).to(tl.float32)
        # A comparison with NaN is false, so NaN counts as active.
        active = ~(tl.abs(xs) <= threshold) & (word < words)
        pairs = tl.load(values_ptr + (column * words + word), mask=active, other=0)
        even, odd = _add(pairs, xs, even, odd, BF16)
        column += GROUPS * ROWS
    _store_or_combine(
        even, odd, y_ptr, partial_ptr, arrivals_ptr, strip, split, splits, out_features, OUTPUTS, SPLITS
    )
