"""PTX with which a warp copies a bitmask record to shared memory, decodes it and multiplies it.

format.py beside this draws the record. The entries of the same four bits of all lanes lie together, so that
the 32 reads of one instruction fall on neighbouring words. Operands follow Triton's inline assembly. The
docstrings show the texts line by line; `…` stands for lines like those around it.
"""

from __future__ import annotations

from functools import cache
from itertools import product

from kernels.formats.gpu.ptx import COPY_BYTES, WARP, WORD_BYTES

# Sums and words of x that a lane holds: of 2 tiles of 16 rows and 2 of 8 columns of x.
SUMS = 16
X_WORDS = 16
# What decode_text takes as arguments, by operand number.
X = 2 * SUMS
SLOT = X + X_WORDS
ACTIVE = SLOT + 1


@cache
def copy_text(pieces: int) -> str:
    """PTX that starts copying up to `pieces` pieces of 16 bytes, as one group of copies.

    Operands: $1 shared address, $2 global address, $3 pieces to copy.

    copy_text(80):
        .reg .b32 piece, a; .reg .b64 g, d; .reg .pred p;
        mov.u32 piece, %laneid;                                 // a lane copies every 32nd piece
        mad.lo.u32 a, piece, 16, $1;                            // where its first one goes
        mul.wide.u32 d, piece, 16; add.u64 g, $2, d;            // and where it comes from
        setp.lt.s32 p, piece, $3;                               // is there such a piece?
        @p cp.async.cg.shared.global [a+0], [g+0], 16;
        add.u32 piece, piece, 32; …                             // the next round lies 512 bytes on
        @p cp.async.cg.shared.global [a+1024], [g+1024], 16; …
        cp.async.commit_group; mov.u32 $0, $1;
    """
    lines = [
        ".reg .b32 piece, a; .reg .b64 g, d; .reg .pred p;", "mov.u32 piece, %laneid;",
        f"mad.lo.u32 a, piece, {COPY_BYTES}, $1;", f"mul.wide.u32 d, piece, {COPY_BYTES};",
        "add.u64 g, $2, d;",
    ]  # fmt: skip
    for first in range(0, pieces, WARP):
        at = first * COPY_BYTES
        lines += [
            "setp.lt.s32 p, piece, $3;", f"@p cp.async.cg.shared.global [a+{at}], [g+{at}], {COPY_BYTES};",
            f"add.u32 piece, piece, {WARP};",
        ]  # fmt: skip
    return _block([*lines, "cp.async.commit_group;", "mov.u32 $0, $1;"])


def wait_text(groups: int) -> str:
    """PTX that waits until all but the last `groups` groups of a warp's copies have arrived.

    wait_text(1):
        cp.async.wait_group 1;  // this lane's copies
        bar.warp.sync -1;       // and those of the other lanes
        mov.u32 $0, 0;
    """
    return f"cp.async.wait_group {groups}; bar.warp.sync -1; mov.u32 $0, 0;"


def decode_constraints() -> str:
    """Constraints of decode_text's operands."""
    return ",".join(["=&f"] * SUMS + ["f"] * SUMS + ["r"] * (X_WORDS + 2))


