"""Detection of training files that repeat held-out text (vendored or moved copies)."""

from collections.abc import Iterable
from pathlib import PurePath

# Five consecutive lines of 25 characters on average: long enough that licence headers, import blocks and
# idioms do not match, short enough to find one copied function.
SHINGLE_LINES = 5
SHINGLE_CHARACTERS = 25 * SHINGLE_LINES


def shingles(text: str) -> set[str]:
    """Return every run of `SHINGLE_LINES` lines, ignoring indentation and lines under 4 characters."""
    lines = [line for raw in text.splitlines() if len(line := raw.strip()) > 3]
    runs = ("\n".join(lines[i : i + SHINGLE_LINES]) for i in range(len(lines) - SHINGLE_LINES + 1))
    return {run for run in runs if len(run) >= SHINGLE_CHARACTERS}


def repeats(text: str, held_out: set[str]) -> bool:
    """Say whether `text` shares a shingle with `held_out` (the union of `shingles` of the held-out texts)."""
    return not held_out.isdisjoint(shingles(text))


def is_named_after(path: PurePath, modules: Iterable[str]) -> bool:
    """Say whether a file or one of its folders carries a held-out module's name, or that of its test.

    Only folders inside the installed package count, so `path` is relative to the folder that holds packages.
    """
    stems = {PurePath(module).stem for module in modules}
    parts = (*path.parts[1:-1], path.stem) if len(path.parts) > 1 else (path.stem,)
    return any(part.removeprefix("test_").removesuffix("_test") in stems for part in parts)
