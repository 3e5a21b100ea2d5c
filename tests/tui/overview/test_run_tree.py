"""A run's row of the tree names what was done to it."""

import pytest
from rich.style import Style

from tests.tui.samples import run
from tui.overview.run_tree import RunTree
from warehouse.overview import RunFigures


def shown(figures: RunFigures) -> str:
    """The row of a run as it stands in the tree."""
    tree = RunTree()
    node = tree.root.add_leaf("", data=figures)
    return tree.render_label(node, Style(), Style()).plain.strip()


@pytest.mark.parametrize(
    ("pattern", "refinement", "label", "row"),
    [
        ("2:4", None, "wanda 2:4", "wanda       50% 2:4 "),
        ("2:4", "reconstruct", "wanda 2:4 refit", "wanda       50% 2:4 refit"),
        ("2:4", "swaps", "wanda 2:4 swaps", "wanda       50% 2:4 swaps"),
        ("unstructured", None, "wanda 50%", "wanda       50% unstruct"),
        ("unstructured", "reconstruct", "wanda 50% refit", "wanda       50% refit "),
        ("16:32", "reconstruct", "wanda 16:32 refit", "wanda       50% 16:32 re…"),
    ],
)
def test_repair_stands_beside_the_pattern(pattern: str, refinement: str | None, label: str, row: str) -> None:
    """In the nine columns that patterns have."""
    assert shown(run(2, pattern=pattern, refinement=refinement, run_label=label)).startswith(row)


@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("wanda 50% by matrix", "wanda 50% by matrix      "),
        ("wanda 50% int4", "wanda 50% int4           "),
        ("sparsegpt 50% int4 owl refit", "sparsegpt 50% int4 owl … "),
    ],
)
def test_what_no_column_tells_is_told_by_the_name(label: str, row: str) -> None:
    """The name takes the place of the columns, cut to their width."""
    assert shown(run(2, run_label=label)).startswith(row.rstrip())
    assert shown(run(2, run_label=label, perplexity=9.5)).startswith(f"{row:<25}")
