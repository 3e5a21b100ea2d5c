"""Train the bundled language model: `python -m etl.training.train --out DIR --minutes 4`."""

import argparse
import logging
import math
import os
import platform
import time
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from etl.training.export import save_model, write_json, write_log
from etl.training.loop import Settings, train
from etl.training.model import build_model, held_out_loss
from etl.training.sources import Corpus, collect
from etl.training.tokens import encode_stream, train_tokenizer

_LOG = logging.getLogger(__name__)

# The merges are stable long before the whole corpus has been read.
_TOKENIZER_TEXTS = 3000


def main() -> None:
    """Collect the corpus, train tokenizer and model, and write the model folder."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.manual_seed(options.seed)
    began = time.monotonic()
    corpus = collect(int(options.package_megabytes * 1e6), options.workers)
    for origin in corpus.origins:
        _LOG.info(
            "%s %s: %d files, %d characters", origin.name, origin.version, origin.files, origin.characters
        )
    tokenizer = train_tokenizer(_tokenizer_sample(corpus), options.vocabulary)
    stream, held_out = (part.to(options.device) for part in _streams(tokenizer, corpus, options))
    _LOG.info(
        "%d training tokens, %d held out, %.0f s", stream.numel(), held_out.numel(), time.monotonic() - began
    )
    model = _model(options).to(options.device)
    records = train(model, stream, held_out, _settings(options))
    save_model(model, tokenizer, options.out, options.window)
    write_log(options.out / "training_log.jsonl", records)
    perplexity = math.exp(held_out_loss(model, held_out, 512, options.batch))
    results = {"held_out_perplexity_window_512": perplexity, "final": vars(records[-1])}
    write_json(options.out / "training.json", _summary(options, corpus, stream, held_out) | results)
    _LOG.info("held-out perplexity at window 512: %.3f", perplexity)


def _tokenizer_sample(corpus: Corpus) -> list[str]:
    stride = max(1, len(corpus.packages) // _TOKENIZER_TEXTS)
    return corpus.stdlib + corpus.packages[::stride]


def _streams(
    tokenizer: Tokenizer, corpus: Corpus, options: argparse.Namespace
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the training stream, the standard library repeated, and the held-out stream."""
    library = encode_stream(tokenizer, corpus.stdlib)
    packages = [encode_stream(tokenizer, corpus.packages)] if corpus.packages else []
    return torch.cat([library] * options.stdlib_repeats + packages), encode_stream(tokenizer, corpus.held_out)


def _model(options: argparse.Namespace) -> LlamaForCausalLM:
    return build_model(
        vocabulary=options.vocabulary,
        hidden=options.hidden,
        intermediate=options.intermediate,
        layers=options.layers,
        heads=options.heads,
        context=options.window,
    )


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        minutes=options.minutes,
        max_steps=options.max_steps,
        batch=options.batch,
        window=options.window,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_share=options.warmup_share,
        log_seconds=options.log_seconds,
        seed=options.seed,
        compile_step=options.compile,
    )


def _summary(
    options: argparse.Namespace, corpus: Corpus, stream: torch.Tensor, held_out: torch.Tensor
) -> dict[str, object]:
    is_cuda = stream.is_cuda
    return {
        "options": {name: value for name, value in vars(options).items() if name not in {"out", "workers"}},
        "device": torch.cuda.get_device_name(stream.device) if is_cuda else platform.machine(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "training_tokens": stream.numel(),
        "held_out_tokens": held_out.numel(),
        **corpus.provenance(),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m etl.training.train", description=__doc__)
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder to write the model to")
    add("--minutes", type=float, default=4.0, help="training time, without data preparation and compilation")
    add("--max-steps", type=int, default=1_000_000, help="stop earlier, at this many steps")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--vocabulary", type=int, default=2048)
    add("--hidden", type=int, default=384)
    add("--intermediate", type=int, default=1024)
    add("--layers", type=int, default=4)
    add("--heads", type=int, default=6)
    add("--window", type=int, default=1024, help="tokens a training sequence, and the model's context")
    add("--batch", type=int, default=128, help="sequences a step")
    add("--learning-rate", type=float, default=3e-3)
    add("--weight-decay", type=float, default=0.1)
    add("--warmup-share", type=float, default=0.03, help="share of the schedule spent warming up")
    add("--stdlib-repeats", type=int, default=4, help="weight of the standard library in the mixture")
    add("--package-megabytes", type=float, default=24.0, help="most text taken from one package")
    add("--log-seconds", type=float, default=5.0, help="time between held-out evaluations")
    add("--workers", type=int, default=os.cpu_count(), help="processes that read sources")
    add("--seed", type=int, default=0)
    add("--compile", action=argparse.BooleanOptionalAction, default=torch.cuda.is_available())
    return parser.parse_args()


if __name__ == "__main__":
    main()
