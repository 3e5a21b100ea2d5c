"""PTX of the loop over a program's blocks: fetch ahead, expand values, multiply on sparse tensor cores.

format.py beside this draws the blocks. Operands follow Triton's inline assembly; every thread of a program
runs the text once. The docstrings show the texts for int4 and one column of x, by 8 warps in teams of one
that fetch 2 blocks ahead; `…` stands for lines like those around it.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import torch

from kernels.formats.nm.fetching import copy_x, find_weights, find_x, go_on, meet, read_weights
from kernels.formats.nm.sizes import PRODUCTS, Loop
from kernels.formats.values import get_codec

if TYPE_CHECKING:
    from kernels.formats.values.codec import Codec


@cache
def loop_text(loop: Loop) -> str:
    """PTX that multiplies all blocks of a program's rows by x.

    Operands: results $0 … sums, then values, positions, scales, x (addresses), row tiles, blocks,
    inputs (a multiple of 8) and the address of the shared buffer. A warp whose tile of rows lies past the
    last one repeats the last.

    loop_text(loop):
        …                              // _declare, find_weights, find_x, read_weights of 2 blocks
        griddepcontrol.wait;           // what the kernel before wrote is there now
        …                              // copy_x of 2 blocks
        next_round:
        cp.async.wait_group 1;         // x of this block is there, of the next perhaps not
        bar.warp.sync -1; …            // meet; then read_weights and copy_x of the block 2 ahead
        ldmatrix…                      // _multiply
        …                              // go_on
        setp.ge.u32 p, first, $9; @p bra done;
        …                              // the same for stages 1 and 2, so that no register moves
        bra next_round;
        done:
        cp.async.wait_group 0;         // the buffer is used for sums next
        mov.f32 $0, sum0; …
    """
    codec = get_codec(loop.codec)
    lines = [*_declare(loop, codec), *find_weights(loop, codec), *find_x(loop)]
    for stage in range(loop.ahead):
        lines += read_weights(loop, codec, stage, stage)
    lines += ["griddepcontrol.wait;"] if loop.pdl else []
    for stage in range(loop.ahead):
        lines += copy_x(loop, stage, stage)
    lines += ["next_round:"]
    for stage in range(loop.stages):
        lines += [f"cp.async.wait_group {loop.ahead - 1};", meet(loop)]
        lines += read_weights(loop, codec, (stage + loop.ahead) % loop.stages, loop.ahead)
        lines += copy_x(loop, (stage + loop.ahead) % loop.stages, loop.ahead)
        lines += _multiply(loop, codec, stage)
        lines += go_on(loop, codec)
        lines += [f"setp.ge.u32 p, first, {loop.operand('blocks')};", "@p bra done;"]
    lines += ["bra next_round;", "done:", "cp.async.wait_group 0;"]
    lines += [*(f"mov.f32 ${i}, sum{i};" for i in range(loop.sums))]
    return "{ " + " ".join(lines) + " }"


def _declare(loop: Loop, codec: Codec) -> list[str]:
    """Declare registers, and set constants and sums.

    _declare(loop, codec):
        … .reg .b64 values0, positions0, scales0;
        .reg .b32 v0_0_<4>, m0_0_<2>, s0_0; …  // values, positions, scales of stage 0, tile 0
        .reg .b32 one; mov.b32 one, 0x3f803f80; …
        mov.f32 sum0, 0f00000000; …
    """
    words = codec.words * PRODUCTS
    held = product(range(loop.stages), range(loop.row_tiles))
    lines = [
        ".reg .b32 t, n, o, lane, warp, team, first, block, tile, last, store;",
        ".reg .b32 column, piece, input, pieces, width, size;",
        ".reg .b32 a<4>, b<8>, near<4>, far<4>, negative, sign, lower, upper; .reg .b64 g, x; .reg .pred p;",
        f".reg .f32 sum<{loop.sums}>, part<{loop.sums}>, scale;",
        *(f".reg .b64 values{r}, positions{r}, scales{r};" for r in range(loop.row_tiles)),
        *(f".reg .b32 v{s}_{r}_<{words}>, m{s}_{r}_<2>, s{s}_{r};" for s, r in held),
    ]
    for name, value in codec.constants(loop.dtype).items():
        lines += [f".reg .b32 {name};", f"mov.b32 {name}, {value:#010x};"]
    return lines + [f"mov.f32 sum{i}, 0f00000000;" for i in range(loop.sums)]


def _multiply(loop: Loop, codec: Codec, stage: int) -> list[str]:
    """Multiply the block at hand: four products of 32 inputs, sums scaled where the block has scales.

    _multiply(loop, codec, 1):
        mov.f32 part0, 0f00000000; …
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b0, b1, b2, b3}, [near0+256];  // x: the slot of stage 1
        …                                                                        // values to a0 … a3
        mma.sp… {part0, part1, part2, part3}, {a0, a1, a2, a3}, … m1_0_0, 0x0;
        …                                                                        // three more, and _scale
    """
    total = "part" if codec.group else "sum"
    lines = [f"mov.f32 part{i}, 0f00000000;" for i in range(loop.sums)] if codec.group else []
    for step in range(PRODUCTS):
        for column, name in enumerate(("near", "far")[: loop.column_tiles]):
            words = ", ".join(f"b{4 * column + i}" for i in range(4))
            at = f"[{name}{step}+{stage * loop.slot_bytes}]"
            lines += [f"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{{words}}}, {at};"]
        for r in range(loop.row_tiles):
            source = [f"v{stage}_{r}_{step * codec.words + i}" for i in range(codec.words)]
            lines += codec.expand_words(source, [f"a{i}" for i in range(4)], loop.dtype)
            for column in range(loop.column_tiles):
                sums = [f"{total}{4 * (column * loop.row_tiles + r) + i}" for i in range(4)]
                x = [f"b{4 * column + i}" for i in range(4)]
                lines += [product_text(loop.dtype, sums, x, f"m{stage}_{r}_{step // 2}", step % 2)]
    if codec.group:
        for column, r in product(range(loop.column_tiles), range(loop.row_tiles)):
            lines += _scale(4 * (column * loop.row_tiles + r), f"s{stage}_{r}")
    return lines


def product_text(dtype: torch.dtype, sums: list[str], x: list[str], positions: str, selector: int) -> str:
    """PTX of one sparse product; lanes t = 2 · `selector` and the next of every four hold its positions.

    product_text(torch.bfloat16, ["c0", "c1", "c2", "c3"], ["b0", "b1", "b2", "b3"], "m", 1):
        mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
            {c0, c1, c2, c3},  // sums of rows lane div 4 and 8 below, columns 2 · t and 2 · t + 1
            {a0, a1, a2, a3},  // kept values
            {b0, b1, b2, b3},  // x
            {c0, c1, c2, c3},
            m, 0x1;            // positions
    """
    kind = "bf16" if dtype == torch.bfloat16 else "f16"
    name = f"mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.{kind}.{kind}.f32"
    four = ", ".join(sums)
    return (
        f"{name} {{{four}}}, {{a0, a1, a2, a3}}, {{{', '.join(x)}}}, {{{four}}}, {positions}, {selector:#x};"
    )


def _scale(index: int, scales: str) -> list[str]:
    """Add a block's four sums times the scale of their row; the word holds those of both rows.

    _scale(0, "s"):
        shl.b32 lower, s, 16; and.b32 upper, s, 0xffff0000;  // a bfloat16 is the upper half of a float32
        mov.b32 scale, lower;                                // row lane div 4
        fma.rn.f32 sum0, part0, scale, sum0; fma.rn.f32 sum1, part1, scale, sum1;
        mov.b32 scale, upper;                                // 8 rows below
        fma.rn.f32 sum2, part2, scale, sum2; fma.rn.f32 sum3, part3, scale, sum3;
    """
    lines = [f"shl.b32 lower, {scales}, 16;", f"and.b32 upper, {scales}, 0xffff0000;"]
    for half, name in enumerate(("lower", "upper")):
        lines += [f"mov.b32 scale, {name};"]
        for i in (index + 2 * half, index + 2 * half + 1):
            lines += [f"fma.rn.f32 sum{i}, part{i}, scale, sum{i};"]
    return lines
