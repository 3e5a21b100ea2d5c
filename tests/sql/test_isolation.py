"""The tests of SQL need no numeric stack: whoever changes a view runs them without torch."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Refuses the packages that no test of SQL may load, then hands over to pytest.
BLOCKED_RUN = """
import sys
import pytest

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "triton", "transformers"}:
            raise ImportError(f"a test of SQL imports {name}")

sys.meta_path.insert(0, Refused())
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_sql_tests_load_no_torch() -> None:
    """Every file here is collected, and one test runs, where torch cannot be imported."""
    options = ["-n0", "-p", "no:cacheprovider", "-k", "test_z_score_without_spread"]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED_RUN, "tests/sql", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