@cache
def decode_text(row_tiles: int, column_tiles: int, dtype: str) -> str:
    """PTX that multiplies a record's 16 · `row_tiles` × 64 weights by 8 · `column_tiles` columns of x.

    Operands: results $0–$15 and arguments $16–$31 sums, 4 of each tile of rows for the first columns of x and
    then for the last; $32–$47 words of x, 8 of each tile of columns; $48 shared address of the record, $49
    whether there is one. `dtype` is bf16 or f16.

    decode_text(1, 1, "bf16"):
        .reg .b32 t, w, n, a, keep, at, m<2>, y<8>, w<8>, c0_<5>, c1_<5>, c2_<5>, c3_<5>, b<4>, s<4>;
        .reg .b16 l, h; .reg .pred p;
        mov.f32 $0, $16; …                             // the sums so far
        mov.u32 t, %laneid; mad.lo.u32 t, t, 4, $48;
        ld.shared.b32 m0, [t];                         // this lane's 32 bits
        setp.ne.s32 p, $49, 0; selp.b32 m0, m0, 0, p;  // none where there is no record
        …                                              // _count and _scan
        add.u32 at, $48, 128;                          // the values begin behind the bits
        shl.b32 y0, m0, 0; …                           // bit 7 − i of a byte becomes the top one of y<i>
        …                                              // _read_nibble of the four bytes: the lower bits
        dp4a.u32.u32 at, s0, 0x02020202, at;           // the values of the upper bits follow, 2 bytes each
        …                                              // _multiply, and the same for the upper bits
    """
    masks = ", ".join(f"m{tile}" for tile in range(row_tiles))
    load = f"ld.shared.v2.b32 {{{masks}}}, [t];" if row_tiles == 2 else "ld.shared.b32 m0, [t];"
    tiles = range(row_tiles)
    lines = [
        ".reg .b32 t, w, n, a, keep, at, m<2>, y<8>, w<8>, c0_<5>, c1_<5>, c2_<5>, c3_<5>, b<4>, s<4>;",
        ".reg .b16 l, h; .reg .pred p;",
        *(f"mov.f32 ${i}, ${i + SUMS};" for i in range(SUMS)),
        "mov.u32 t, %laneid;", f"mad.lo.u32 t, t, {WORD_BYTES * row_tiles}, ${SLOT};", load,
        f"setp.ne.s32 p, ${ACTIVE}, 0;", *(f"selp.b32 m{tile}, m{tile}, 0, p;" for tile in tiles),
        *(line for tile in tiles for line in _count(tile)), *_scan(2 * row_tiles),
        f"add.u32 at, ${SLOT}, {WARP * WORD_BYTES * row_tiles};",
    ]  # fmt: skip
    for tile in tiles:
        lines += [f"shl.b32 y{i}, m{tile}, {i};" for i in range(8)]
        for step in (0, 1):
            lines += [line for byte in range(4) for line in _read_nibble(2 * tile + step, step, byte)]
            lines += [f"dp4a.u32.u32 at, s{2 * tile + step}, 0x02020202, at;"]
            lines += _multiply(tile, step, column_tiles, dtype)
    return _block(lines)


def _block(lines: list[str]) -> str:
    return "{ " + " ".join(lines) + " }"


def _count(tile: int) -> list[str]:
    """Count the set bits among the first j of every nibble: c<2 · tile>_<j> the lower, the next the upper.

    _count(0):
        and.b32 w1, m0, 0x11111111;                   // bit 0 of each nibble
        shr.u32 t, m0, 1; and.b32 t, t, 0x11111111;   // bit 1
        add.u32 w2, w1, t; …                          // bits 0 and 1, and so on
        and.b32 c0_1, w1, 0x0f0f0f0f;                 // lower nibbles, a count a byte
        shr.u32 t, w1, 4; and.b32 c1_1, t, 0x0f0f0f0f; …
    """
    lines = [f"and.b32 w1, m{tile}, 0x11111111;"]
    for bits in (2, 3, 4):
        lines += [f"shr.u32 t, m{tile}, {bits - 1};", "and.b32 t, t, 0x11111111;"]
        lines += [f"add.u32 w{bits}, w{bits - 1}, t;"]
    for bits in (1, 2, 3, 4):
        lower, upper = f"c{2 * tile}_{bits}", f"c{2 * tile + 1}_{bits}"
        lines += [f"and.b32 {lower}, w{bits}, 0x0f0f0f0f;"]
        lines += [f"shr.u32 t, w{bits}, 4;", f"and.b32 {upper}, t, 0x0f0f0f0f;"]
    return lines


