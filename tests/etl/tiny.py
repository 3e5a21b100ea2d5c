"""A Llama checkpoint small enough to prune in a moment, with the bundled model's tokenizer."""

import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from etl.bundled import MODEL_PATH


def write_tiny_model(folder: Path, *, layers: int = 2, max_shard_size: str = "1GB") -> Path:
    """Write a random Llama of two blocks, hidden size 32, and return its folder."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder, max_shard_size=max_shard_size)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(MODEL_PATH / name, folder)
    return folder


#: Flags that make a pipeline over the tiny model take about a second.
QUICK = (
    "--samples 2 --length 32 --window 32 --windows 2 --k 2 3 --neighbours 8 --null-replicates 2"
    " --test-replicates 19"
).split()
