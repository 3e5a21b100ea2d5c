"""A Hugging Face checkpoint folder, checked at the boundary: configuration, tensor headers, fingerprint.

Free of torch and transformers, so that planning a run that has nothing to do takes milliseconds; they are
imported only where it is asked what the model is built of.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import CheckpointError
from etl.model.configuration import check_sizes, read_configuration
from etl.model.digests import file_digests
from etl.model.finiteness import check_finite
from etl.model.headers import TensorHeader, read_headers

if TYPE_CHECKING:
    import torch

    from etl.model.layout import Layout
    from etl.model.matrices import WeightMatrix
    from etl.model.skeleton import Skeleton


@dataclass(frozen=True)
class Checkpoint:
    """A checked checkpoint: `config` as written, one header per stored tensor by name."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, TensorHeader]

    @classmethod
    def open(cls, folder: str | Path) -> Checkpoint:
        """Read configuration and headers, not weights.

        Raises CheckpointError when the folder is absent, is no safetensors checkpoint, is truncated, names
        files outside itself, is quantised, or names sizes that its tensors do not have.
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

    @cached_property
    def layout(self) -> Layout:
        """What the model is built of, as transformers builds it: takes seconds when it is first asked for.

        Raises CheckpointError where transformers knows no such model, where the tensors do not fit it, or
        where it is no chain of blocks with matrices in them.
        """
        from etl.model.skeleton import read_layout  # noqa: PLC0415  # torch and transformers

        return read_layout(self)

    def skeleton(self, device: torch.device) -> Skeleton:
        """Build the model without its weights, its buffers on `device`; raises as `layout` does."""
        from etl.model.skeleton import build_skeleton  # noqa: PLC0415  # torch and transformers

        return build_skeleton(self, device)

    @property
    def layer_count(self) -> int:
        """How many transformer blocks the model has."""
        return self.layout.layer_count

    @property
    def matrices(self) -> tuple[WeightMatrix, ...]:
        """Every matrix in the blocks, by layer, then by component, experts by their number."""
        return self.layout.matrices

    def head_count(self, projection: str) -> int | None:
        """Return how many attention heads a projection holds; None where it is no part of attention."""
        queries = self.config.get("num_attention_heads")
        keys = self.config.get("num_key_value_heads", queries)
        return {"q": queries, "o": queries, "k": keys, "v": keys}.get(projection)

    @property
    def positions(self) -> int | None:
        """The longest sequence that the model was made for, in tokens; None where config.json names none."""
        named = (self.config.get(key) for key in ("max_position_embeddings", "n_positions"))
        return next((count for count in named if type(count) is int and count > 1), None)

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
        stored = (header.name for header in self.tensors.values() if header.file == file)
        names = {name for name in stored if name.endswith((".weight", ".bias"))}
        if names:
            check_finite(file, names)
