"""End to end: a Llama decoder whose linear layers are dense or packed, generating greedily from a CUDA graph.

The model has Llama-7B's shape (arXiv 2302.13971) and random weights: speed and equality do not depend on
what it says. Dense and packed models hold the same pruned weights, so their logits must agree to rounding.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from kernels.errors import LaunchError
from kernels.formats import get_format
from kernels.masks import random_mask
from kernels.tuning import Problem, Tuned, TuningStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from kernels.device import Machine

    Linear = Callable[[torch.Tensor], torch.Tensor]


Block = dict[str, "Linear"]
EPSILON = 1e-5
ROPE_BASE = 10000.0


@dataclass(frozen=True)
class Dimensions:
    """Sizes of a decoder; the defaults are Llama-7B's."""

    hidden: int = 4096
    intermediate: int = 11008
    heads: int = 32
    layers: int = 32
    vocabulary: int = 32000
    context: int = 256

    @property
    def head(self) -> int:
        """Size of one head."""
        return self.hidden // self.heads

    def linears(self) -> dict[str, tuple[int, int]]:
        """Shapes (out, in) of a block's linear layers; those that share an input are one matrix."""
        return {
            "qkv": (3 * self.hidden, self.hidden),
            "o": (self.hidden, self.hidden),
            "gate_up": (2 * self.intermediate, self.hidden),
            "down": (self.hidden, self.intermediate),
        }


