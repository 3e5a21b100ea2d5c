"""Detection of copies of held-out code in the training corpus."""

from pathlib import PurePath

from etl.model.corpus import HELD_OUT_MODULES, held_out_files, read_source
from etl.training.overlap import is_named_after, repeats, shingles

HELD_OUT = """
def nearest(points, target):
    distances = [abs(point - target) for point in points]
    smallest = min(range(len(points)), key=distances.__getitem__)
    if distances[smallest] > MAXIMUM_DISTANCE:
        raise LookupError("no point is near enough")
    return points[smallest], distances[smallest]
"""


def test_a_moved_and_reindented_copy_is_found():
    """A function moved into a class of another file is still a copy."""
    moved = "class Finder:\n" + "".join(f"    {line}\n" for line in HELD_OUT.splitlines())
    assert repeats(moved, shingles(HELD_OUT))


def test_four_shared_lines_are_not_a_copy():
    """Shorter common runs, as licence headers and idioms make them, do not count."""
    lines = HELD_OUT.strip().splitlines()
    assert not repeats("\n".join(["x = 1 # another line of ordinary length", *lines[:4]]), shingles(HELD_OUT))


def test_every_held_out_module_is_recognised_by_content():
    """Each held-out module, cut in the middle, is recognised as a copy of itself."""
    for path in held_out_files():
        text = read_source(path)
        assert repeats(text[len(text) // 3 :], shingles(text)), path


def test_vendored_names_are_recognised():
    """A file or folder inside a package that carries a held-out module's name, or its test's, is excluded."""
    excluded = (
        "setuptools/_vendor/backports/tarfile/__init__.py",
        "torch/_dynamo/polyfills/heapq.py",
        "package/test_argparse.py",
        "textwrap.py",
    )
    assert all(is_named_after(PurePath(path), HELD_OUT_MODULES) for path in excluded)
    allowed = ("torch/nn/functional.py", "abc.py", "heapq/nothing.py")
    assert not any(is_named_after(PurePath(path), HELD_OUT_MODULES) for path in allowed)
