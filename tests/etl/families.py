"""Random models of every supported family, small enough for any test."""

import copy
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
#: The same under the names that GPT-2 and BLOOM have for them, and with two blocks.
_SMALL = SIZES | {"num_hidden_layers": 2}
_N_NAMES = {
    "vocab_size": 97,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 64,
    "initializer_range": 0.2,
}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_LATENT = {
    "kv_lora_rank": 8,
    "q_lora_rank": 8,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_shared_experts": 1,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
}


def _of(model_type: str, sizes: dict = SIZES, **more: object) -> PreTrainedConfig:
    return AutoConfig.for_model(model_type, **{**sizes, **more})


#: What they add to Llama, in order: a tied head, sliding windows in all or in some blocks, biases, norms of
#: queries and keys, scaled embeddings, fused projections, other places for norms, scaled logits, no rotation.
LLAMAS: dict[str, PreTrainedConfig] = {
    "llama": _of("llama"),
    "llama-tied": _of("llama", tie_word_embeddings=True),
    "mistral": _of("mistral", sliding_window=5),
    "qwen2": _of("qwen2", use_sliding_window=True, sliding_window=5, max_window_layers=1),
    "qwen3": _of("qwen3", head_dim=8),
    "gemma": _of("gemma", head_dim=8),
    "phi3": _of("phi3"),
    "olmo2": _of("olmo2"),
    "cohere": _of("cohere"),
    "smollm3": _of("smollm3"),
}
#: Learned positions, weights laid out (in, out), rotations of a part of each head, and two kinds of alibi.
OTHERS: dict[str, PreTrainedConfig] = {
    "opt": _of("opt", _SMALL, ffn_dim=48, word_embed_proj_dim=32, init_std=0.2),
    "gpt2": _of("gpt2", _N_NAMES),
    "gpt_neox": _of("gpt_neox", _SMALL),
    "bloom": _of("bloom", _N_NAMES, hidden_size=32),
    "falcon": _of("falcon", _SMALL),
    "falcon-alibi": _of("falcon", _SMALL, alibi=True, new_decoder_architecture=True, num_kv_heads=2),
}
#: Experts stored one by one and fused as they are loaded, or stored fused, with gate and up by turns.
MIXTURES: dict[str, PreTrainedConfig] = {
    "mixtral": _of("mixtral", _SMALL, num_local_experts=4),
    "qwen2_moe": _of("qwen2_moe", _SMALL, shared_expert_intermediate_size=16, **_EXPERTS),
    "qwen3_moe": _of("qwen3_moe", _SMALL, head_dim=8, **_EXPERTS),
    "deepseek_v2": _of("deepseek_v2", _SMALL | _LATENT),
    "deepseek_v3": _of("deepseek_v3", _SMALL | _LATENT),
    "gpt_oss": _of("gpt_oss", _SMALL, head_dim=8, num_local_experts=4, num_experts_per_tok=2),
}
#: These fill in masked tokens, and so have no perplexity.
ENCODERS: dict[str, PreTrainedConfig] = {
    "bert": _of("bert", _SMALL),
    "roberta": _of("roberta", _SMALL),
    "distilbert": _of("distilbert", _SMALL, dim=32, hidden_dim=48, n_layers=2, n_heads=4),
    "modernbert": _of("modernbert", _SMALL),
}
#: Those that predict the next token.
FAMILIES = LLAMAS | OTHERS | MIXTURES


def save_random(
    config: PreTrainedConfig, folder: Path, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    """Save a random model of `config` and return it as transformers itself reads it back."""
    torch.manual_seed(0)
    masked = config.model_type in ENCODERS or config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    kind = AutoModelForMaskedLM if masked else AutoModelForCausalLM
    # A model keeps its configuration and writes to it.
    kind.from_config(copy.deepcopy(config)).to(dtype).save_pretrained(folder)
    return kind.from_pretrained(folder, dtype=torch.float32).eval()
