"""Slicing a model into a folder, with the figures that the warehouse keeps of every block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from etl.model.decoder import Decoder
from etl.slicing.store import SlicedModel, SlicedWriter
from etl.slicing.walk import ModelSlicer, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from etl.model.checkpoint import Checkpoint


@dataclass(frozen=True)
class Slices:
    """What was kept of each block, in the order of the layers: the columns of the table `slices`."""

    layer: list[int]
    kept_dimensions: list[int]
    hidden_size: int
    explained_variance: list[float]


@dataclass(frozen=True)
class SlicingJob:
    """A model to slice on calibration sequences (sequences, length) of token ids, into a folder for a run."""

    checkpoint: Checkpoint
    device: torch.device
    sequences: torch.Tensor
    folder: Path
    fingerprint: str

    def carry_out(self, sparsity: float, progress: Progress | None = None) -> tuple[SlicedModel, Slices]:
        """Slice away `sparsity` of the dimensions, in float32; raises as `ModelSlicer.slice` does."""
        writer = SlicedWriter(self.folder, self.fingerprint, self.checkpoint)
        slicer = ModelSlicer(Decoder(self.checkpoint, self.device, torch.float32), self.sequences)
        layers, widths, shares = [], [], []
        for part in slicer.slice(sparsity, progress):
            writer.add(part)
            if part.layer is not None and part.widths is not None:
                layers.append(part.layer)
                widths.append(part.widths)
                shares.append(part.explained_variance)
        # The output of the last block keeps all dimensions.
        return writer.finish(), Slices(layers, [block[0] for block in widths], widths[-1][2], shares)
