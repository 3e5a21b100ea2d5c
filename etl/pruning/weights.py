"""A folder that keeps one run's pruned matrices, so that figures can be taken again without pruning again.

One safetensors file per block, and a manifest written last: a run killed half-way leaves no manifest, and a
folder without one is no run.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from etl.errors import PrunedWeightsError
from etl.model.matrices import WeightMatrix
from etl.pruning.result import PrunedBlock, PrunedMatrix
from warehouse.files import written_whole

#: The file of a folder of weights that makes it whole, and names the run.
MANIFEST = "run.json"
#: The tensors kept of a matrix beside its weight and its packed mask.
_NORMS = ("activation_norm", "input_weight_norm", "output_weight_norm")


def weights_folder(database: Path, run: str) -> Path:
    """Return the folder beside a database that keeps the weights of the run with fingerprint `run`."""
    return database.with_name(f"{database.name}.weights") / run


def kept_fingerprint(folder: Path) -> str:
    """Return the fingerprint of the whole run that a folder keeps, empty where it keeps none."""
    try:
        return str(json.loads((folder / MANIFEST).read_text())["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class PrunedWeightsWriter:
    """Writes a run into `folder`, block by block as they are pruned; `fingerprint` says which run it is.

    A file appears only when it is whole. A manifest of an earlier run is removed first.
    """

    def __init__(self, folder: str | Path, fingerprint: str) -> None:
        self._folder = Path(folder)
        self._fingerprint = fingerprint
        self._layers: list[int] = []
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / MANIFEST).unlink(missing_ok=True)

    def add(self, block: PrunedBlock) -> None:
        """Write one block."""
        tensors = {}
        for matrix in block.matrices:
            name = matrix.matrix.component
            tensors[f"{name}.weight"] = matrix.weight
            tensors[f"{name}.keep_bits"] = torch.from_numpy(np.packbits(matrix.keep_mask.numpy(), axis=1))
            tensors |= {f"{name}.{norm}": getattr(matrix, norm) for norm in _NORMS}
            if matrix.scales is not None:
                tensors[f"{name}.scales"] = matrix.scales
        figures = json.dumps([_figures(matrix) for matrix in block.matrices])
        path = self._folder / _file_name(block.layer)
        metadata = {"fingerprint": self._fingerprint, "figures": figures}
        try:
            with written_whole(path) as partial:
                save_file(tensors, partial, metadata=metadata)
        except SafetensorError as error:
            msg = f"cannot write {path}: {error}; make room, or add --no-keep-weights"
            raise PrunedWeightsError(msg) from error
        self._layers.append(block.layer)

    def finish(self) -> PrunedWeights:
        """Write the manifest, which makes the run whole, and return the run for reading."""
        with written_whole(self._folder / MANIFEST) as partial:
            partial.write_text(json.dumps({"fingerprint": self._fingerprint, "layers": self._layers}))
        return PrunedWeights(self._folder, self._fingerprint)


class PrunedWeights:
    """A whole run in `folder`, read block by block.

    Raises PrunedWeightsError when there is none, or when it is not the run that `fingerprint` names.
    """

    def __init__(self, folder: str | Path, fingerprint: str) -> None:
        self._folder = Path(folder)
        try:
            manifest = json.loads((self._folder / MANIFEST).read_text())
            self.fingerprint, layers = manifest["fingerprint"], manifest["layers"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{self._folder} holds no finished pruning run; prune again"
            raise PrunedWeightsError(msg) from error
        if self.fingerprint != fingerprint:
            msg = f"{self._folder} holds another pruning run than the one asked for; prune again"
            raise PrunedWeightsError(msg)
        self.layers: tuple[int, ...] = tuple(layers)

    def weights(self, layer: int) -> dict[str, torch.Tensor]:
        """Return a block's pruned weights by component; none for a block that stayed dense."""
        if layer not in self.layers:
            return {}
        tensors, figures = self._read(layer, suffix=".weight")
        return {entry["component"]: tensors[f"{entry['component']}.weight"] for entry in figures}

    def block(self, layer: int) -> PrunedBlock:
        """Return a pruned block as it was written; raises PrunedWeightsError when the run lacks it."""
        tensors, figures = self._read(layer)
        return PrunedBlock(layer, tuple(_matrix(tensors, dict(entry)) for entry in figures))

    def _read(self, layer: int, suffix: str = "") -> tuple[dict[str, torch.Tensor], list[dict]]:
        """Read the tensors of a block whose names end in `suffix`, and its figures."""
        path = self._folder / _file_name(layer)
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys() if name.endswith(suffix)}  # noqa: SIM118  a safe_open is no mapping
            if metadata["fingerprint"] != self.fingerprint:
                msg = f"{path} belongs to another pruning run; prune again"
                raise PrunedWeightsError(msg)
            return tensors, json.loads(metadata["figures"])
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{path} cannot be read ({error}); prune again"
            raise PrunedWeightsError(msg) from error


def _file_name(layer: int) -> str:
    return f"block-{layer:05d}.safetensors"


def _figures(matrix: PrunedMatrix) -> dict:
    """Return what of a result is not a tensor."""
    return {
        "component": matrix.matrix.component,
        "matrix": asdict(matrix.matrix),
        "threshold": matrix.threshold,
        "reconstruction_error": matrix.reconstruction_error,
        "elapsed_seconds": matrix.elapsed_seconds,
        "warnings": list(matrix.warnings),
    }


def _matrix(tensors: dict[str, torch.Tensor], entry: dict) -> PrunedMatrix:
    """Put one matrix of a block together again from its tensors and figures."""
    matrix = WeightMatrix.of(entry["matrix"])
    name = matrix.component
    bits = np.unpackbits(tensors[f"{name}.keep_bits"].numpy(), axis=1, count=matrix.in_features)
    return PrunedMatrix(
        matrix=matrix,
        weight=tensors[f"{name}.weight"],
        keep_mask=torch.from_numpy(bits.astype(bool)),
        threshold=entry["threshold"],
        reconstruction_error=entry["reconstruction_error"],
        elapsed_seconds=entry["elapsed_seconds"],
        scales=tensors.get(f"{name}.scales"),
        warnings=tuple(entry["warnings"]),
        **{norm: tensors[f"{name}.{norm}"] for norm in _NORMS},
    )
