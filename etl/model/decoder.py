"""A checkpoint's transformer with one block in memory at a time.

transformers builds the model without weights and keeps computing embeddings, masks, rotary positions and
logits in its own code; only the blocks are taken out, given weights from the shards when they are needed, and
emptied again. So one path serves every Llama-family architecture and every release of transformers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.skeleton import build_skeleton, tied_names
from etl.model.tensors import read_tensor


class Decoder:
    """A checkpoint that computes hidden states block by block on `device`.

    Computes in float32 on the CPU, where bfloat16 products are slow, and in the checkpoint's dtype on a GPU,
    unless `dtype` is given. Raises CheckpointError when transformers knows no such model, when it keeps no
    blocks under `model.layers`, when tensors are missing or misshapen, and, as they are read, when they hold
    NaN or infinity.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.device = torch.device(device)
        on_cpu = self.device.type == "cpu"
        self.dtype = dtype or (torch.float32 if on_cpu else getattr(torch, checkpoint.dtype))
        self._model = build_skeleton(checkpoint, self.device)
        self._blocks = list(self._model.model.layers)
        self._stand_ins = [_StandIn(block) for block in self._blocks]
        self._model.model.layers = nn.ModuleList(self._stand_ins)
        self._arguments: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self._tied = tied_names(self._model)
        self._load(self._model.model, "model.")

    @property
    def layer_count(self) -> int:
        """How many transformer blocks the model has."""
        return len(self._blocks)

    @property
    def vocabulary_size(self) -> int:
        """How many tokens the embedding knows."""
        return self._model.config.vocab_size

    @torch.no_grad()
    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the input of the first block for tokens (sequences, length): (sequences, length, hidden)."""
        self._note_arguments(tokens)
        return self._stand_ins[0].received

    @contextmanager
    def block(self, layer: int, weights: Mapping[str, torch.Tensor] | None = None) -> Generator[nn.Module]:
        """Yield block `layer` with its weights loaded; they are released on leaving.

        `weights`, by component (`self_attn.q_proj`), stand in for the checkpoint's own matrices.
        """
        block = self._blocks[layer]
        given = {f"{component}.weight": weight for component, weight in (weights or {}).items()}
        self._load(block, f"model.layers.{layer}.", given)
        try:
            yield block
        finally:
            empty = {name: parameter.to("meta") for name, parameter in block.named_parameters()}
            block.load_state_dict(empty, strict=False, assign=True)

    @torch.no_grad()
    def run(self, block: nn.Module, layer: int, hidden: torch.Tensor) -> torch.Tensor:
        """Run a loaded block on hidden states (sequences, length, hidden); returns the same shape."""
        return self.apply(block, layer, {}, hidden)

    def apply(
        self, block: nn.Module, layer: int, weights: Mapping[str, torch.Tensor], hidden: torch.Tensor
    ) -> torch.Tensor:
        """Run a loaded block with `weights` (out, in), by component, in place of its own.

        Gradients reach `weights` where they ask for them.
        """
        shape = (hidden.shape[0], hidden.shape[1])
        if shape not in self._arguments:
            self._note_arguments(torch.zeros(shape, dtype=torch.int64))
        given = {f"{component}.weight": weight.to(self.dtype) for component, weight in weights.items()}
        return functional_call(block, given, (hidden,), self._arguments[shape][layer])

    @torch.no_grad()
    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits (sequences, length, vocabulary) for the last block's hidden states."""
        self._load_head()
        self._stand_ins[0].replacement = hidden
        try:
            tokens = torch.zeros(hidden.shape[:2], dtype=torch.int64, device=self.device)
            return self._model(input_ids=tokens, use_cache=False).logits
        finally:
            self._stand_ins[0].replacement = None

    @torch.no_grad()
    def _note_arguments(self, tokens: torch.Tensor) -> None:
        """Run the model without its blocks and record the arguments that each block is called with."""
        passed = self._model.model(input_ids=tokens.to(self.device), use_cache=False).last_hidden_state
        if passed.shape != self._stand_ins[0].received.shape:
            name = self.checkpoint.architecture
            msg = f"this release of transformers expects tuples from the blocks of {name}; install version 5"
            raise CheckpointError(msg)
        shape = (tokens.shape[0], tokens.shape[1])
        self._arguments[shape] = [stand_in.arguments for stand_in in self._stand_ins]

    def _load(self, module: nn.Module, prefix: str, given: Mapping[str, torch.Tensor] | None = None) -> None:
        """Fill the parameters of `module` from `given`, or from the checkpoint under `prefix`."""
        given = given or {}
        state = {}
        for name, _ in module.named_parameters():
            tensor = given[name] if name in given else self._read(prefix + name)
            state[name] = tensor.to(self.device, self.dtype)
        module.load_state_dict(state, strict=False, assign=True)

    def _read(self, name: str) -> torch.Tensor:
        """Read a parameter, or the one it is tied to where the checkpoint stores only that."""
        stored = name if name in self.checkpoint.tensors else self._tied.get(name, name)
        return read_tensor(self.checkpoint, stored)

    def _load_head(self) -> None:
        """Load the output projection when it is first needed, or share the embedding where they are one."""
        head = self._model.get_output_embeddings()
        if not head.weight.is_meta:
            return
        one = bool(self._tied) and not self._tied.keys() <= self.checkpoint.tensors.keys()
        shared = dict(self._model.get_input_embeddings().named_parameters()) if one else {}
        self._load(head, "lm_head.", shared)


class _StandIn(nn.Module):
    """Takes the place of a block: records its arguments and returns the hidden states unchanged."""

    received: torch.Tensor
    arguments: dict[str, Any]

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        # Some releases choose each block's mask by this attribute, others by its place in the list.
        if hasattr(block, "attention_type"):
            self.attention_type = block.attention_type
        self.replacement: torch.Tensor | None = None

    def forward(self, hidden_states: torch.Tensor, **arguments: Any) -> torch.Tensor:
        if self.replacement is not None:
            return self.replacement
        self.received, self.arguments = hidden_states, arguments
        return hidden_states
