"""Writing the trained model as a Hugging Face folder, small enough to bundle."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from etl.training.loop import Record
from etl.training.tokens import END_OF_TEXT


def save_model(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """Write config, generation config, safetensors and a compact tokenizer into `folder`.

    The weights of `model` itself become bfloat16, so that what is measured next is what was saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Parameters alone: the rotary frequencies are a buffer that stays float32, as it does after loading.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT,
        "pad_token": END_OF_TEXT,
        "clean_up_tokenization_spaces": False,
    }
    write_json(folder / "tokenizer_config.json", settings)


def write_json(path: Path, record: object) -> None:
    """Write `record` as indented JSON."""
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def write_log(path: Path, records: list[Record]) -> None:
    """Write the training log, one JSON object per line."""
    path.write_text("".join(json.dumps(asdict(record)) + "\n" for record in records), encoding="utf-8")
