"""A Hugging Face checkpoint folder, checked at the boundary: configuration, tensor headers, fingerprint.

Free of torch and transformers, so that planning a run that has nothing to do takes milliseconds.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from etl.errors import CheckpointError
from etl.model.configuration import check_sizes, read_configuration
from etl.model.digests import file_digests
from etl.model.finiteness import check_finite
from etl.model.headers import TensorHeader, read_headers

_PROJECTIONS = frozenset(("q", "k", "v", "o", "gate", "up", "down"))
_BLOCK_TENSOR = re.compile(r"model\.layers\.(0|[1-9]\d{0,5})\.(.+)\.weight")


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
        files outside itself, lacks transformer blocks under `model.layers`, is quantised, or names sizes
        that its tensors do not have.
        """
        folder = Path(folder)
        try:
            if not folder.is_dir():
                msg = f"no model folder at {folder}; give the folder that holds config.json and *.safetensors"
                raise CheckpointError(msg)
            config = read_configuration(folder)
            checkpoint = cls(folder, config, read_headers(folder, config))
        except OSError as error:
            msg = f"cannot read the model folder {folder}: {error.strerror}"
            raise CheckpointError(msg) from error
        checkpoint._check_blocks()
        check_sizes(folder, config, checkpoint.tensors.values())
        return checkpoint

    @property
    def name(self) -> str:
        """The model's name: that of the folder, or of the model where the folder is one of a hub's cache.

        A cache keeps each version of models--OWNER--NAME under snapshots, by the hash of its commit.
        """
        folder = self.folder.resolve()
        repository = folder.parent.parent.name
        if folder.parent.name == "snapshots" and repository.startswith("models--"):
            return repository.split("--", maxsplit=2)[-1]
        return folder.name

    @property
    def layer_count(self) -> int:
        """How many transformer blocks the configuration names."""
        count = self.config.get("num_hidden_layers")
        if type(count) is not int or count < 1:
            msg = f"{self.folder}/config.json names no num_hidden_layers; only Llama-family models work"
            raise CheckpointError(msg)
        return count

    @property
    def architecture(self) -> str:
        """The model class that the configuration names, such as `LlamaForCausalLM`."""
        names = self.config.get("architectures")
        named = names[0] if isinstance(names, list) and names else self.config.get("model_type", "unknown")
        return str(named)

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
        """Return the SHA-256 of the configuration and every tensor file's contents, in hexadecimal.

        Raises CheckpointError when a weight or a bias, any of which the model may use, holds NaN or infinity.
        """
        files = [self.folder / "config.json", *sorted({header.file for header in self.tensors.values()})]
        total = hashlib.sha256()
        for file, digest in zip(files, file_digests(files, self._check_finite), strict=True):
            total.update(f"{file.name}\0{digest}\n".encode())
        return total.hexdigest()

    def _check_finite(self, file: Path) -> None:
        stored = (header.stored_name for header in self.tensors.values() if header.file == file)
        names = {name for name in stored if name.endswith((".weight", ".bias"))}
        if names:
            check_finite(file, names)

    def _check_blocks(self) -> None:
        layers = {matrix.layer for matrix in self.matrices}
        if len(layers) < self.layer_count:
            missing = next(layer for layer in itertools.count() if layer not in layers)
            msg = (
                f"{self.folder} holds no weights under model.layers.{missing}, of {self.layer_count} blocks; "
                "only Llama-family checkpoints with all of their blocks can be pruned"
            )
            raise CheckpointError(msg)
