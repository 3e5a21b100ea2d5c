"""SliceGPT in float64 and NumPy alone, for a Llama whose heads all have keys and values of their own.

Weights are rotated and sliced first and run afterwards, the other way round from `etl.slicing.walk`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LAYERS, HEADS, WIDTH, HEAD = 2, 2, 16, 8
EPS, THETA = 1e-5, 10_000.0


def rms(hidden: Array) -> Array:
    """Normalise by the mean over the dimensions of the dense model, however many are left."""
    return hidden / np.sqrt((hidden**2).sum(-1, keepdims=True) / WIDTH + EPS)


def attention(hidden: Array, weights: Mapping[str, Array]) -> Array:
    """Causal attention of one sequence (tokens, width) with rotary positions."""
    length = len(hidden)
    queries, keys, values = (
        (hidden @ weights[f"self_attn.{name}_proj"].T).reshape(length, HEADS, HEAD).transpose(1, 0, 2)
        for name in "qkv"
    )
    queries, keys = rotary(queries), rotary(keys)
    scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(HEAD)
    scores[:, np.triu(np.ones((length, length), bool), 1)] = -np.inf
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ values
    return mixed.transpose(1, 0, 2).reshape(length, -1) @ weights["self_attn.o_proj"].T


def rotary(heads: Array) -> Array:
    """Rotate (heads, tokens, head) by position."""
    angles = np.arange(heads.shape[1])[:, None] / THETA ** (np.arange(0, HEAD, 2) / HEAD)
    cosine, sine = (np.concatenate([part, part], -1) for part in (np.cos(angles), np.sin(angles)))
    half = HEAD // 2
    return heads * cosine + np.concatenate([-heads[..., half:], heads[..., :half]], -1) * sine


def mlp(hidden: Array, weights: Mapping[str, Array]) -> Array:
    """Gated MLP."""
    gate = hidden @ weights["mlp.gate_proj"].T
    return (gate / (1 + np.exp(-gate)) * (hidden @ weights["mlp.up_proj"].T)) @ weights["mlp.down_proj"].T


def principal(hidden: Array, kept: int) -> Array:
    """Return the leading directions (width, kept) of states (sequences, tokens, width)."""
    flat = hidden.reshape(-1, WIDTH)
    return np.linalg.svd(flat, full_matrices=False)[2][:kept].T


def sliced_logits(weights: Mapping[str, Array], tokens: NDArray[np.int64], kept: int) -> Array:
    """Slice a model on `tokens` (sequences, length) and return the logits of the sliced model for them.

    `weights` holds the tensors of the dense checkpoint in float64.
    """
    embedding = weights["model.embed_tokens.weight"]
    into = principal(embedding[tokens], kept)
    states = (embedding @ into)[tokens]
    for layer in range(LAYERS):
        block = folded(weights, layer)
        for name in "qkv":
            block[f"self_attn.{name}_proj"] = block[f"self_attn.{name}_proj"] @ into
        attended = np.stack([attention(rms(sequence), block) for sequence in states])
        between = principal(states @ into.T + attended, kept)
        states = states @ (into.T @ between) + attended @ between
        for name in ("gate", "up"):
            block[f"mlp.{name}_proj"] = block[f"mlp.{name}_proj"] @ between
        fed = np.stack([mlp(rms(sequence), block) for sequence in states])
        whole = states @ between.T + fed
        out = np.eye(WIDTH) if layer == LAYERS - 1 else principal(whole, kept)
        states, into = states @ (between.T @ out) + fed @ out, out
    return rms(states) @ (weights["lm_head.weight"] * weights["model.norm.weight"]).T


def folded(weights: Mapping[str, Array], layer: int) -> dict[str, Array]:
    """Return the matrices of a block, the scales of its norms in those that read them."""
    prefix = f"model.layers.{layer}."
    block = {
        name.removeprefix(prefix).removesuffix(".weight"): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }
    first, second = block.pop("input_layernorm"), block.pop("post_attention_layernorm")
    for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"):
        block[name] = block[name] * first
    for name in ("mlp.gate_proj", "mlp.up_proj"):
        block[name] = block[name] * second
    return block
