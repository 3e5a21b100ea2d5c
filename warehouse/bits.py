"""Keep masks between NumPy and DuckDB's BIT type, without going through text."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BIT_TYPE = pa.opaque(pa.binary(), "bit", "DuckDB")


def pack_masks(masks: NDArray[np.bool_]) -> pa.ExtensionArray:
    """Pack masks into an Arrow array that DuckDB reads as BIT.

    Args:
        masks: (features, positions) booleans; position 0 becomes the first bit.

    DuckDB stores a BIT as one byte that counts the padding bits, then the bits themselves, padded in
    front with ones up to a whole byte.
    """
    padding = -masks.shape[1] % 8
    padded = np.concatenate([np.ones((len(masks), padding), dtype=np.bool_), masks], axis=1)
    return _bit_array(np.packbits(padded, axis=1), padding)


def pack_columns(mask: NDArray[np.bool_]) -> pa.ExtensionArray:
    """Pack the columns of a mask (positions, features) as `pack_masks` packs rows.

    Eight rows at a time become one of bytes, and only the bytes are transposed: on big matrices eight times
    as fast as transposing the mask.
    """
    padding = -len(mask) % 8
    padded = np.concatenate([np.ones((padding, mask.shape[1]), dtype=np.bool_), mask]) if padding else mask
    rows = padded.view(np.uint8).reshape(-1, 8, mask.shape[1])
    packed = rows[:, 0] << 7
    for bit in range(1, 8):
        packed |= rows[:, bit] << (7 - bit)
    return _bit_array(packed.T, padding)


def _bit_array(packed: NDArray[np.uint8], padding: int) -> pa.ExtensionArray:
    """Make an Arrow array of packed masks (features, bytes), each with so many bits of padding in front."""
    feature_count = len(packed)
    stored = np.concatenate([np.full((feature_count, 1), padding, dtype=np.uint8), packed], axis=1)
    offsets = np.arange(feature_count + 1, dtype=np.int64) * stored.shape[1]
    storage = pa.Array.from_buffers(
        pa.large_binary(),
        feature_count,
        [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(stored))],
    )
    return pa.ExtensionArray.from_storage(BIT_TYPE, storage.cast(pa.binary()))


def unpack_masks(blobs: list[bytes], position_count: int) -> NDArray[np.bool_]:
    """Unpack masks fetched as `keep_mask::BLOB`.

    Args:
        blobs: one string of bytes per feature; DuckDB pads in front with zeros up to a whole byte.
        position_count: bits in each mask.

    Returns:
        (features, positions) booleans.
    """
    width = (position_count + 7) // 8
    packed = np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), width)
    return np.unpackbits(packed, axis=1)[:, -position_count % 8 :].astype(np.bool_)