class Decoder:
    """One token at a time, batch 1; keys and values live in fixed buffers so that a CUDA graph can replay."""

    def __init__(
        self,
        sizes: Dimensions,
        embedding: torch.Tensor,
        blocks: list[Block],
    ) -> None:
        self.sizes = sizes
        self.embedding = embedding
        self.blocks = blocks
        device, dtype = embedding.device, embedding.dtype
        cache = (sizes.layers, sizes.heads, sizes.context, sizes.head)
        self.keys = torch.zeros(cache, device=device, dtype=dtype)
        self.values = torch.zeros(cache, device=device, dtype=dtype)
        self.token = torch.zeros(1, dtype=torch.long, device=device)
        self.position = torch.zeros(1, dtype=torch.long, device=device)
        self.logits = torch.zeros(1, sizes.vocabulary, device=device, dtype=dtype)
        steps = torch.arange(0, sizes.head, 2, device=device, dtype=torch.float32) / sizes.head
        angles = torch.arange(sizes.context, device=device)[:, None] / ROPE_BASE**steps
        self.cosines = angles.cos().repeat(1, 2).to(dtype)
        self.sines = angles.sin().repeat(1, 2).to(dtype)

    def reset(self, token: int) -> None:
        """Start again from one token."""
        self.keys.zero_()
        self.values.zero_()
        self.position.zero_()
        self.token.fill_(token)

    def step(self) -> None:
        """Read `token` at `position`, write `logits`, choose the next token, move on."""
        x = self.embedding[self.token]
        seen = (torch.arange(self.sizes.context, device=x.device) <= self.position).view(1, 1, -1)
        for index, block in enumerate(self.blocks):
            x = x + block["o"](self._attend(index, block["qkv"](_normalize(x)), seen))
            gate, up = block["gate_up"](_normalize(x)).chunk(2, dim=-1)
            x = x + block["down"](torch.nn.functional.silu(gate) * up)
        torch.mm(_normalize(x), self.embedding.t(), out=self.logits)
        self.token.copy_(self.logits.argmax(-1))
        self.position += 1

    def _attend(self, index: int, qkv: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Rotary attention of one new token over all positions seen so far."""
        heads = qkv.view(3, self.sizes.heads, 1, self.sizes.head)
        query, key = self._rotate(heads[:2])
        self.keys[index].index_copy_(1, self.position, key)
        self.values[index].index_copy_(1, self.position, heads[2])
        attended = torch.nn.functional.scaled_dot_product_attention(
            query[None], self.keys[index][None], self.values[index][None], attn_mask=seen
        )
        return attended.view(1, -1)

    def _rotate(self, x: torch.Tensor) -> torch.Tensor:
        cosine, sine = self.cosines[self.position], self.sines[self.position]
        first, second = x.chunk(2, dim=-1)
        return x * cosine + torch.cat([-second, first], dim=-1) * sine


def _normalize(x: torch.Tensor) -> torch.Tensor:
    """RMS norm with unit scale."""
    return torch.nn.functional.rms_norm(x, (x.shape[-1],), eps=EPSILON)


def packed_linear(kernel: str, weight: torch.Tensor, mask: torch.Tensor, tuned: Tuned | None) -> Linear:
    """Return x ↦ x Wᵀ through a packed matrix."""
    kind = get_format(kernel)
    packed = kind.pack(weight, mask, tuned.layout if tuned else None)
    return partial(kind.multiply, packed, launch=tuned.launch if tuned else None)


def compare_generation(
    machine: Machine, kernel: str, sparsity: float, *, tokens: int, sizes: Dimensions | None = None
) -> dict[str, Any]:
    """Generate greedily with dense and with packed linears over the same pruned weights.

    Returns tokens per second of both, how many of the first tokens are equal, and the relative error of both
    models' first logits against the same model in float32: packed must not be further off than dense is.
    Raises LaunchError where there is no GPU and no smaller model is asked for.
    """
    if machine.device.type != "cuda" and sizes is None:
        raise LaunchError("generate needs a CUDA device: a Llama-7B-shaped model does not fit an interpreter")
    sizes = sizes or Dimensions()
    models = _build(sizes, machine, kernel, sparsity)
    models["exact"].reset(1)
    models["exact"].step()
    exact = models.pop("exact").logits
    runs = {name: _generate(model, tokens, machine) for name, model in models.items()}
    errors = {name: float((run.logits - exact).norm() / exact.norm()) for name, run in runs.items()}
    same = [a == b for a, b in zip(runs["dense"].tokens, runs["packed"].tokens, strict=True)]
    return {
        "device": machine.name, "format": kernel, "sparsity": sparsity,
        "layers": sizes.layers, "tokens": tokens,
        "dense_tokens_per_second": round(runs["dense"].rate, 2),
        "tokens_per_second": round(runs["packed"].rate, 2),
        "speedup": round(runs["packed"].rate / runs["dense"].rate, 4),
        "dense_relative_error": errors["dense"], "relative_error": errors["packed"],
        "equal_tokens": same.index(False) if False in same else len(same),
    }  # fmt: skip


def _build(sizes: Dimensions, machine: Machine, kernel: str, sparsity: float) -> dict[str, Decoder]:
    """Three decoders over the same pruned weights: `dense`, `packed`, and `exact` in float32."""
    generator = torch.Generator(device=machine.device).manual_seed(0)
    pattern = "2:4" if kernel == "nm" else "unstructured"
    store = TuningStore(machine)
    noise = partial(torch.randn, generator=generator, device=machine.device)
    embedding = (noise(sizes.vocabulary, sizes.hidden) * 0.02).bfloat16()
    blocks: dict[str, list[Block]] = {"dense": [], "packed": [], "exact": []}
    for _ in range(sizes.layers):
        block: dict[str, Block] = {"dense": {}, "packed": {}, "exact": {}}
        for name, shape in sizes.linears().items():
            mask = random_mask(shape, sparsity, pattern, generator)
            weight = (noise(shape) / math.sqrt(shape[1] * (1 - sparsity))).bfloat16().masked_fill(~mask, 0)
            problem = Problem(kernel, *shape, 1, "bfloat16", pattern, round(sparsity, 4))
            tuned = store.find(problem) or store.nearest(problem)
            block["dense"][name] = partial(torch.nn.functional.linear, weight=weight)
            block["packed"][name] = packed_linear(kernel, weight, mask, tuned)
            block["exact"][name] = partial(_linear_in_float32, weight=weight)
        for kind, layers in blocks.items():
            layers.append(block[kind])
    embeddings = {"dense": embedding, "packed": embedding, "exact": embedding.float()}
    return {kind: Decoder(sizes, embeddings[kind], layers) for kind, layers in blocks.items()}


def _linear_in_float32(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight.float().t()


class _Run(NamedTuple):
    """Tokens chosen, first logits in float32, and tokens per second."""

    tokens: list[int]
    logits: torch.Tensor
    rate: float


def _generate(model: Decoder, tokens: int, machine: Machine) -> _Run:
    """Generate once for the tokens and once more, without looking at them, for the time."""
    step = _captured(model) if machine.device.type == "cuda" else model.step
    model.reset(1)
    step()
    logits = model.logits.float().clone()
    chosen = [int(model.token)]
    for _ in range(tokens - 1):
        step()
        chosen.append(int(model.token))
    model.reset(1)
    _wait(machine)
    start = time.perf_counter()
    for _ in range(tokens):
        step()
    _wait(machine)
    return _Run(chosen, logits, tokens / (time.perf_counter() - start))


def _captured(model: Decoder) -> Callable[[], None]:
    """Capture one step as a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        model.reset(1)
        model.step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model.step()
    return graph.replay


def _wait(machine: Machine) -> None:
    if machine.device.type == "cuda":
        torch.cuda.synchronize(machine.device)
