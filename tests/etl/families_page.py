"""The table of docs/families.md, made of the tiny models: python -m tests.etl.families_page > table.md."""

import re
import tempfile
from pathlib import Path

from etl.model.checkpoint import Checkpoint
from etl.model.layout import Layout
from tests.etl.families import ENCODERS, FAMILIES, save_random

PAGE = Path(__file__).parents[2] / "docs" / "families.md"
HEAD = "| family | its blocks | the matrices of a block | perplexity |\n|---|---|---|---|"


def row(family: str, layout: Layout) -> str:
    """Return the line of one family."""
    components = (re.sub(r"\bexperts\.\d+\b", "experts.N", m.component) for m in layout.matrices)
    matrices = " ".join(f"`{component}`" for component in dict.fromkeys(components))
    return f"| {family} | `{layout.blocks}` | {matrices} | {'yes' if layout.predicts else 'no'} |"


def rows_of_page() -> dict[str, str]:
    """Return the lines of the page's table by family."""
    lines = PAGE.read_text(encoding="utf-8").partition(HEAD)[2].partition("\n\n")[0].split("\n")
    return {line.split("|")[1].strip(): line for line in lines if line}


if __name__ == "__main__":
    print(HEAD)  # noqa: T201
    for name, config in (FAMILIES | ENCODERS).items():
        with tempfile.TemporaryDirectory() as folder:
            save_random(config, Path(folder))
            print(row(name, Checkpoint.open(folder).layout))  # noqa: T201
