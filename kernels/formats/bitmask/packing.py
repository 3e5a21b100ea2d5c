"""Orders of a bitmask's positions, bits and values; format.py beside this draws the record."""

from __future__ import annotations

import torch

from kernels.formats.gpu.ptx import TILE_ROWS

COLUMNS = 64


def split_positions(matrix: torch.Tensor, row_tiles: int) -> torch.Tensor:
    """Cut a matrix into (tile, R, row div 8, row mod 8, record, half, t, step, i), padded with zeros."""
    margin = (0, -matrix.shape[1] % COLUMNS, 0, -matrix.shape[0] % (TILE_ROWS * row_tiles))
    padded = torch.nn.functional.pad(matrix, margin)
    tiles = padded.shape[0] // (TILE_ROWS * row_tiles)
    return padded.view(tiles, row_tiles, 2, 8, padded.shape[1] // COLUMNS, 2, 4, 2, 4)


def order_entries(split: torch.Tensor) -> torch.Tensor:
    """Order positions as entries (records, 1024 · R): by R, step, half, row div 8, row mod 8, t and i."""
    records = split.shape[0] * split.shape[4]
    return split.permute(0, 4, 1, 7, 5, 2, 3, 6, 8).reshape(records, 1024 * split.shape[1])


def pack_bits(split: torch.Tensor) -> torch.Tensor:
    """Pack a mask into words (records, 32 · R): for each lane (row mod 8, t) one for each of R tiles."""
    records = split.shape[0] * split.shape[4]
    ordered = split.permute(0, 4, 3, 6, 1, 5, 2, 7, 8).reshape(records, 128 * split.shape[1], 8)
    shifts = torch.arange(8, dtype=torch.uint8, device=split.device)
    return (ordered.to(torch.uint8) << shifts).sum(-1, dtype=torch.uint8).view(torch.int32)


def unpack_bits(words: torch.Tensor, tiles: int, row_tiles: int) -> torch.Tensor:
    """Restore the mask, as split_positions cuts it, from words (records, 32 · R)."""
    shifts = torch.arange(8, device=words.device)
    bits = (words.contiguous().view(torch.uint8)[..., None] >> shifts & 1).bool()
    records = words.shape[0] // max(tiles, 1)
    # (tile, record, row mod 8, t, R, half, row div 8, step, i)
    return bits.view(tiles, records, 8, 4, row_tiles, 2, 2, 2, 4).permute(0, 4, 6, 2, 1, 5, 3, 7, 8)
