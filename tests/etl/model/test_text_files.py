"""JSON lines and token ids in the place of text."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from etl.errors import CalibrationError
from etl.model import texts
from etl.model.text_files import read_part
from etl.model.texts import calibration_text, text_fingerprint


def lines(path: Path, *values: object) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([{"id": "x1", "text": "one"}, {"id": "x2", "text": "two"}], "one\n\ntwo"),
        ([{"id": "x1", "content": "one", "title": "t"}], "one"),
        ([{"score": 1, "body": "one"}], "one"),
        (["one", "two"], "one\n\ntwo"),
    ],
    ids=["text", "nearest", "only", "plain strings"],
)
def test_documents_are_the_field_text_or_the_nearest(tmp_path: Path, documents: list, expected: str) -> None:
    """By its name, or where only one field holds text."""
    assert calibration_text(str(lines(tmp_path / "a.jsonl", *documents)), 1) == expected


def test_blank_lines_count_but_hold_nothing(tmp_path: Path) -> None:
    """The number in a message is that of an editor."""
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n\n{"text": "two"}\n{"text"\n')
    with pytest.raises(CalibrationError, match=r"a\.jsonl: line 4 is no JSON"):
        calibration_text(str(tmp_path / "a.jsonl"), 1)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"id": "a", "title": "b"}, "line 2 has no field text (its fields: id, title)"),
        ({}, "line 2 has no field text (its fields: none)"),
        ({"text": None}, "line 2 holds neither a text nor a list of token ids"),
        ({"text": [1, True]}, "line 2 holds neither"),
        ([1, -2], "line 2 holds neither"),
        ([2**63], "line 2 holds neither"),
        (7, "line 2 holds neither"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, document: object, reason: str) -> None:
    """With what is wrong about it."""
    path = lines(tmp_path / "a.jsonl", {"text": "fine"}, document)
    with pytest.raises(CalibrationError, match=re.escape(reason)) as caught:
        calibration_text(str(path), 1)
    assert "\n" not in str(caught.value)


def test_a_bad_line_in_the_middle_of_a_long_file_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a long file pieces are read; the number is counted from its start."""
    monkeypatch.setattr(texts, "_READ_WHOLE", 1000)
    monkeypatch.setattr(texts, "_PIECE", 100)
    rows = [json.dumps({"text": f"document {number:05}"}) for number in range(1000)]
    rows[500:] = [json.dumps({f"line{number}": 1}) for number in range(501, 1001)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    with pytest.raises(CalibrationError) as caught:
        calibration_text(str(tmp_path / "a.jsonl"), 1)
    assert re.search(r"line (\d+) has no field text \(its fields: line\1\)", str(caught.value))


def test_of_long_json_lines_whole_documents_are_read_all_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No document is cut, and all of the file is touched."""
    monkeypatch.setattr(texts, "_READ_WHOLE", 1000)
    monkeypatch.setattr(texts, "_PIECE", 100)
    path = lines(tmp_path / "a.jsonl", *({"text": f"document {number:05}"} for number in range(1000)))
    found = re.split(r"\n+", str(calibration_text(str(path), 1)))
    assert all(re.fullmatch(r"document \d{5}", document) for document in found)
    assert {int(document[-5:]) // 250 for document in found} == {0, 1, 2, 3}
    assert len(found) < 100


@pytest.mark.parametrize("dtype", ["uint16", "int32", "int64"])
@pytest.mark.parametrize("shape", [(12,), (3, 4)])
def test_token_ids_of_numpy_are_taken_in_order(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    """Rows one after the other, whatever the type of whole number."""
    np.save(tmp_path / "ids.npy", np.arange(12, dtype=dtype).reshape(shape))
    found = calibration_text(str(tmp_path / "ids.npy"), 1)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.int64
    assert found.tolist() == list(range(12))


@pytest.mark.parametrize("document", [[3, 1, 4], {"input_ids": [3, 1, 4], "id": "a"}])
def test_token_ids_of_json_lines_are_joined(tmp_path: Path, document: object) -> None:
    """Bare lists, or one of the names that tokenizers give them."""
    found = calibration_text(str(lines(tmp_path / "a.jsonl", document, document)), 1)
    assert list(found) == [3, 1, 4, 3, 1, 4]


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((1, 2, 3), int), np.array([None]), np.array(["a"])], ids=str
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    """No objects are unpickled, and nothing is rounded."""
    np.save(tmp_path / "ids.npy", array, allow_pickle=True)
    with pytest.raises(CalibrationError, match=r"ids\.npy .*token ids.*numpy\.save"):
        calibration_text(str(tmp_path / "ids.npy"), 1)


def test_a_damaged_numpy_file_is_named(tmp_path: Path) -> None:
    """Cut short, or not of NumPy at all."""
    np.save(tmp_path / "ids.npy", np.arange(1000))
    whole = (tmp_path / "ids.npy").read_bytes()
    for content in (whole[:500], whole[:20], b"import os", b""):
        (tmp_path / "ids.npy").write_bytes(content)
        with pytest.raises(CalibrationError, match=r"ids\.npy is no NumPy file"):
            read_part(tmp_path / "ids.npy", 0, len(content))


def test_text_and_ids_do_not_mix(tmp_path: Path) -> None:
    """In one folder, or in one file."""
    np.save(tmp_path / "ids.npy", np.arange(3))
    lines(tmp_path / "a.jsonl", {"text": "one"}, [1])
    (tmp_path / "b.txt").write_text("text")
    for source in (tmp_path, tmp_path / "a.jsonl"):
        with pytest.raises(CalibrationError, match="mixes text and token ids"):
            calibration_text(str(source), 1)


def test_ids_have_a_fingerprint_of_their_own() -> None:
    """Whatever the machine's byte order; never that of a text."""
    ids = np.array([1, 2, 3])
    assert text_fingerprint(ids) == text_fingerprint(ids.astype(">i8").astype(np.int64))
    assert text_fingerprint(ids) != text_fingerprint(ids[::-1])
    assert text_fingerprint(ids) != text_fingerprint(ids.tobytes().decode())
