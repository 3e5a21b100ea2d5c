"""Training from tokenizer to exported folder, at toy size on the CPU."""

import math

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from etl.training.export import save_model
from etl.training.loop import Settings, train
from etl.training.model import build_model, held_out_loss
from etl.training.tokens import encode_stream, random_windows, train_tokenizer

TEXT = "for key, value in sorted(table.items()):\n    print(key, value)\n" * 60


@pytest.fixture(scope="module")
def tokenizer():
    """Return a tokenizer with the 256 bytes, the end-of-text marker and 43 merges."""
    return train_tokenizer([TEXT], 300)


@pytest.fixture
def toy():
    """Return an untrained one-block Llama."""
    torch.manual_seed(0)
    return build_model(vocabulary=300, hidden=32, intermediate=48, layers=1, heads=2, context=32)


def test_stream_marks_every_text_and_never_inside_one(tokenizer):
    """Each text starts with token 0, and a source that mentions the marker is not cut there."""
    stream = encode_stream(tokenizer, ["x = 1\n", "mark = '<|endoftext|>'\n"])
    assert (stream == 0).nonzero().flatten().tolist() == [0, len(tokenizer.encode("x = 1\n").ids) + 1]
    assert tokenizer.decode(stream[stream != 0].tolist()) == "x = 1\nmark = '<|endoftext|>'\n"


def test_random_windows_are_contiguous_runs_that_reach_both_ends():
    """Windows of 0…9 are runs of consecutive numbers and every offset occurs."""
    windows = random_windows(torch.arange(10), 500, 4, torch.Generator().manual_seed(0))
    assert windows.shape == (500, 4)
    assert (windows.diff(dim=1) == 1).all()
    assert windows[:, 0].unique().tolist() == list(range(7))


def test_held_out_loss_averages_whole_windows(toy):
    """The mean over split batches equals the mean over all windows at once; the remainder is left out."""
    stream = torch.randint(300, (16 * 5 + 9,), generator=torch.Generator().manual_seed(1))
    whole = held_out_loss(toy, stream, 16, 5)
    assert held_out_loss(toy, stream, 16, 2) == pytest.approx(whole, rel=1e-2)
    assert held_out_loss(toy, stream[:81], 16, 5) == pytest.approx(whole, rel=1e-2)


def test_training_learns_and_the_export_computes_the_same(tokenizer, toy, tmp_path):
    """Held-out loss falls well below uniform, and the exported folder loads to the same losses and texts."""
    stream = encode_stream(tokenizer, [TEXT])
    settings = Settings(
        minutes=5,
        max_steps=60,
        batch=8,
        window=32,
        learning_rate=1e-2,
        weight_decay=0.1,
        warmup_share=0.1,
        log_seconds=1e9,
        seed=0,
        compile_step=False,
    )
    records = train(toy, stream, stream, settings)
    assert (records[0].step, records[-1].step, records[-1].tokens) == (1, 60, 60 * 8 * 32)
    assert records[-1].held_out_loss < 0.3 * math.log(300)
    save_model(toy, tokenizer, tmp_path, 32)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert loaded.dtype == torch.bfloat16
    assert held_out_loss(loaded, stream, 32, 8) == pytest.approx(held_out_loss(toy, stream, 32, 8), rel=1e-6)
    assert AutoTokenizer.from_pretrained(tmp_path)(TEXT).input_ids == tokenizer.encode(TEXT).ids
