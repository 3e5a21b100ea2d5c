"""A checkpoint's config.json, read as data: quantised models and impossible sizes are refused here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from etl.errors import CheckpointError
from etl.model.headers import TensorHeader, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Sizes that no model can do without a positive value of, where its configuration names them.
_POSITIVE = frozenset(
    {
        "head_dim",
        "hidden_size",
        "intermediate_size",
        "n_embd",
        "n_head",
        "n_layer",
        "num_attention_heads",
        "num_hidden_layers",
        "num_key_value_heads",
        "vocab_size",
    }
)
#: What a configuration can call the weights of a model; "auto" leaves it to them.
_DTYPES = frozenset({"auto", "bfloat16", "float16", "float32", "float64", "half", "float", "double"})
#: Keys that say how long a loop or how large a tensor the building of a model makes.
_SIZE = re.compile(r"(num|n)_.+|.+_(size|dim|rank|layers|heads|experts)")
#: Of these, the ones that count modules, each of which stores a tensor of its own.
_MODULE_COUNT = re.compile(r".*(layers?|experts)")
#: Sizes up to here are harmless whatever the tensors are: chunk and image sizes have no tensor of their own.
_HARMLESS = 1 << 16


def read_configuration(folder: Path) -> dict[str, Any]:
    """Read config.json; raises CheckpointError where it is absent, broken or describes other weights."""
    config = read_json(folder, "config.json")
    for key in ("quantization_config", "compression_config"):
        if config.get(key):
            method = config[key].get("quant_method") if isinstance(config[key], dict) else None
            msg = (
                f"{folder} is quantised ({method or key} in config.json); only unquantised floating-point "
                "weights can be pruned: take the model it was made from"
            )
            raise CheckpointError(msg)
    for key in ("dtype", "torch_dtype"):
        if isinstance(config.get(key), str) and config[key].removeprefix("torch.") not in _DTYPES:
            msg = (
                f"{folder}/config.json: {key} is {config[key]}; weights that can be pruned are"
                f" {', '.join(sorted(_DTYPES))}"
            )
            raise CheckpointError(msg)
    return config


def check_sizes(folder: Path, config: dict[str, Any], headers: Iterable[TensorHeader]) -> None:
    """Refuse sizes that no stored tensor has, before anything of that size is allocated.

    A model is built from its configuration alone: a billion layers or heads would fill the memory before the
    shapes could be compared. Raises CheckpointError that names the key.
    """
    shapes = [header.shape for header in headers]
    largest = max((extent for shape in shapes for extent in shape), default=0)
    for key, value in _sizes(config):
        most = len(shapes) if _MODULE_COUNT.fullmatch(key) else max(largest, _HARMLESS)
        if type(value) is not int or value > most or (key in _POSITIVE and value < 1):
            msg = (
                f"{folder}/config.json: {key} is {str(value)[:40]}, a size that no stored tensor has; "
                "download the checkpoint again"
            )
            raise CheckpointError(msg)


def _sizes(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every size in a configuration and in those nested in it; a list holds one for each block."""
    nested = [config]
    while nested:
        for key, value in nested.pop().items():
            if isinstance(value, dict):
                nested.append(value)
                continue
            for item in value if isinstance(value, list) else [value]:
                named = _SIZE.fullmatch(key) and type(item) is int
                if (key in _POSITIVE and item is not None) or named:
                    yield key, item
