"""Masks survive the way into DuckDB's BIT and back."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.bits import pack_columns, pack_masks, unpack_masks


@settings(max_examples=60)
@given(st.integers(1, 70), st.integers(1, 5), st.randoms(use_true_random=False))
def test_masks_survive_the_round_trip(positions: int, features: int, random) -> None:
    """For every width, BIT has the positions' length, the kept count, and gives the mask back."""
    masks = np.array([[random.random() < 0.5 for _ in range(positions)] for _ in range(features)])
    batch = pa.table({"mask": pack_masks(masks)})
    with duckdb.connect() as connection:
        connection.register("batch", batch)
        rows = connection.execute(
            "SELECT mask::BLOB, bit_length(mask), bit_count(mask), mask::VARCHAR FROM batch"
        ).fetchall()
    assert [row[1] for row in rows] == [positions] * features
    assert [row[2] for row in rows] == masks.sum(axis=1).tolist()
    assert [row[3] for row in rows] == ["".join("01"[int(bit)] for bit in mask) for mask in masks]
    assert (unpack_masks([row[0] for row in rows], positions) == masks).all()


@given(st.integers(1, 40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_columns_are_packed_as_rows_are(positions: int, features: int, random) -> None:
    """Whatever the width, and whether or not the mask lies in memory row by row."""
    mask = np.array([[random.random() < 0.5 for _ in range(features)] for _ in range(positions)])
    for given_mask in (mask, np.asfortranarray(mask)):
        assert pack_columns(given_mask).storage.equals(pack_masks(mask.T).storage)


@pytest.mark.parametrize("text", ["1011", "10110000", "000000001", "1" * 64])
def test_stored_form_is_duckdbs_own(text: str) -> None:
    """A packed mask equals the BIT that DuckDB itself makes of the same digits."""
    masks = np.array([[digit == "1" for digit in text]])
    with duckdb.connect() as connection:
        connection.register("batch", pa.table({"mask": pack_masks(masks)}))
        equal = connection.execute(f"SELECT mask = '{text}'::BIT FROM batch").fetchone()
    assert equal == (True,)
