"""What enters the training corpus, and the record of it."""

import hashlib
from pathlib import Path

from etl.training.sources import Origin, _accept


def test_duplicates_copies_and_excess_are_left_out():
    """One text each: new, seen before, copy of held-out code, empty, beyond the cap, and new again."""
    readings = [
        ("a = 1\n", False),
        ("b = 2\n", False),
        ("c = 3\n", True),
        ("", False),
        ("d" * 90, False),
        ("e = 5\n", False),
    ]
    files = [Path("package", f"{index}.py") for index in range(len(readings))]
    origin = Origin("package", "1.0", "MIT")
    seen = {hashlib.sha256(b"b = 2\n").hexdigest()}
    assert _accept(origin, files, iter(readings), seen, 50) == ["a = 1\n", "e = 5\n"]
    assert origin == Origin("package", "1.0", "MIT", 2, 12, ["package/2.py"])
