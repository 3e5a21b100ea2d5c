"""SliceGPT (arXiv 2401.15024) block by block: find a basis, slice what reads and writes it, go on.

The hidden states are kept in the coordinates of the dense model; what a basis does not hold is taken out of
them where the sliced model loses it, so that every basis is found on what the sliced model itself computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from etl.errors import CheckpointError
from etl.model.decoder import Decoder
from etl.pruning.statistics import full_float32
from etl.slicing.blocks import AttentionHalf, Half, SlicedBlock, fold_norms, halves, norm_scale
from etl.slicing.fit import check_sliceable
from etl.slicing.pca import Basis, SecondMoment, kept_dimensions, whole_basis

#: Called after each block: how many are done, and how many there are.
Progress = Callable[[int, int], None]

#: Tokens run through a block at a time.
_TOKENS_PER_BATCH = 2048
#: How far a block with folded norms may lie from the block itself, relative to its output, in float32.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class SlicedPart:
    """A part of a sliced model: its tensors by name, and of a block the dimensions and what they hold.

    `widths` are the dimensions of the residual stream before attention, before the MLP and after it;
    `explained_variance` is the smaller of the shares of the second moment kept before attention and MLP.
    """

    name: str
    tensors: dict[str, torch.Tensor]
    layer: int | None = None
    widths: tuple[int, int, int] | None = None
    explained_variance: float = 1.0


class ModelSlicer:
    """Slices one model on one calibration set, as often as asked.

    `decoder` computes in float32; `tokens` (sequences, length) holds token ids. Memory: the hidden states of
    all sequences, one block, and second moments of the residual stream.
    """

    def __init__(self, decoder: Decoder, tokens: torch.Tensor) -> None:
        self._decoder = decoder
        self._tokens = tokens
        self._batch = max(_TOKENS_PER_BATCH // tokens.shape[1], 1)
        self._name = decoder.checkpoint.architecture
        self._size = decoder.checkpoint.layout.hidden_size

    @torch.no_grad()
    def slice(self, sparsity: float, progress: Progress | None = None) -> Iterator[SlicedPart]:
        """Yield the embeddings, each block and the head of the model without `sparsity` of its dimensions.

        The output of the last block keeps all of them, as in the paper's code. Raises CheckpointError where
        the model is not built as Llama is, PruningError where no dimension would stay or states are NaN.
        """
        check_sliceable(self._decoder.checkpoint, [sparsity])
        embedding, norm, head = self._ends()
        with full_float32():
            hidden = torch.cat([self._decoder.embed(batch) for batch in self._tokens.split(self._batch)])
            kept = kept_dimensions(self._size, sparsity)
            basis = self._principal(hidden, kept, "behind the embedding")
            table = embedding.get_parameter("weight") @ basis.vectors
            yield SlicedPart("embedding", {"model.embed_tokens.weight": table})
            for layer in range(self._decoder.layer_count):
                part, basis = self._block(layer, hidden, basis, kept)
                yield part
                if progress:
                    progress(layer + 1, self._decoder.layer_count)
            yield SlicedPart("head", _scaled(head, norm_scale(norm, self._size)))

    def _ends(self) -> tuple[nn.Module, nn.Module, nn.Module]:
        embedding, norm, head = self._decoder.ends()
        tokens = self._tokens[:1]
        given = self._decoder.embed(tokens)
        if not _close(embedding(tokens.to(given.device)), given):
            msg = f"{self._name} changes embeddings before its blocks, unlike slicegpt; choose another method"
            raise CheckpointError(msg)
        return embedding, norm, head

    def _block(self, layer: int, hidden: torch.Tensor, before: Basis, kept: int) -> tuple[SlicedPart, Basis]:
        """Slice a block, and replace `hidden` by its output; also returns the basis of that output."""
        with self._decoder.block(layer) as block:
            folded = self._folded(block, layer, hidden[: self._batch])
            attention = AttentionHalf(folded)
            for batch in hidden.split(self._batch):
                batch.copy_(self._decoder.run(attention, layer, before.project(batch)))
            between = self._principal(hidden, kept, f"before the MLP of block {layer}")
            for batch in hidden.split(self._batch):
                batch.copy_(folded.feed(between.project(batch)))
            if layer == self._decoder.layer_count - 1:
                after = whole_basis(self._size, hidden.device)
            else:
                after = self._principal(hidden, kept, f"behind block {layer}")
            tensors = self._sliced(block, (before, between, after))
        names = {f"model.layers.{layer}.{name}": tensor for name, tensor in tensors.items()}
        widths = (before.kept, between.kept, after.kept)
        share = min(before.explained_variance, between.explained_variance)
        return SlicedPart(f"block-{layer:05d}", names, layer, widths, share), after

    def _folded(self, block: nn.Module, layer: int, hidden: torch.Tensor) -> SlicedBlock:
        """Fold the norms of a block; raises CheckpointError where that changes what it computes."""
        expected = self._decoder.run(block, layer, hidden)
        folded = fold_norms(block, self._size, self._name)
        # States that are no numbers are told of where their basis is looked for.
        if expected.isfinite().all() and not _close(self._decoder.run(folded, layer, hidden), expected):
            msg = (
                f"block {layer} of {self._name} computes more than norm, attention, norm and MLP, such as "
                "scaled residuals, so that slicegpt cannot slice it; choose another method"
            )
            raise CheckpointError(msg)
        return folded

    def _sliced(self, block: nn.Module, bases: tuple[Basis, Basis, Basis]) -> dict[str, torch.Tensor]:
        first, second, third = (basis.vectors for basis in bases)
        attention, mlp = halves(block, self._size, self._name)
        return {
            **{f"self_attn.{name}": tensor for name, tensor in _rotated(attention, first, second).items()},
            **{f"mlp.{name}": tensor for name, tensor in _rotated(mlp, second, third).items()},
            "attention_shortcut": first.T @ second,
            "mlp_shortcut": second.T @ third,
        }

    def _principal(self, hidden: torch.Tensor, kept: int, place: str) -> Basis:
        moment = SecondMoment(self._size, hidden.device)
        for batch in hidden.split(self._batch):
            moment.add(batch)
        return moment.basis(kept, place)


def _rotated(half: Half, read: torch.Tensor, write: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the parameters of attention or MLP that read one basis (hidden, k) and write another."""
    tensors: dict[str, torch.Tensor] = dict(half.module.named_parameters())
    for name in half.readers:
        tensors[f"{name}.weight"] = tensors[f"{name}.weight"] @ read
    for name in ("weight", "bias"):
        if f"{half.writer}.{name}" in tensors:
            tensors[f"{half.writer}.{name}"] = write.T @ tensors[f"{half.writer}.{name}"]
    return tensors


def _scaled(head: nn.Module, scale: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the parameters of a head behind a norm without scale."""
    tensors: dict[str, torch.Tensor] = {f"lm_head.{name}": tensor for name, tensor in head.named_parameters()}
    return tensors | {"lm_head.weight": tensors["lm_head.weight"] * scale}


def _close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((found - expected).norm() <= _TOLERANCE * expected.norm())
