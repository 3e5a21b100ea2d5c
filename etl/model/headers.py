"""The tensors of a checkpoint folder without their values: the files transformers would load.

Free of torch and transformers, so that planning a run that has nothing to do takes milliseconds.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from safetensors import SafetensorError, safe_open

from etl.errors import CheckpointError

_WHOLE_NAME = "model.safetensors"
INDEX_NAME = "model.safetensors.index.json"
_INDEX_SUFFIX = ".safetensors.index.json"
#: What Linux allows for the name of a file.
_LONGEST_NAME = 255
#: The header's names of the dtypes that hold plain weights; others are quantised and cannot be pruned.
_FLOAT_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
#: Tensors that GPTQ, AWQ, bitsandbytes and compressed-tensors store in the place of a weight, or beside it.
_QUANTISED = re.compile(r".+\.(qweight|qzeros|weight_packed|weight_scale\w*|SCB|weight\.absmax)")


@dataclass(frozen=True)
class TensorHeader:
    """Where a tensor lies and what it is, without its values: `name` as the file has it, torch's `dtype`."""

    name: str
    file: Path
    shape: tuple[int, ...]
    dtype: str


def read_headers(folder: Path, config: dict[str, Any]) -> dict[str, TensorHeader]:
    """Return one header per tensor, by its name in the files that transformers would load.

    Raises CheckpointError when there is no safetensors file, or one is truncated, missing, quantised or
    outside the folder.
    """
    if (folder / "adapter_config.json").is_file():
        _refuse(f"{folder} holds an adapter (adapter_config.json); merge it into the model and save that")
    files, promised = _weight_files(folder, config)
    headers: dict[str, TensorHeader] = {}
    for file in files:
        # A tensor that two shards hold is loaded twice; the later file, by name, has the last word.
        headers |= {header.name: header for header in _headers_of_file(file)}
    absent = sorted(promised - headers.keys())
    if absent:
        _refuse(
            f"{folder}: the index names tensor {absent[0]}, no file holds it; download the checkpoint again"
        )
    return headers


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON object of a checkpoint; raises CheckpointError where it is absent or something else."""
    path = folder / name
    if not path.is_file():
        hint = "; give one of its snapshots" if (folder / "snapshots").is_dir() else ""
        _refuse(f"{folder} is no Hugging Face checkpoint: it has no {name}{hint}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path} cannot be read as JSON ({error}); download the checkpoint again"
        raise CheckpointError(msg) from error
    if not isinstance(content, dict):
        _refuse(f"{path} holds no JSON object; download the checkpoint again")
    return content


def _weight_files(folder: Path, config: dict[str, Any]) -> tuple[list[Path], set[str]]:
    """Return the files to read, and the tensors that an index says they hold.

    As in transformers, the file that config.json names goes before one whole file, and that before an index.
    """
    named = config.get("transformers_weights")
    if named is not None:
        _check_beside(named, folder / "config.json")
        return _shards(folder, named) if named.endswith(_INDEX_SUFFIX) else ([folder / named], set())
    if (folder / _WHOLE_NAME).is_file():
        return [folder / _WHOLE_NAME], set()
    if not (folder / INDEX_NAME).is_file():
        _refuse(f"{folder} has neither {_WHOLE_NAME} nor {INDEX_NAME}; {_advice(folder)}")
    return _shards(folder, INDEX_NAME)


def _shards(folder: Path, index: str) -> tuple[list[Path], set[str]]:
    weight_map = read_json(folder, index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        _refuse(f"{folder / index} has no weight_map; download the checkpoint again")
    for shard in weight_map.values():
        _check_beside(shard, folder / index)
    return [folder / shard for shard in sorted(set(weight_map.values()))], set(weight_map)


def _check_beside(name: object, origin: Path) -> None:
    """Refuse anything but the name of a file in the folder of `origin`, which gives it."""
    plain = isinstance(name, str) and Path(name).name == name and name != ".." and not set(name) & set("\\\0")
    if not plain or len(name) > _LONGEST_NAME:
        _refuse(f"{origin} names {json.dumps(name)}, outside the checkpoint; do not trust it")


def _advice(folder: Path) -> str:
    """Say what to do with a folder whose weights lie in other files."""
    names = sorted(path.name for path in folder.iterdir())
    variants = [name for name in names if re.fullmatch(r"model\..+\.safetensors(\.index\.json)?", name)]
    if variants:
        return f"rename the variant {variants[0]}, with its shards, to the plain name"
    if any(name.endswith(".bin") and name.startswith("pytorch_model") for name in names):
        code = (
            "import sys, transformers as t; a, b = sys.argv[1:]; "
            "M = getattr(t, t.AutoConfig.from_pretrained(a).architectures[0]); "
            "[c.from_pretrained(a).save_pretrained(b) for c in (M, t.AutoTokenizer)]"
        )
        source = folder.resolve()
        command = ["python", "-c", code, str(source), f"{source}-safetensors"]
        return f"convert the PyTorch files with: {shlex.join(command)}"
    return "only safetensors checkpoints can be read"


def _headers_of_file(path: Path) -> list[TensorHeader]:
    if not path.is_file():
        _refuse(f"{path.parent} lacks {path.name}, which its index or config.json names; download it again")
    try:
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  a safe_open is no mapping
            return [_header(name, path, part.get_shape(), part.get_dtype()) for name, part in slices.items()]
    except (SafetensorError, OSError) as error:
        msg = f"{path} is truncated or no safetensors file ({error}); download it again"
        raise CheckpointError(msg) from error


def _header(name: str, path: Path, shape: list[int], dtype: str) -> TensorHeader:
    if _QUANTISED.fullmatch(name):
        _refuse(f"{path} is quantised, it holds {name}; prune the model it was made from")
    if name.endswith(".weight") and dtype not in _FLOAT_DTYPES:
        what = f"{name} is stored as {dtype}"
        _refuse(f"{path}: {what}; only unquantised floating-point weights can be pruned")
    return TensorHeader(name, path, tuple(shape), _FLOAT_DTYPES.get(dtype, dtype))


def _refuse(message: str) -> NoReturn:
    raise CheckpointError(message)
