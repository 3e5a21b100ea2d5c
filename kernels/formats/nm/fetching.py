"""PTX that fetches weights and x ahead of their use, for the N:M kernel; ptx.py beside this multiplies them.

format.py draws the blocks. The docstrings show the texts for int4 and one column of x, by 8 warps in teams of
one that fetch 2 blocks ahead; `…` stands for lines like those around it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from kernels.formats.gpu.ptx import COPY_BYTES, TILE_COLUMNS, WARP, WORD_BYTES
from kernels.formats.nm.sizes import (
    BLOCK_BYTES,
    PIECES,
    POSITION_BYTES,
    PRODUCT_BYTES,
    PRODUCTS,
    SCALE_BYTES,
    value_bytes,
)

if TYPE_CHECKING:
    from kernels.formats.nm.sizes import Loop
    from kernels.formats.values.codec import Codec

# Positions 0 and 1 in every group: the hardware takes only two different, ascending ones.
NO_POSITIONS = 0x44444444


def find_weights(loop: Loop, codec: Codec) -> list[str]:
    """Find a warp's team, its tiles of rows and where its lanes read the first block.

    find_weights(loop, codec):
        mov.u32 lane, %laneid; mov.u32 warp, %tid.x; shr.u32 warp, warp, 5;
        shr.u32 team, warp, 0; and.b32 warp, warp, 0;               // warps of a team are neighbours
        mov.u32 first, 0; mov.u32 block, team;                      // block of team 0, and of this one
        mov.u32 tile, %ctaid.x; mad.lo.u32 tile, tile, 1, warp; mul.lo.u32 tile, tile, 1;
        sub.u32 last, $8, 1;
        add.u32 t, tile, 0; min.u32 t, t, last;
        mad.lo.u32 t, t, $9, block;                                 // the tile's first block for this team
        mad.wide.u32 values0, t, 512, $4;                           // 512 bytes of values per block
        mad.wide.u32 values0, lane, 16, values0;                    // 16 of them a lane
        … shr.u32 t, lane, 2; mad.wide.u32 scales0, t, 4, scales0;  // a word: rows lane div 4, and 8 below
    """
    blocks = loop.operand("blocks")
    lines = [
        "mov.u32 lane, %laneid;", "mov.u32 warp, %tid.x;", f"shr.u32 warp, warp, {WARP.bit_length() - 1};",
        f"shr.u32 team, warp, {loop.row_warps.bit_length() - 1};",
        f"and.b32 warp, warp, {loop.row_warps - 1};", "mov.u32 first, 0;", "mov.u32 block, team;",
        "mov.u32 tile, %ctaid.x;", f"mad.lo.u32 tile, tile, {loop.row_warps}, warp;",
        f"mul.lo.u32 tile, tile, {loop.row_tiles};", f"sub.u32 last, {loop.operand('row_tiles')}, 1;",
    ]  # fmt: skip
    sizes = {
        "values": (value_bytes(codec), COPY_BYTES),
        "positions": (POSITION_BYTES * WARP, POSITION_BYTES),
    }
    for r in range(loop.row_tiles):
        lines += [f"add.u32 t, tile, {r};", "min.u32 t, t, last;", f"mad.lo.u32 t, t, {blocks}, block;"]
        for name, (size, each) in sizes.items():
            lines += [f"mad.wide.u32 {name}{r}, t, {size}, {loop.operand(name)};"]
            lines += [f"mad.wide.u32 {name}{r}, lane, {each}, {name}{r};"]
        if codec.group:
            lines += [f"mad.wide.u32 scales{r}, t, {SCALE_BYTES}, {loop.operand('scales')};"]
            lines += ["shr.u32 t, lane, 2;", f"mad.wide.u32 scales{r}, t, {WORD_BYTES}, scales{r};"]
    return lines


def find_x(loop: Loop) -> list[str]:
    """Find where a thread copies x from and to, and where its lane reads the operands of products.

    In shared memory, piece p of column n of x lies where piece p ^ (n mod 8) would: the eight rows of 16
    bytes that `ldmatrix` reads at once then lie in different banks.

    find_x(loop):
        shl.b32 width, $10, 1; shr.u32 pieces, $10, 3;         // bytes of a column of x, and its pieces
        mad.lo.u32 store, team, 768, $11;                      // the team's three slots
        mad.lo.u32 t, warp, 32, lane;                          // a thread's number in its team
        and.b32 piece, t, 15; shr.u32 column, t, 4;            // 16 pieces of a column's block
        mad.lo.u32 input, block, 16, piece;                    // this thread's piece of the first block
        mad.wide.u32 x, input, 16, $7;
        and.b32 n, lane, 7; add.u32 n, n, 0; min.u32 n, n, 0;  // the column whose address this lane gives
        shr.u32 t, lane, 3; and.b32 o, n, 7; xor.b32 o, o, t;  // and the piece, of four a product
        xor.b32 t, o, 0; mad.lo.u32 t, t, 16, store; mad.lo.u32 near0, n, 256, t; …
    """
    lines = [
        f"shl.b32 width, {loop.operand('inputs')}, 1;", f"shr.u32 pieces, {loop.operand('inputs')}, 3;",
        f"mad.lo.u32 store, team, {loop.stages * loop.slot_bytes}, {loop.operand('buffer')};",
        f"mad.lo.u32 t, warp, {WARP}, lane;", f"and.b32 piece, t, {PIECES - 1};",
        f"shr.u32 column, t, {PIECES.bit_length() - 1};", f"mad.lo.u32 input, block, {PIECES}, piece;",
        f"mad.wide.u32 x, input, {COPY_BYTES}, {loop.operand('x')};",
    ]  # fmt: skip
    for name, first in (("near", 0), ("far", TILE_COLUMNS))[: loop.column_tiles]:
        lines += ["and.b32 n, lane, 7;", f"add.u32 n, n, {first};", f"min.u32 n, n, {loop.batch - 1};"]
        lines += ["shr.u32 t, lane, 3;", "and.b32 o, n, 7;", "xor.b32 o, o, t;"]
        for step in range(PRODUCTS):
            lines += [f"xor.b32 t, o, {PRODUCT_BYTES // COPY_BYTES * step};"]
            lines += [f"mad.lo.u32 t, t, {COPY_BYTES}, store;"]
            lines += [f"mad.lo.u32 {name}{step}, n, {BLOCK_BYTES}, t;"]
    return lines


def read_weights(loop: Loop, codec: Codec, stage: int, ahead: int) -> list[str]:
    """Read a warp's block `ahead` of the present one; past the last, level 0 at positions 0 and 1.

    read_weights(loop, codec, 1, 2):
        add.u32 t, block, 16; setp.lt.u32 p, t, $9;
        mov.b32 v1_0_0, 0x88888888; …
        mov.b32 m1_0_0, 0x44444444; mov.b32 m1_0_1, 0x44444444;
        @p ld.global.L1::no_allocate.v4.b32 {v1_0_0, v1_0_1, v1_0_2, v1_0_3}, [values0+8192];
        @p ld.global.L1::no_allocate.v2.b32 {m1_0_0, m1_0_1}, [positions0+4096];
        mov.b32 s1_0, 0; @p ld.global.b32 s1_0, [scales0+512];
    """
    distance = ahead * loop.teams
    words = codec.words * PRODUCTS
    lines = [f"add.u32 t, block, {distance};", f"setp.lt.u32 p, t, {loop.operand('blocks')};"]
    for r in range(loop.row_tiles):
        v, m, s = f"v{stage}_{r}_", f"m{stage}_{r}_", f"s{stage}_{r}"
        lines += [f"mov.b32 {v}{i}, {codec.zero_word:#x};" for i in range(words)]
        lines += [f"mov.b32 {m}{i}, {NO_POSITIONS:#x};" for i in range(2)]
        for first in range(0, words, 4):
            four = ", ".join(f"{v}{first + i}" for i in range(4))
            at = distance * value_bytes(codec) + first * WORD_BYTES * WARP
            lines += [f"@p ld.global.L1::no_allocate.v4.b32 {{{four}}}, [values{r}+{at}];"]
        at = distance * POSITION_BYTES * WARP
        lines += [f"@p ld.global.L1::no_allocate.v2.b32 {{{m}0, {m}1}}, [positions{r}+{at}];"]
        if codec.group:
            lines += [f"mov.b32 {s}, 0;", f"@p ld.global.b32 {s}, [scales{r}+{distance * SCALE_BYTES}];"]
    return lines


def copy_x(loop: Loop, stage: int, ahead: int) -> list[str]:
    """Start copying x of the team's block `ahead` of the present one; past the last input, zeros.

    copy_x(loop, 1, 2):
        add.u32 t, input, 256; setp.lt.u32 p, t, pieces; selp.b32 size, 16, 0, p;
        add.u32 n, column, 0; and.b32 o, n, 7; xor.b32 o, o, piece;  // where the piece goes
        mad.lo.u32 o, o, 16, store; mad.lo.u32 o, n, 256, o;
        mad.wide.u32 g, n, width, x;                                 // where it comes from
        setp.lt.u32 p, n, 1;
        @p cp.async.cg.shared.global [o+256], [g+4096], 16, size;    // slot 1
        cp.async.commit_group;
    """
    distance = ahead * loop.teams
    threads = WARP * loop.row_warps
    lines = [f"add.u32 t, input, {distance * PIECES};", "setp.lt.u32 p, t, pieces;"]
    lines += [f"selp.b32 size, {COPY_BYTES}, 0, p;"]
    for first in range(0, loop.batch * PIECES, threads):
        whole = first + threads <= loop.batch * PIECES
        lines += [
            f"add.u32 n, column, {first // PIECES};", "and.b32 o, n, 7;", "xor.b32 o, o, piece;",
            f"mad.lo.u32 o, o, {COPY_BYTES}, store;", f"mad.lo.u32 o, n, {BLOCK_BYTES}, o;",
            "mad.wide.u32 g, n, width, x;",
            *([] if whole else [f"setp.lt.u32 p, n, {loop.batch};"]),
            f"{'' if whole else '@p '}cp.async.cg.shared.global [o+{stage * loop.slot_bytes}],"
            f" [g+{distance * BLOCK_BYTES}], {COPY_BYTES}, size;",
        ]  # fmt: skip
    return [*lines, "cp.async.commit_group;"]


def go_on(loop: Loop, codec: Codec) -> list[str]:
    """Go on to the team's next block.

    go_on(loop, codec):
        add.u32 first, first, 8; add.u32 block, block, 8;
        add.u64 values0, values0, 4096; add.u64 positions0, positions0, 2048; add.u64 scales0, scales0, 256;
        add.u32 input, input, 128; add.u64 x, x, 2048;
    """
    lines = [f"add.u32 {block}, {block}, {loop.teams};" for block in ("first", "block")]
    sizes = {"values": value_bytes(codec), "positions": POSITION_BYTES * WARP}
    sizes |= {"scales": SCALE_BYTES} if codec.group else {}
    for r, (name, size) in product(range(loop.row_tiles), sizes.items()):
        lines += [f"add.u64 {name}{r}, {name}{r}, {size * loop.teams};"]
    lines += [f"add.u32 input, input, {PIECES * loop.teams};"]
    return [*lines, f"add.u64 x, x, {BLOCK_BYTES * loop.teams};"]


def meet(loop: Loop) -> str:
    """Wait for the team: all have copied their part of this block and have done with the one before.

    meet(loop):
        bar.warp.sync -1;  // a team of several warps: `bar.sync` of the barrier team + 1
    """
    if loop.row_warps == 1:
        return "bar.warp.sync -1;"
    return f"add.u32 t, team, 1; bar.sync t, {WARP * loop.row_warps};"
