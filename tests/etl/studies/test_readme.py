"""The figures of the documents: how they are told, and that pruning the bundled model still gives them."""

import re
from pathlib import Path

import pytest

from etl.cli import main
from etl.studies import readme
from etl.studies.readme import blocks, perplexity_table, verdict_sentence, verdict_table

pytestmark = pytest.mark.xdist_group("readme")

ROOT = Path(__file__).resolve().parents[3]
PAGES = ("README.md", "docs/bundled-model.md", "docs/separation-artefact.md")
# Another processor, Python or number of threads moves perplexities by a percent or two, and the text of the
# standard library differs between versions of Python.
PERPLEXITY_TOLERANCE = 0.08
RATIO_TOLERANCE = 0.05


def run_row(
    method: str, pattern: str, perplexity: float, ratio: float, refinement: str | None = None
) -> dict:
    sparsity = 0.0 if method == "dense" else 0.5
    return {
        "method": method, "pattern": pattern, "sparsity": sparsity, "refinement": refinement,
        "perplexity": perplexity, "perplexity_ratio": ratio,
    }  # fmt: skip


def verdict_row(method: str, *counts: int) -> dict:
    names = ("matrices", "at_chance", "structured", "clusterings", "large_effect")
    return {
        "method": method,
        "pattern": "unstructured",
        "refinement": None,
        **dict(zip(names, counts, strict=True)),
    }


def test_perplexities_stand_by_method_and_pattern() -> None:
    """The dense figure stands in both columns, the others with their ratio; what was not run is a dash."""
    rows = [run_row("wanda", "2:4", 20.255, 2.671), run_row("dense", "unstructured", 7.584, 1.0)]
    assert perplexity_table(rows).splitlines() == [
        "| method | 50% unstructured | 2:4 |",
        "|---|---:|---:|",
        "| dense | 7.58 | 7.58 |",
        "| magnitude | – | – |",
        "| Wanda | – | 20.25 (2.67×) |",
        "| SparseGPT | – | – |",
    ]


def test_a_repaired_run_stands_below_the_one_that_was_not() -> None:
    """Both at 2:4: each has a row, whichever was read last."""
    rows = [run_row("sparsegpt", "2:4", 17.3, 2.28), run_row("sparsegpt", "2:4", 9.9, 1.31, "reconstruct")]
    for order in (rows, rows[::-1]):
        lines = perplexity_table(order).splitlines()
        assert lines[-2:] == [
            "| SparseGPT | – | 17.30 (2.28×) |",
            "| SparseGPT, refitted | – | 9.90 (1.31×) |",
        ]
    told = verdict_table([verdict_row("wanda", 1, 1, 0, 0, 0) | {"refinement": "reconstruct"}])
    assert "| Wanda, refitted, unstructured | 1 |" in told


def test_other_sparsities_stay_out_of_the_table() -> None:
    """A database with a run at 60 % tells the figure of the run at 50 %."""
    sparser = run_row("wanda", "unstructured", 30.0, 4.0) | {"sparsity": 0.6}
    table = perplexity_table([run_row("wanda", "unstructured", 11.77, 1.55), sparser])
    assert "| Wanda | 11.77 (1.55×) | – |" in table


@pytest.mark.parametrize(("large", "told"), [(0, "none"), (3, "3")])
def test_verdicts_are_counted_by_run_and_in_all(large: int, told: str) -> None:
    """The table has a row per run and their sum, the sentence the sum alone."""
    rows = [verdict_row("wanda", 28, 20, 8, 84, large), verdict_row("magnitude", 28, 25, 3, 84, 0)]
    lines = verdict_table(rows).splitlines()
    assert lines[0] == "| run | matrices | at chance | structured | clusterings | large effect |"
    assert lines[2] == f"| Wanda, unstructured | 28 | 20 | 8 | 84 | {large} |"
    assert lines[-1] == f"| all | 56 | 45 | 11 | 168 | {large} |"
    assert verdict_sentence(rows) == (
        f"On the bundled model 11 of 56 masks have structure beyond chance; in {told} of 168 clusterings it"
        " separates clusters by 10% more than chance."
    )


def test_a_page_without_markers_is_refused(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The line names the page and the markers it lacks; the page stays as it was."""
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    assert readme.main(["--db", str(built), "--update", str(page)]) == 1
    assert f"{page} has no markers such as <!-- perplexity:begin -->" in capsys.readouterr().err
    assert page.read_text() == "nothing here\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model pruned by SparseGPT at 50 %, with what the documents tell of that run."""
    database = tmp_path_factory.mktemp("readme") / "sparsity.db"
    only = ("--method", "sparsegpt", "--sparsity", "0.5", "--pattern", "unstructured", "--no-activations")
    assert main(["run", "--db", str(database), *only, "--no-compare", "--no-keep-weights"]) == 0
    return database


def told_in(page: str, block: str) -> str:
    """Return what stands between the markers of a block."""
    text = (ROOT / page).read_text()
    return text.split(f"<!-- {block}:begin -->\n")[1].split(f"<!-- {block}:end -->")[0]


def cells(table: str, start: str) -> list[float]:
    """Return the numbers of the row of a table that starts with a name."""
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {start} |"))
    return [float(number) for number in re.findall(r"\d+\.?\d*", line.removeprefix(f"| {start} |"))]


@pytest.mark.parametrize("page", ["README.md", "docs/bundled-model.md"])
def test_documented_perplexities_are_those_of_the_bundled_model(built: Path, page: str) -> None:
    """Dense and SparseGPT, and how many times the one is the other, within the tolerances above."""
    found, told = blocks(built)["perplexity"], told_in(page, "perplexity")
    dense, _ = cells(told, "dense")
    assert cells(found, "dense")[0] == pytest.approx(dense, rel=PERPLEXITY_TOLERANCE)
    perplexity, ratio, *_ = cells(told, "SparseGPT")
    measured, measured_ratio, *_ = cells(found, "SparseGPT")
    assert measured == pytest.approx(perplexity, rel=PERPLEXITY_TOLERANCE)
    assert measured_ratio == pytest.approx(ratio, rel=RATIO_TOLERANCE)


def test_documented_verdicts_are_those_of_the_bundled_model(built: Path) -> None:
    """As many of this run's masks are structured, by two, and none of its clusterings to a large effect."""
    matrices, _, structured, clusterings, large = cells(blocks(built)["verdicts"], "SparseGPT, unstructured")
    told = cells(told_in("docs/separation-artefact.md", "verdicts"), "SparseGPT, unstructured")
    assert (matrices, clusterings, large) == (28, 84, told[4])
    assert structured == pytest.approx(told[2], abs=2)


def test_the_sentence_of_the_readme_is_the_sum_of_the_table() -> None:
    """Both are written from one database."""
    matrices, _, structured, *_ = cells(told_in("docs/separation-artefact.md", "verdicts"), "all")
    told = told_in("README.md", "verdict")
    assert f"{structured:.0f} of {matrices:.0f} masks have structure beyond chance" in told


def test_all_pages_have_markers(built: Path, tmp_path: Path) -> None:
    """The command that CONTRIBUTING names finds a block in each page it is given."""
    copies = [tmp_path / Path(page).name for page in PAGES]
    for page, copy in zip(PAGES, copies, strict=True):
        copy.write_text((ROOT / page).read_text())
    assert readme.main(["--db", str(built), "--update", *map(str, copies)]) == 0
