"""A folder that keeps one sliced model, written part by part as it is sliced; a manifest makes it whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from etl.errors import CheckpointError, PrunedWeightsError
from etl.model.checkpoint import Checkpoint
from etl.model.conversion import parameter_sources
from etl.model.headers import INDEX_NAME, read_headers, read_json
from etl.model.skeleton import Skeleton, move_buffers
from etl.pruning.weights import MANIFEST, kept_fingerprint
from etl.slicing.loader import Widths, build_sliced, sliced_config
from warehouse.files import written_whole

if TYPE_CHECKING:
    from etl.slicing.walk import SlicedPart


class SlicedWriter:
    """Writes a sliced model into `folder`, in the dtype of the dense checkpoint; `fingerprint` names its run.

    The files are those of a checkpoint, so that an export copies them: config.json, an index, one file each
    for the embedding, every block and the head.
    """

    def __init__(self, folder: Path, fingerprint: str, dense: Checkpoint) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._dense = dense
        self._files: dict[str, str] = {}
        self._widths: list[Widths] = []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)

    def add(self, part: SlicedPart) -> None:
        """Write one part; raises PrunedWeightsError where it cannot be written."""
        dtype = getattr(torch, self._dense.dtype)
        path = self._folder / f"{part.name}.safetensors"
        tensors = {name: tensor.to("cpu", dtype).contiguous() for name, tensor in part.tensors.items()}
        try:
            with written_whole(path) as partial:
                save_file(tensors, partial, metadata={"format": "pt"})
        except SafetensorError as error:
            msg = f"cannot write {path}: {error}; make room, or add --no-keep-weights"
            raise PrunedWeightsError(msg) from error
        self._files |= dict.fromkeys(tensors, path.name)
        if part.widths is not None:
            self._widths.append(part.widths)

    def finish(self) -> SlicedModel:
        """Write configuration, index and manifest, which make the model whole."""
        config = sliced_config(self._dense.config, self._widths)
        index = json.dumps({"metadata": {}, "weight_map": self._files}, indent=2) + "\n"
        manifest = json.dumps({"fingerprint": self._fingerprint})
        for name, text in (("config.json", config), (INDEX_NAME, index), (MANIFEST, manifest)):
            with written_whole(self._folder / name) as partial:
                partial.write_text(text, encoding="utf-8")
        return SlicedModel(self._folder, self._fingerprint)


class SlicedCheckpoint(Checkpoint):
    """A sliced model as a checkpoint, which computes block by block as any other; `config` is its own."""

    def skeleton(self, device: torch.device) -> Skeleton:
        """Build the sliced model without its weights."""
        model = build_sliced(self.config, str(self.folder))
        model.config.use_cache = False
        move_buffers(model, device)
        return Skeleton(model, parameter_sources(model, self.tensors), predicts=True)


class SlicedModel:
    """A whole sliced model in `folder`.

    Raises PrunedWeightsError where there is none, or it is not of the run that `fingerprint` names.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        if kept_fingerprint(folder) != fingerprint:
            msg = f"{folder} holds no sliced model of the run asked for; slice again"
            raise PrunedWeightsError(msg)
        try:
            config = read_json(folder, "config.json")
            self.checkpoint = SlicedCheckpoint(folder, config, read_headers(folder, config))
        except CheckpointError as error:
            msg = f"the sliced model in {folder} is damaged ({error}); slice again"
            raise PrunedWeightsError(msg) from error

    @property
    def files(self) -> list[Path]:
        """The files that make up the model, without the manifest of the run."""
        return sorted(file for file in self.folder.iterdir() if file.name != MANIFEST)
