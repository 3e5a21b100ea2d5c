"""Tokenizers: no code of the checkpoint, no question, pieces that give the tokens of the whole."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from etl.bundled import MODEL_PATH
from etl.errors import CalibrationError
from etl.model import tokenizer as module
from etl.model.corpus import held_out_text
from etl.model.tokenizer import Tokenizer


def test_pieces_give_the_tokens_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    """A text is cut only where the tokenizer cuts it anyway; progress tells each piece."""
    text = held_out_text(30_000)
    whole = AutoTokenizer.from_pretrained(MODEL_PATH)(text, add_special_tokens=False, verbose=False)
    monkeypatch.setattr(module, "_PIECE", 40_000)
    told = []
    found = Tokenizer(MODEL_PATH).encode(text, lambda *done: told.append(done))
    assert len(told) > 5
    assert told == sorted(told)
    assert found.tolist() == whole["input_ids"]


def test_a_text_without_lines_is_cut_anyway(monkeypatch: pytest.MonkeyPatch):
    """No text makes a piece longer than the most that is encoded at a time."""
    monkeypatch.setattr(module, "_PIECE", 100)
    assert [len(piece) for piece in module._pieces("x" * 250)] == [100, 100, 50]
    assert "".join(module._pieces("a b\n\n c" * 99)) == "a b\n\n c" * 99


def test_only_as_much_is_encoded_as_the_length_needs(monkeypatch: pytest.MonkeyPatch):
    """Whether a text is long enough is known from its beginning, or from the whole of it."""
    tokenizer = Tokenizer(MODEL_PATH)
    encoded = []
    encode = tokenizer.encode
    monkeypatch.setattr(tokenizer, "encode", lambda text: encoded.append(len(text)) or encode(text))
    tokenizer.check_length("import os\n" * 10_000, 8, "calibration")
    assert encoded == [256]
    monkeypatch.setattr(module, "_CHARACTERS_PER_TOKEN", 1)
    tokenizer.check_length("import os\n" * 100, 30, "calibration")
    assert encoded == [256, 30, 1000]
    with pytest.raises(CalibrationError, match="the evaluation text has 2 tokens, too few for 64"):
        tokenizer.check_length("import os", 64, "evaluation")


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"model": 5}'])
def test_a_folder_without_a_tokenizer_is_named(tiny_model: Path, tmp_path: Path, content: str | None):
    """Absent or broken: one line with the folder and what to do."""
    shutil.copy(tiny_model / "config.json", tmp_path)
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(CalibrationError, match="holds no tokenizer") as caught:
        Tokenizer(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_setting_of_the_wrong_type_is_an_error_of_the_tokenizer(tiny_model: Path, tmp_path: Path):
    """It is loaded, and fails only when it is used."""
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": "512"}))
    with pytest.raises(CalibrationError, match=r"the tokenizer in .* cannot encode text"):
        Tokenizer(model).encode("import os")


@pytest.mark.parametrize("with_files", [True, False])
def test_code_of_a_checkpoint_is_never_run_and_nothing_is_asked(
    tiny_model: Path, tmp_path: Path, with_files: bool
):
    """A terminal where `y` waits gets no question; a tokenizer that needs no code is loaded without it."""
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    own = {"auto_map": {"AutoTokenizer": ["own.OwnTok", None], "AutoConfig": "own.OwnConfig"}}
    config = json.loads((model / "tokenizer_config.json").read_text())
    if not with_files:
        (model / "tokenizer.json").unlink()
        own["tokenizer_class"] = "OwnTok"
    (model / "tokenizer_config.json").write_text(json.dumps(config | own))
    (model / "own.py").write_text(f"open({str(tmp_path / 'RAN')!r}, 'w')\n")
    terminal, child = os.openpty()
    os.write(terminal, b"y\ny\ny\n")
    script = (
        "import sys; from pathlib import Path; from etl.model.tokenizer import Tokenizer;"
        "print(len(Tokenizer(Path(sys.argv[1])).encode('import os')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, str(model)], stdin=child, capture_output=True, text=True, check=False
    )
    os.close(terminal)
    os.close(child)
    assert not (tmp_path / "RAN").exists()
    assert "y/N" not in found.stdout + found.stderr
    if with_files:
        assert found.stdout == "2\n"
    else:
        assert "by auto_map, which is never run" in found.stderr


def test_tokens_are_whole_numbers():
    """Sequences are drawn from one tensor."""
    assert Tokenizer(MODEL_PATH).encode("import os").dtype == torch.int64
