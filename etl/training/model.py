"""The bundled model's architecture and its loss."""

import math

import torch
from torch import nn
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM


def build_model(
    *, vocabulary: int, hidden: int, intermediate: int, layers: int, heads: int, context: int
) -> LlamaForCausalLM:
    """Return a freshly initialised Llama with tied embeddings in float32; token 0 begins, ends and pads."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=hidden // heads,
        max_position_embeddings=context,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    # Projections that write to the residual stream start smaller: depth must not inflate its variance.
    for name, parameter in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            nn.init.normal_(parameter, std=config.initializer_range / math.sqrt(2 * layers))
    return model


def next_token_loss(model: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy, in nats, of predicting `windows` (count, length + 1) token by token."""
    with torch.autocast(windows.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=windows[:, :-1], use_cache=False).logits
    return functional.cross_entropy(logits.float().flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def held_out_loss(model: nn.Module, stream: torch.Tensor, window: int, batch: int) -> float:
    """Return the mean loss, in nats a token, over non-overlapping windows of `stream` (tokens,).

    Every window predicts `window` tokens; the remainder of the stream is left out.
    """
    windows = stream.unfold(0, window + 1, window).long()
    losses = [next_token_loss(model, group) * len(group) for group in windows.split(batch)]
    return torch.stack(losses).sum().item() / len(windows)
