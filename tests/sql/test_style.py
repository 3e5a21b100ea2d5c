"""Thresholds live in macros, quotients in one: no other is in the text of views, checks and the app."""

import ast
import re
from pathlib import Path

import pytest

from warehouse import sql_files

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("views", "queries", "checks", "macros")
#: Where numbers other than 0 and 1 are what the file is about.
OF_THEIR_OWN = {
    "pattern_compliance": "the sums of four and of eight bits",
    "student_t_975": "the table of quantiles",
    "report_speedup": "the table of the report",
    "block_width": "the widths that block kernels have",
    "relevant_features": "how many features the question asks for",
    "chance_rows_are_present": "a spread needs two replicates",
    "reference_distances_match_masks": "rounding",
    "cluster_distances_are_shares": "rounding",
    "figures_are_possible": "rounding",
}
COMPARED = re.compile(r"(?:[<>]=?|BETWEEN|\bAND)\s+-?(\d+(?:\.\d+)?)\b")
DECIMAL = re.compile(r"\b\d+\.\d+\b")
#: A slash before anything but a number; two slashes divide whole numbers.
DIVIDED = re.compile(r"(?<!/)/(?!/)(?!\s*[1-9])")
#: Quantities that the warehouse judges, so that the app compares them with no number of its own.
JUDGED = re.compile(r"z_score|speedup|ratio|excess|coherence|gain|macro|skippable|share")


def code(folder: str, name: str) -> str:
    """Return the text of a file without its comments and strings."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", sql_files.read_folder(folder)[name])


FILES = [(folder, name) for folder in FOLDERS for name in sql_files.read_folder(folder)]


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_thresholds_are_macros(folder: str, name: str) -> None:
    """Nothing is compared with a number but 0 and 1; a decimal stands only in a macro that names it."""
    if name in OF_THEIR_OWN:
        return
    text = code(folder, name)
    assert [number for number in COMPARED.findall(text) if float(number) not in {0, 1}] == []
    constant = folder == "macros" and re.search(r"\(\) AS [\d.]+;", text)
    assert constant or DECIMAL.findall(text) == []


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_no_division_is_unguarded(folder: str, name: str) -> None:
    """A quotient goes through safe_ratio, unless it is by a number."""
    assert name == "safe_ratio" or not DIVIDED.search(code(folder, name))


def judgements(path: Path) -> list[str]:
    """Return the comparisons of a judged quantity with a number, such as z_score > 3."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            numbers = [
                one
                for side in sides
                for one in ast.walk(side)
                if isinstance(one, ast.Constant)
                and isinstance(one.value, int | float)
                and not isinstance(one.value, bool)
                and one.value not in {0, 1}
            ]
            if numbers and JUDGED.search(ast.unparse(node)):
                found.append(ast.unparse(node))
    return found


def test_a_judgement_is_seen(tmp_path: Path) -> None:
    """What the next test looks for is found where it is."""
    path = tmp_path / "app.py"
    path.write_text("above = row.z_score > 3 or macro < 1.1 * null_macro\nempty = ratio == 0\n")
    assert judgements(path) == ["row.z_score > 3", "macro < 1.1 * null_macro"]


@pytest.mark.parametrize("folder", ["tui", "warehouse"])
def test_the_app_holds_no_threshold(folder: str) -> None:
    """The app shows what the views judge."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    assert {str(path): found for path in paths if (found := judgements(path))} == {}
