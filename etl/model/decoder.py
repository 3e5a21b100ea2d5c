"""A checkpoint's transformer with one block in memory at a time.

transformers builds the model without weights and keeps computing embeddings, masks, positions and logits in
its own code; only the blocks are taken out, given weights from the shards when they are needed, and emptied
again. Each block is called with what the model itself passed to it. So one path serves every architecture
that is a chain of blocks, and every release of transformers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call

from etl.errors import CheckpointError
from etl.model.checkpoint import Checkpoint
from etl.model.layout import find_blocks
from etl.model.matrices import Place
from etl.model.skeleton import tied_names
from etl.model.stand_in import Call, StandIn, check_chain, check_same_arguments
from etl.model.tensors import read_tensor


class Decoder:
    """A checkpoint that computes hidden states block by block on `device`.

    Computes in float32 on the CPU, where bfloat16 products are slow, and in the checkpoint's dtype on a GPU,
    unless `dtype` is given. Raises CheckpointError when transformers knows no such model, when it is no chain
    of blocks, when tensors are missing or misshapen, and, as they are read, when they hold NaN or infinity.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.device = torch.device(device)
        on_cpu = self.device.type == "cpu"
        self.dtype = dtype or (torch.float32 if on_cpu else getattr(torch, checkpoint.dtype))
        self._skeleton = checkpoint.skeleton(self.device)
        self._model = self._skeleton.model
        self._path, blocks = find_blocks(self._model)
        self._blocks = list(blocks)
        self._places: list[dict[str, Place]] = [{} for _ in self._blocks]
        for matrix in checkpoint.matrices:
            self._places[matrix.layer][matrix.component] = matrix.placed
        self._calls: list[Call] = []
        self._stand_ins = [StandIn(block, layer, self._calls) for layer, block in enumerate(self._blocks)]
        self._model.set_submodule(self._path, nn.ModuleList(self._stand_ins))
        self._known: dict[tuple[int, int], list[Call]] = {}
        self._tied = tied_names(self._model)
        base = self._model.base_model
        self._load(base, "" if base is self._model else f"{self._model.base_model_prefix}.")

    @property
    def layer_count(self) -> int:
        """How many transformer blocks the model has."""
        return len(self._blocks)

    @property
    def vocabulary_size(self) -> int:
        """How many tokens the embedding knows."""
        return self._model.config.get_text_config().vocab_size

    @property
    def predicts(self) -> bool:
        """Whether the model predicts the next token; an encoder does not."""
        return self._skeleton.predicts

    @torch.no_grad()
    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the input of the first block for tokens (sequences, length): (sequences, length, hidden)."""
        return self._calls_for(tokens)[0].hidden

    @contextmanager
    def block(self, layer: int, weights: Mapping[str, torch.Tensor] | None = None) -> Generator[nn.Module]:
        """Yield block `layer` with its weights loaded; they are released on leaving.

        `weights` (out, in), by component (`self_attn.q_proj`), stand in for the checkpoint's own matrices.
        """
        block, given = self._blocks[layer], weights or {}
        whole = {name: weight for name, weight in given.items() if self._places[layer][name].is_whole}
        self._load(block, f"{self._path}.{layer}.", self._parameters(block, layer, whole))
        parts = {name: weight for name, weight in given.items() if name not in whole}
        block.load_state_dict(self._parameters(block, layer, parts), strict=False, assign=True)
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
        if shape not in self._known:
            self._calls_for(torch.zeros(shape, dtype=torch.int64))
        call = self._known[shape][layer]
        given = self._parameters(block, layer, weights)
        output = functional_call(block, given, (hidden, *call.positional), call.named)
        return output[0] if isinstance(output, tuple) else output

    @torch.no_grad()
    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the logits (sequences, length, vocabulary) for the last block's hidden states."""
        self._load_head()
        self._stand_ins[-1].replacement = hidden
        try:
            tokens = torch.zeros(hidden.shape[:2], dtype=torch.int64, device=self.device)
            return self._model(input_ids=tokens).logits.as_subclass(torch.Tensor)
        finally:
            self._stand_ins[-1].replacement = None
            self._calls.clear()

    def ends(self) -> tuple[nn.Module, nn.Module, nn.Module]:
        """Return the embedding, the norm behind the last block and the head, with their weights."""
        self._load_head()
        norm = self._model.base_model.get_submodule("norm")
        return self._model.get_input_embeddings(), norm, self._model.get_output_embeddings()

    @torch.no_grad()
    def _calls_for(self, tokens: torch.Tensor) -> list[Call]:
        """Run the model without its blocks on tokens (sequences, length); returns the calls of its blocks."""
        calls = self._noted(tokens)
        if not self._known:
            check_chain(calls, self.layer_count, self.checkpoint.architecture)
            others = self._noted(torch.zeros_like(tokens))
            check_same_arguments(calls, others, self.checkpoint.architecture)
        self._known[tokens.shape[0], tokens.shape[1]] = calls
        return calls

    def _noted(self, tokens: torch.Tensor) -> list[Call]:
        self._calls.clear()
        try:
            self._model.base_model(input_ids=tokens.to(self.device))
        except (TypeError, ValueError) as error:  # from taking apart what a stand-in returns
            name = self.checkpoint.architecture
            msg = f"{name} takes more from its blocks than states ({error}); it cannot be pruned"
            raise CheckpointError(msg) from error
        return self._calls.copy()

    def _parameters(
        self, block: nn.Module, layer: int, weights: Mapping[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return the parameters of a block that hold `weights` (out, in), by component, in place of its own.

        The rest of a parameter that holds more than one matrix comes from the block, which is loaded.
        """
        given: dict[str, torch.Tensor] = {}
        for component, weight in weights.items():
            place = self._places[layer][component]
            if place.is_whole:
                given[place.name] = place.view(weight.to(self.device, self.dtype))
                continue
            if place.name not in given:
                given[place.name] = block.get_parameter(place.name).detach().clone()
            place.view(given[place.name]).copy_(weight)
        return given

    def _load(self, module: nn.Module, prefix: str, given: Mapping[str, torch.Tensor] | None = None) -> None:
        """Fill a module of the model, whose path is `prefix`, from `given` or from the checkpoint.

        Of the buffers only those that the checkpoint has: others, such as rotary frequencies, are computed.
        """
        state = dict(given or {})
        parameters = dict(module.named_parameters())
        for name, empty in module.state_dict().items():
            if name not in state and (name in parameters or prefix + name in self._skeleton.sources):
                state[name] = self._read(prefix + name).to(
                    self.device, self.dtype if name in parameters else empty.dtype
                )
        module.load_state_dict(state, strict=False, assign=True)

    def _read(self, name: str) -> torch.Tensor:
        """Read a parameter, or the one it is tied to where the checkpoint stores only that."""
        sources = self._skeleton.sources
        source = sources[name if name in sources else self._tied[name]]
        return source.make(self._model, name, lambda stored: read_tensor(self.checkpoint, stored))

    def _load_head(self) -> None:
        """Load the output projection when it is first needed, or share the embedding where they are one."""
        head = self._model.get_output_embeddings()
        if not head.weight.is_meta:
            return
        one = bool(self._tied) and not self._tied.keys() <= self._skeleton.sources.keys()
        shared = dict(self._model.get_input_embeddings().named_parameters()) if one else {}
        name = next(name for name, module in self._model.named_modules() if module is head)
        self._load(head, f"{name}.", shared)
