"""A run's row of the tree names what was done to it."""

from dataclasses import replace

import pytest
from rich.style import Style

from tests.tui.samples import run
from tui.overview.run_tree import RunTree


@pytest.mark.parametrize(
    ("pattern", "refinement", "shown"),
    [
        ("2:4", None, "wanda       50% 2:4 "),
        ("2:4", "reconstruct", "wanda       50% 2:4 refit"),
        ("2:4", "swaps", "wanda       50% 2:4 swaps"),
        ("unstructured", None, "wanda       50% unstruct"),
        ("unstructured", "reconstruct", "wanda       50% refit "),
        ("16:32", "reconstruct", "wanda       50% 16:32 re…"),
    ],
)
def test_repair_stands_beside_the_pattern(pattern: str, refinement: str | None, shown: str) -> None:
    """In the nine columns that patterns have."""
    tree = RunTree()
    node = tree.root.add_leaf("", data=replace(run(2), pattern=pattern, refinement=refinement))
    assert tree.render_label(node, Style(), Style()).plain.strip().startswith(shown)
