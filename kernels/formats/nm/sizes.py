"""Sizes of one launch of the N:M kernel, and of what its warps fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kernels.formats.gpu.ptx import COPY_BYTES, SHARED_BYTES, SUM_BYTES, TILE_COLUMNS, WARP, WORD_BYTES

if TYPE_CHECKING:
    import torch

    from kernels.formats.values.codec import Codec

BLOCK_COLUMNS = 128
# 16-bit inputs of a block, of one column of x, and of one sparse product.
BLOCK_BYTES = 2 * BLOCK_COLUMNS
PRODUCT_BYTES = 64
PRODUCTS = BLOCK_BYTES // PRODUCT_BYTES
# Pieces of 16 bytes that are copied of one column's block of x.
PIECES = BLOCK_BYTES // COPY_BYTES
POSITION_BYTES = 2 * WORD_BYTES
SCALE_BYTES = 8 * WORD_BYTES
# What the loop takes as arguments, after its sums.
ARGUMENTS = ("values", "positions", "scales", "x", "row_tiles", "blocks", "inputs", "buffer")
CONSTRAINTS = "l,l,l,l,r,r,r,r"


def value_bytes(codec: Codec) -> int:
    """Bytes of the values of a block."""
    return codec.words * PRODUCTS * WORD_BYTES * WARP


class Loop(NamedTuple):
    """Sizes of one launch that its text is written for.

    The `warps` of a program form teams of `row_warps`. A team takes every so many blocks of inputs; its
    warps share x of a block, and each has `row_tiles` tiles of 16 rows of its own. Weights and x are fetched
    `ahead` blocks of a team before they are used.
    """

    codec: str
    dtype: torch.dtype
    batch: int
    warps: int
    row_warps: int
    row_tiles: int
    ahead: int
    pdl: bool

    @property
    def column_tiles(self) -> int:
        """Tiles of 8 columns of x."""
        return -(-self.batch // TILE_COLUMNS)

    @property
    def teams(self) -> int:
        """Teams that share the blocks of a program's rows."""
        return self.warps // self.row_warps

    @property
    def stages(self) -> int:
        """Blocks that a team holds at a time: those ahead and the one in use."""
        return self.ahead + 1

    @property
    def sums(self) -> int:
        """Sums that a lane holds: four of each tile of rows and columns, columns first."""
        return 4 * self.row_tiles * self.column_tiles

    @property
    def slot_bytes(self) -> int:
        """Shared memory of x of one block."""
        return self.batch * BLOCK_BYTES

    @property
    def buffer_bytes(self) -> int:
        """Shared memory of all blocks under way, and later of the sums."""
        return max(self.teams * self.stages * self.slot_bytes, self.warps * SUM_BYTES)

    @property
    def fits(self) -> bool:
        """Tell whether a program has that much shared memory."""
        return self.buffer_bytes <= SHARED_BYTES

    @property
    def constraints(self) -> str:
        """Constraints of the text's operands."""
        return ",".join(["=&f"] * self.sums + [CONSTRAINTS])

    def operand(self, name: str) -> str:
        """Operand of an argument."""
        return f"${self.sums + ARGUMENTS.index(name)}"
