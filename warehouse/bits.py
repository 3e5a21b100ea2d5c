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
    feature_count, position_count = masks.shape
    padding = -position_count % 8
    padded = np.concatenate([np.ones((feature_count, padding), dtype=np.bool_), masks], axis=1)
    packed = np.packbits(padded, axis=1)
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
