"""The project as a whole: its documents speak the truth, its package is complete, its parts keep apart."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from etl.settings.docs import updated
from tui.cli import main as app_main

pytestmark = pytest.mark.xdist_group("project")

ROOT = Path(__file__).resolve().parent.parent


def test_settings_page_is_current() -> None:
    """docs/pipeline.md lists every key with its default (python -m etl.settings.docs docs/pipeline.md)."""
    text = (ROOT / "docs" / "pipeline.md").read_text()
    assert text == updated(text)


def test_readme_names_every_subcommand() -> None:
    """A command that the README does not know is a command nobody finds."""
    readme = (ROOT / "README.md").read_text()
    for program, module in (("etl", "etl.cli"), ("bench", "kernels.cli"), ("tui", "tui.cli")):
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        commands = re.findall(r"^    ([a-z][a-z-]+) {2,}", done.stdout, re.MULTILINE)
        assert commands
        for command in commands:
            assert re.search(rf"sparsity-{program} .*\b{command}\b|`{command}`", readme), command


def test_the_page_on_browsers_names_every_option(capsys: pytest.CaptureFixture) -> None:
    """docs/browser.md says of every option of `sparsity-tui serve` what it does there."""
    with pytest.raises(SystemExit):
        app_main(["serve", "--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--debug"}
    assert len(options) > 5
    page = (ROOT / "docs" / "browser.md").read_text()
    assert [option for option in sorted(options) if f"`{option}`" not in page] == []


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a document exists."""
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_documents_name_exist(page: Path) -> None:
    """A path in backticks that begins with a folder of the project exists; NAME stands for one to come."""
    named = re.findall(r"`((?:tui|warehouse|etl|kernels|sql|tests|docs)/[^`\s]*)`", page.read_text())
    real = [path for path in named if not re.search(r"NAME|NNN|[*…]", path)]
    assert [path for path in real if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "decision", sorted((ROOT / "docs" / "decisions").glob("[a-z]*.md")), ids=lambda page: page.stem
)
def test_every_decision_is_listed_and_says_when_to_think_again(decision: Path) -> None:
    """The list of decisions names each page, and each page has its four parts."""
    assert f"({decision.name})" in (decision.parent / "README.md").read_text()
    text = decision.read_text()
    assert [
        part
        for part in ("**Decided.**", "**Why.**", "**What it costs.**", "**Think again**")
        if part not in text
    ] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "wheel",
                str(ROOT),
                "--quiet",
                "--no-deps",
                "--no-build-isolation",
            ),
            *("--wheel-dir", str(folder)),
        ],
        check=True,
    )
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_wheel_holds_sql_and_model(wheel: Path) -> None:
    """Every SQL file and every file of the bundled model is in the wheel; tests and databases are not."""
    for pattern in (
        "sql/**/*.sql",
        "sql/**/*.csv",
        "etl/bundled/*",
        "tui/*.tcss",
        "tui/templates/*",
        "kernels/results/*",
    ):
        for file in ROOT.glob(pattern):
            if file.is_file() and "__pycache__" not in file.parts:
                assert (wheel / file.relative_to(ROOT)).is_file(), file
    assert not (wheel / "tests").exists()
    assert not list(wheel.glob("*.db*"))


def test_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """From the unpacked wheel in another folder, the plan finds the bundled model and the app its help."""
    environment = {"PYTHONPATH": str(wheel), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    script = "import etl, sys; print(etl.__file__); from etl.cli import main; sys.exit(main(['plan']))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    place, *plan = done.stdout.splitlines()
    assert place.startswith(str(wheel))
    assert any(line.startswith("new  prune     bundled wanda 0.5 2:4") for line in plan)
    for module in ("tui.cli", "warehouse.cli", "kernels.cli"):
        subprocess.run(
            [sys.executable, "-m", module, "--help"],
            check=True,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
