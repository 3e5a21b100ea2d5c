"""Windows of x that fit a program's shared memory, for SELL's phases."""

from __future__ import annotations

from typing import NamedTuple

from kernels.formats.base import ceil_div
from kernels.formats.gpu.ptx import ALIGNMENT, STAGED_BYTES

# Columns of x that gathers from shared memory serve at once.
WIDEST_STAGED = 4


class Window(NamedTuple):
    """`size` columns of x in shared memory, from phase · `shift` on."""

    size: int
    shift: int

    def holds(self, spans: tuple[tuple[int, int], ...]) -> bool:
        """Tell whether each phase's first and last column lie in its window."""
        begins = (phase * self.shift for phase in range(len(spans)))
        pairs = zip(begins, spans, strict=True)
        return all(begin <= low and high < begin + self.size for begin, (low, high) in pairs)


def choose_window(columns: int, phases: int, width: int) -> Window | None:
    """Choose the largest windows that the shared memory holds for `width` columns of x and that cover x.

    None where inputs do not divide into 16-byte pieces, the windows would leave some out, or for too many
    columns of x.
    """
    most = STAGED_BYTES // (2 * width) // ALIGNMENT * ALIGNMENT
    if columns % ALIGNMENT or width > WIDEST_STAGED:
        return None
    if phases == 1 or columns <= most:
        return Window(columns, 0) if columns <= most else None
    size = most - (most - columns) % (ALIGNMENT * (phases - 1))
    return Window(size, (columns - size) // (phases - 1)) if size * phases >= columns else None


def count_phases(columns: int, width: int) -> int:
    """Count the fewest phases whose windows overlap enough for rows that are not quite even."""
    if width > WIDEST_STAGED:
        return count_phases(columns, 1)
    most = STAGED_BYTES // (2 * width)
    return 1 if columns <= most else ceil_div(columns + columns // 4, most)
