"""The checkpoint of a model with other weights in the place of its own, shard by shard."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

if TYPE_CHECKING:
    import torch

    from etl.model.checkpoint import Checkpoint
    from etl.model.matrices import WeightMatrix

#: Called after each shard: how many are written, how many there are, and its name.
Progress = Callable[[int, int, str], None]
#: Gives the weights of a block by component; none for a block that keeps its own.
BlockWeights = Callable[[int], Mapping[str, "torch.Tensor"]]

#: What of a checkpoint folder belongs to the model beside its weights: configuration, tokenizer, licence.
_COMPANIONS = (
    *("config.json", "generation_config.json", "*.safetensors.index.json"),
    *("tokenizer*", "*.model", "vocab.*", "merges.txt", "special_tokens_map.json", "added_tokens.json"),
    *("chat_template*", "LICENSE*", "LICENCE*", "NOTICE*"),
)


def copy_companions(source: Path, target: Path) -> None:
    """Copy configuration, tokenizer and licence of a checkpoint, as they are; what is there already stays."""
    for file in sorted(source.iterdir()):
        if file.is_file() and any(fnmatch(file.name, pattern) for pattern in _COMPANIONS):
            copy_new(file, target)


def copy_new(file: Path, folder: Path) -> None:
    """Copy a file into a folder, unless it has one of that name."""
    if not (folder / file.name).exists():
        shutil.copyfile(file, folder / file.name)


def write_shards(checkpoint: Checkpoint, weights: BlockWeights, target: Path, progress: Progress) -> None:
    """Write the weight files of a checkpoint into `target`, pruned matrices in the place of the dense.

    Files, names and dtypes are those of the checkpoint; one file is in memory at a time. Raises OSError
    where a file cannot be written.
    """
    held: dict[str, list[WeightMatrix]] = {}
    for matrix in checkpoint.matrices:
        held.setdefault(matrix.stored.name, []).append(matrix)
    # The tensors of a block mostly lie side by side, so that its weights are read once.
    block = lru_cache(maxsize=1)(weights)
    files = sorted({header.file for header in checkpoint.tensors.values()})
    for number, file in enumerate(files, start=1):
        with safe_open(file, framework="pt") as shard:
            tensors = {name: shard.get_tensor(name) for name in shard.keys()}  # noqa: SIM118  a safe_open is no mapping
            metadata = shard.metadata() or {"format": "pt"}
        for name in sorted(tensors.keys() & held, key=lambda name: held[name][0].layer):
            # The library may hand out a view of the file.
            tensors[name] = tensors[name].clone()
            for matrix in held[name]:
                pruned = block(matrix.layer).get(matrix.component)
                if pruned is not None:
                    matrix.stored.view(tensors[name]).copy_(pruned)
        save_tensors(tensors, target / file.name, metadata)
        progress(number, len(files), file.name)


def save_tensors(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a safetensors file; raises OSError where it cannot be written."""
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(tensors, path, metadata=metadata)
        path.chmod(mode)  # the library makes a file of its own that only the owner may read
    except SafetensorError as error:
        # The library hands on the error of the system as text alone.
        number = re.search(r"os error (\d+)", str(error))
        code = int(number[1]) if number else errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from error
