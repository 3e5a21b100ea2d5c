"""A Hugging Face checkpoint folder, checked at the boundary: configuration, tensor headers, fingerprint.

Free of torch and transformers, so that planning a run that has nothing to do takes milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from etl.errors import CheckpointError

_INDEX_NAME = "model.safetensors.index.json"
_SINGLE_NAME = "model.safetensors"
_PROJECTIONS = frozenset(("q", "k", "v", "o", "gate", "up", "down"))
_BLOCK_TENSOR = re.compile(r"model\.layers\.(\d+)\.(.+)\.weight")
#: The header's names of the dtypes that hold plain weights; others are quantised and cannot be pruned.
_FLOAT_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class TensorHeader:
    """Where a tensor lies and what it is, without its values; `dtype` is torch's name."""

    name: str
    file: Path
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class WeightMatrix:
    """One Linear inside a transformer block; its weight is (out_features, in_features).

    `component` is the module's path in the block (`self_attn.q_proj`), `projection` its short name (`q`).
    """

    layer: int
    component: str
    out_features: int
    in_features: int
    dtype: str

    @property
    def tensor_name(self) -> str:
        """The name of the weight in the checkpoint."""
        return f"model.layers.{self.layer}.{self.component}.weight"

    @property
    def projection(self) -> str:
        """`q k v o gate up down`, or the module's own name elsewhere."""
        name = self.component.rpartition(".")[2]
        short = name.removesuffix("_proj")
        return short if short in _PROJECTIONS else name


@dataclass(frozen=True)
class Checkpoint:
    """A checked Llama-family checkpoint: `config` as written, one header per tensor by name."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, TensorHeader]

    @classmethod
    def open(cls, folder: str | Path) -> Checkpoint:
        """Read configuration and headers, not weights.

        Raises CheckpointError when the folder is absent, is no safetensors checkpoint, is truncated, names
        files outside itself, lacks transformer blocks under `model.layers`, or is quantised.
        """
        folder = Path(folder)
        if not folder.is_dir():
            msg = f"no model folder at {folder}; give the folder that holds config.json and *.safetensors"
            raise CheckpointError(msg)
        config = _read_json(folder, "config.json")
        checkpoint = cls(folder, config, _read_headers(folder))
        checkpoint._check_blocks()
        return checkpoint

    @property
    def layer_count(self) -> int:
        """How many transformer blocks the configuration names."""
        count = self.config.get("num_hidden_layers")
        if not isinstance(count, int) or count < 1:
            msg = f"{self.folder}/config.json names no num_hidden_layers; only Llama-family models work"
            raise CheckpointError(msg)
        return count

    @property
    def architecture(self) -> str:
        """The model class that the configuration names, such as `LlamaForCausalLM`."""
        names = self.config.get("architectures") or [self.config.get("model_type", "unknown")]
        return str(names[0])

    @property
    def parameter_count(self) -> int:
        """How many numbers the checkpoint stores; tied weights count once."""
        return sum(math.prod(header.shape) for header in self.tensors.values())

    @property
    def dtype(self) -> str:
        """The dtype of the block weights, in torch's naming; the first where they differ."""
        return self.matrices[0].dtype

    @cached_property
    def matrices(self) -> tuple[WeightMatrix, ...]:
        """Every Linear inside the transformer blocks, by layer and then as the file names them."""
        found = []
        for name, header in self.tensors.items():
            match = _BLOCK_TENSOR.fullmatch(name)
            if match and len(header.shape) == 2 and int(match[1]) < self.layer_count:
                found.append(WeightMatrix(int(match[1]), match[2], *header.shape, header.dtype))
        return tuple(sorted(found, key=lambda matrix: (matrix.layer, matrix.component)))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the configuration and every tensor file's contents, in hexadecimal."""
        files = [self.folder / "config.json", *sorted({header.file for header in self.tensors.values()})]
        with ThreadPoolExecutor() as pool:
            digests = list(pool.map(_file_digest, files))
        total = hashlib.sha256()
        for file, digest in zip(files, digests, strict=True):
            total.update(f"{file.name}\0{digest}\n".encode())
        return total.hexdigest()

    def _check_blocks(self) -> None:
        layers = {matrix.layer for matrix in self.matrices}
        missing = sorted(set(range(self.layer_count)) - layers)
        if missing:
            msg = (
                f"{self.folder} holds no weights under model.layers.{missing[0]}; "
                "only Llama-family checkpoints with all of their blocks can be pruned"
            )
            raise CheckpointError(msg)


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{folder} is no Hugging Face checkpoint: it has no {name}"
        raise CheckpointError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read as JSON ({error}); download the checkpoint again"
        raise CheckpointError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path} holds no JSON object; download the checkpoint again"
        raise CheckpointError(msg)
    return content


def _read_headers(folder: Path) -> dict[str, TensorHeader]:
    """Return one header per tensor of the checkpoint, from one file or from the shards its index names."""
    if (folder / _INDEX_NAME).is_file():
        return _read_sharded_headers(folder)
    if (folder / _SINGLE_NAME).is_file():
        return _headers_of_file(folder / _SINGLE_NAME)
    msg = f"{folder} has neither {_SINGLE_NAME} nor {_INDEX_NAME}; only safetensors checkpoints can be read"
    raise CheckpointError(msg)


def _read_sharded_headers(folder: Path) -> dict[str, TensorHeader]:
    weight_map = _read_json(folder, _INDEX_NAME).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        msg = f"{folder / _INDEX_NAME} has no weight_map; download the checkpoint again"
        raise CheckpointError(msg)
    headers: dict[str, TensorHeader] = {}
    for shard in sorted({str(shard) for shard in weight_map.values()}):
        if Path(shard).name != shard or shard == ".." or "\\" in shard:
            msg = f'{folder / _INDEX_NAME} names "{shard}", outside the checkpoint; do not trust it'
            raise CheckpointError(msg)
        headers |= _headers_of_file(folder / shard)
    absent = sorted(set(weight_map) - set(headers))
    if absent:
        msg = f"{folder}: the index names tensor {absent[0]}, no file holds it; download the checkpoint again"
        raise CheckpointError(msg)
    return headers


def _headers_of_file(path: Path) -> dict[str, TensorHeader]:
    if not path.is_file():
        msg = f"{path.parent} lacks {path.name}, which its index names; download the checkpoint again"
        raise CheckpointError(msg)
    try:
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  a safe_open is no mapping
            return {
                name: _header(name, path, part.get_shape(), part.get_dtype()) for name, part in slices.items()
            }
    except (SafetensorError, OSError) as error:
        msg = f"{path} is truncated or no safetensors file ({error}); download it again"
        raise CheckpointError(msg) from error


def _header(name: str, path: Path, shape: list[int], dtype: str) -> TensorHeader:
    if name.endswith(".weight") and dtype not in _FLOAT_DTYPES:
        msg = f"{path}: {name} is stored as {dtype}; only unquantised floating-point weights can be pruned"
        raise CheckpointError(msg)
    return TensorHeader(name, path, tuple(shape), _FLOAT_DTYPES.get(dtype, dtype))


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
