"""Keeping the app small beside the jobs of a shared machine: limits for DuckDB and for the C allocator."""

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.opening import Config

# The app reads one matrix at a time; `warehouse.reading.compute` lifts the limit where that is too little.
QUERY_THREADS = 2
QUERY_MEMORY = "64MB"
# Of malloc.h: glibc keeps an arena with freed memory for every thread, and the app starts many threads.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
KEPT_BYTES = 1 << 20
MAPPED_BYTES = 1 << 18


def query_limits() -> "Config":
    """Return the configuration of the app's DuckDB; nothing is spilled into files."""
    return {"threads": QUERY_THREADS, "memory_limit": QUERY_MEMORY, "temp_directory": ""}


def return_freed_memory() -> None:
    """Have the C allocator give large freed blocks back to the system; where it is glibc, else do nothing."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(M_ARENA_MAX, 1)
    set_option(M_TRIM_THRESHOLD, KEPT_BYTES)
    set_option(M_MMAP_THRESHOLD, MAPPED_BYTES)
