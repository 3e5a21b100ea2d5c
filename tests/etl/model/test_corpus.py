"""The corpus: what is held out stays out of the training text, and the texts are the interpreter's own."""

import sys
import sysconfig
from pathlib import Path

import pytest

from etl.model import corpus
from etl.training.overlap import repeats, shingles


@pytest.fixture
def library(tmp_path):
    """Return a tiny standard library with one source in every place that matters."""
    names = [
        "abc.py",
        "cgi.py",
        "json/decoder.py",
        "test/test_abc.py",
        "unittest/tests/test_case.py",
        "encodings/cp437.py",
        "site-packages/requests.py",
        "_sysconfigdata__linux.py",
        *corpus.HELD_OUT_MODULES,
    ]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path


def test_training_files_leave_out_held_out_tests_and_third_party(library):
    """Only written library code outside the held-out list is trained on."""
    relative = [path.relative_to(library).as_posix() for path in corpus.training_files(library)]
    assert relative == ["abc.py", "json/decoder.py"]


def test_held_out_never_intersects_training_or_calibration():
    """The three lists share no file except that calibration text is part of the training text."""
    training, held_out = set(corpus.training_files()), set(corpus.held_out_files())
    assert len(held_out) == len(corpus.HELD_OUT_MODULES)
    assert training.isdisjoint(held_out)
    assert set(corpus.calibration_files()) <= training


def test_no_training_file_repeats_held_out_code():
    """No library source that is trained on shares five consecutive lines with held-out code."""
    forbidden = set().union(*(shingles(corpus.read_source(path)) for path in corpus.held_out_files()))
    assert len(forbidden) > 5000
    assert [path for path in corpus.training_files() if repeats(corpus.read_source(path), forbidden)] == []


def test_files_come_sorted_from_the_running_interpreter():
    """Every list is sorted and lies in the running interpreter's own library."""
    root = Path(sysconfig.get_path("stdlib"))
    for files in (corpus.training_files(), corpus.held_out_files(), corpus.calibration_files()):
        assert files == sorted(files)
        assert all(path.is_relative_to(root) for path in files)


def test_texts_are_large_complete_and_repeatable():
    """Held-out text is at least 300 KB, holds each module whole, and reads the same twice."""
    text = corpus.held_out_text()
    assert len(text) >= 300_000
    assert all(corpus.read_source(path) in text for path in corpus.held_out_files())
    assert text == corpus.held_out_text()
    assert len(corpus.calibration_text()) >= 1_000_000


def test_a_limit_keeps_the_leading_whole_lines_of_every_module():
    """With a limit each module still speaks, with whole lines of its beginning."""
    limit = 2000
    parts = [corpus.read_source(path) for path in corpus.held_out_files()]
    text = corpus.held_out_text(limit)
    assert len(text) <= (limit + 2) * len(parts)
    for part in parts:
        first_lines = part[: part.rindex("\n", 0, limit) + 1]
        assert first_lines in text
    assert part[: limit + 200] not in text


def test_missing_sources_are_one_clear_error(tmp_path, monkeypatch):
    """An interpreter without library sources is refused with what to do."""
    monkeypatch.setattr(corpus, "standard_library", lambda: tmp_path)
    for read in (corpus.training_files, corpus.held_out_text, corpus.calibration_text):
        with pytest.raises(corpus.CorpusError, match="interpreter installed with its library sources"):
            read()


def test_source_is_decoded_by_its_cookie(tmp_path):
    """A PEP 263 cookie decides the encoding, and bytes that do not fit it are refused with the path."""
    latin = tmp_path / "latin.py"
    latin.write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\n")
    assert "é" in corpus.read_source(latin)
    broken = tmp_path / "broken.py"
    broken.write_bytes(b"name = '\xff'\n")
    with pytest.raises(corpus.CorpusError, match=r"broken\.py"):
        corpus.read_source(broken)


def test_corpus_needs_no_numeric_stack():
    """Reading the texts imports nothing beyond the standard library."""
    import subprocess

    code = (
        "import sys, etl.model.corpus\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'numpy'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
