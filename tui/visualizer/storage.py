"""What a pruned matrix takes in memory and in arithmetic, format by format, in 16 bits."""

from dataclasses import dataclass

VALUE_BYTES = 2
INDEX_BYTES = 4
BLOCK = 16  # rows and columns of a BSR block
WIDEST_GAP = 15  # that 4 bits hold
STEP = 8  # entries that share a word of gaps
RECORD = (16, 64)  # rows and columns of a bitmask record
PIECE_VALUES = 8  # values that a record's values are padded to multiples of


@dataclass(frozen=True, slots=True)
class Shape:
    """A weight matrix and the tokens (batch × sequence) it is multiplied with."""

    out_features: int
    in_features: int
    tokens: int = 2048

    @property
    def weight_count(self) -> int:
        """Weights in the matrix."""
        return self.out_features * self.in_features

    @property
    def dense_flops(self) -> float:
        """Multiplications and additions of the dense product: 2 · tokens · in · out."""
        return 2.0 * self.tokens * self.weight_count


@dataclass(frozen=True, slots=True)
class Cost:
    """A format at a sparsity: bytes, floating-point operations, and what to know about it."""

    name: str
    sparsity: float
    packed_bytes: float
    flops: float
    note: str


def costs(shape: Shape, sparsity: float) -> tuple[Cost, ...]:
    """Return the cost of every format; the unstructured ones at `sparsity`, 2:4 at its own 50%.

    Masks are taken to be random within their pattern. Block sizes and index widths are those of `kernels`.
    """
    weights, dense = shape.weight_count, shape.dense_flops
    kept = weights * (1 - sparsity)
    rows = INDEX_BYTES * (shape.out_features + 1)
    # A block of 16 × 16 random weights is hardly ever wholly pruned.
    occupied = 1 - sparsity ** (BLOCK * BLOCK)
    return (
        Cost("dense", 0.0, VALUE_BYTES * weights, dense, "zeros are stored and multiplied"),
        Cost("2:4", 0.5, weights * 9 / 8, dense / 2, "2 values and 2 × 2 bits of positions a group"),
        Cost("bitmask", sparsity, bitmask_bytes(shape, kept), dense,
             "1 bit a weight; multiplied as dense"),
        Cost("SELL-delta4", sparsity, sell_bytes(shape, sparsity), dense * (1 - sparsity),
             "4-bit column gaps, before padding"),
        Cost("CSR", sparsity, (VALUE_BYTES + INDEX_BYTES) * kept + rows, dense * (1 - sparsity),
             "a 4-byte column a value"),
        Cost("BSR, whole blocks", sparsity, bsr_bytes(shape, 1 - sparsity), dense * (1 - sparsity),
             "blocks of 16 × 16, pruned as a whole"),
        Cost("BSR, any weights", sparsity, bsr_bytes(shape, occupied), dense * occupied,
             "of an unstructured mask no block is empty"),
    )  # fmt: skip


def book_bytes(shape: Shape) -> float:
    """Return the bytes of 2:4 by the count that gives each group of four a whole byte of positions."""
    return shape.weight_count * 5 / 4


def saved(shape: Shape, packed_bytes: float) -> float:
    """Return the share of the dense bytes that is saved; negative where a format takes more."""
    return 1 - packed_bytes / (VALUE_BYTES * shape.weight_count)


def bitmask_bytes(shape: Shape, kept: float) -> float:
    """Return the bytes of the bitmask: bits, an offset and some padding a record, and the kept values."""
    rows, columns = RECORD
    records = -(-shape.out_features // rows) * -(-shape.in_features // columns)
    padding = VALUE_BYTES * (PIECE_VALUES - 1) / 2 if kept else 0
    return records * (rows * columns / 8 + INDEX_BYTES + padding) + INDEX_BYTES + VALUE_BYTES * kept


def sell_bytes(shape: Shape, sparsity: float) -> float:
    """Return the bytes of SELL-delta4 for a random mask, rows all of the same length.

    Gaps are geometric: the chance that an entry needs a k-th explicit zero before it is sparsity^(15k).
    """
    far = sparsity**WIDEST_GAP
    entries = shape.weight_count * (1 - sparsity) * (1 + far / (1 - far))
    return entries * (VALUE_BYTES + INDEX_BYTES / STEP) + 2 * INDEX_BYTES * shape.out_features


def bsr_bytes(shape: Shape, stored_share: float) -> float:
    """Return the bytes of BSR with a share of all blocks stored."""
    block_rows = -(-shape.out_features // BLOCK)
    blocks = block_rows * -(-shape.in_features // BLOCK) * stored_share
    return blocks * (VALUE_BYTES * BLOCK * BLOCK + INDEX_BYTES) + INDEX_BYTES * (block_rows + 1)
