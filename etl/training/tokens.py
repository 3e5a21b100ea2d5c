"""Byte-level BPE tokenizer training and the packed token stream."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"

# Encodings carry offsets and strings, many bytes per token; a batch bounds that memory.
_BATCH_TEXTS = 512

# Words with one leading symbol ("_name", ".append", " return"), numbers of up to three digits, operator runs
# that may take the newline with them (":\n"), and indentation apart from the word that follows it.
_SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Train a lossless byte-level BPE with `vocabulary` entries; id 0 is `END_OF_TEXT`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_stream(tokenizer: Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Encode `texts` into one int16 tensor of token ids, each text preceded by `END_OF_TEXT` (id 0)."""
    # Sources that mention the marker must not be cut there.
    tokenizer.encode_special_tokens = True
    pieces = []
    for start in range(0, len(texts), _BATCH_TEXTS):
        encodings = tokenizer.encode_batch_fast(list(texts[start : start + _BATCH_TEXTS]))
        pieces += [np.array([0, *encoding.ids], dtype=np.int16) for encoding in encodings]
    tokenizer.encode_special_tokens = False
    return torch.from_numpy(np.concatenate(pieces))


def random_windows(stream: torch.Tensor, count: int, length: int, generator: torch.Generator) -> torch.Tensor:
    """Return (count, length) int64 windows of `stream` (tokens,) at uniformly random offsets."""
    last = stream.numel() - length
    offsets = torch.randint(last + 1, (count, 1), generator=generator, device=stream.device)
    return stream[offsets + torch.arange(length, device=stream.device)].long()