def _scan(groups: int) -> list[str]:
    """Sum the counts of whole nibbles over the lanes before (b) and over all (s); 128 still fits a byte.

    _scan(1):
        mov.b32 s0, c0_4;                      // four counts of this lane, one a byte
        shfl.sync.up.b32 t|p, s0, 1, 0, -1;    // those of the lane 1, 2, 4, 8, 16 before, where there is one
        @p add.u32 s0, s0, t; …
        sub.u32 b0, s0, c0_4;                  // without its own: entries of the lanes before
        shfl.sync.idx.b32 s0, s0, 31, 31, -1;  // entries of all lanes: what lane 31 holds
    """
    lines = [f"mov.b32 s{i}, c{i}_4;" for i in range(groups)]
    for distance, i in product((1, 2, 4, 8, 16), range(groups)):
        lines += [f"shfl.sync.up.b32 t|p, s{i}, {distance}, 0, -1;", f"@p add.u32 s{i}, s{i}, t;"]
    for i in range(groups):
        lines += [f"sub.u32 b{i}, s{i}, c{i}_4;", f"shfl.sync.idx.b32 s{i}, s{i}, 31, 31, -1;"]
    return lines


def _read_nibble(group: int, step: int, byte: int) -> list[str]:
    """Read the 4 weights of a nibble into w<2 · byte> and the word after it; those not kept are 0.

    Every read happens, kept or not: the `prmt` mask then clears what belongs to another position.

    _read_nibble(0, 0, 1):
        dp4a.u32.u32 n, s0, 2, at;             // behind the values of byte 0, 2 bytes each
        dp4a.u32.u32 n, b0, 512, n;            // and those of the lanes before: byte 1 times 2
        ld.shared.b16 l, [n];
        dp4a.u32.u32 a, c0_1, 512, n;          // the second weight follows the first, if that is kept
        ld.shared.b16 h, [a];
        prmt.b32 keep, y7, y6, 56729;          // bits 0 and 1 of byte 1, spread over 16 bits each
        mov.b32 w, {l, h}; and.b32 w2, w, keep;
        dp4a.u32.u32 a, c0_2, 512, n; …        // the third and fourth weight
    """
    before, here = sum(2 << 8 * i for i in range(byte)), 2 << 8 * byte
    lines = [f"dp4a.u32.u32 n, s{group}, {before}, at;", f"dp4a.u32.u32 n, b{group}, {here}, n;"]
    for pair in (0, 1):
        first, second = 2 * pair, 2 * pair + 1
        if first:
            lines += [f"dp4a.u32.u32 a, c{group}_{first}, {here}, n;", "ld.shared.b16 l, [a];"]
        else:
            lines += ["ld.shared.b16 l, [n];"]
        lines += [f"dp4a.u32.u32 a, c{group}_{second}, {here}, n;", "ld.shared.b16 h, [a];"]
        shift = 7 - 4 * step - 2 * pair
        # prmt with its upper selector bits set spreads the top bit of byte `byte` of either source.
        selector = 0xCC88 + 0x1111 * byte
        lines += [f"prmt.b32 keep, y{shift}, y{shift - 1}, {selector};", "mov.b32 w, {l, h};"]
        lines += [f"and.b32 w{2 * byte + pair}, w, keep;"]
    return lines


def _multiply(tile: int, step: int, column_tiles: int, dtype: str) -> list[str]:
    """Multiply 16 rows × 2 · 16 inputs; weights and x number the inputs in the same order.

    _multiply(0, 0, 1, "bf16"), without the types:
        mma… {$0, $1, $2, $3}, {w0, w2, w1, w3}, {$32, $33}, {$0, $1, $2, $3};  // first half of the inputs
        mma… {$0, $1, $2, $3}, {w4, w6, w5, w7}, {$36, $37}, {$0, $1, $2, $3};  // second half
    """
    name = f"mma.sync.aligned.m16n8k16.row.col.f32.{dtype}.{dtype}.f32"
    lines: list[str] = []
    for half, column in product((0, 1), range(column_tiles)):
        sums = ", ".join(f"${8 * column + 4 * tile + i}" for i in range(4))
        x = ", ".join(f"${X + 8 * column + 4 * half + 2 * step + i}" for i in (0, 1))
        weights = ", ".join(f"w{4 * half + i}" for i in (0, 2, 1, 3))
        lines.append(f"{name} {{{sums}}}, {{{weights}}}, {{{x}}}, {{{sums}}};")
    return lines
