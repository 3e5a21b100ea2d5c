"""The bundled model: small enough, loadable, lossless on source text, and truly trained."""

import json
import math
from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

import kernels
from etl.bundled import MODEL_PATH
from etl.model.corpus import HELD_OUT_MODULES, held_out_text

pytestmark = pytest.mark.xdist_group("bundled")

WINDOW = 512


@pytest.fixture(scope="module")
def tokenizer():
    """Return the bundled tokenizer."""
    return AutoTokenizer.from_pretrained(MODEL_PATH)


@pytest.fixture(scope="module")
def model():
    """Return the bundled model in float32, as the CPU computes it fastest."""
    return AutoModelForCausalLM.from_pretrained(MODEL_PATH, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def windows(tokenizer):
    """Return about 4,000 held-out tokens, some of every module, shape (windows, WINDOW)."""
    ids = tokenizer(held_out_text(1_100)).input_ids
    return torch.tensor(ids[: len(ids) // WINDOW * WINDOW]).view(-1, WINDOW)


@pytest.fixture(scope="module")
def perplexity(model, windows):
    """Return the held-out perplexity over `windows`."""
    with torch.no_grad():
        logits = model(windows).logits[:, :-1].double()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    return math.exp(loss.item())


def test_the_folder_stays_within_sixteen_megabytes():
    """Everything shipped with the model together is at most 16,000,000 bytes."""
    files = [path for path in MODEL_PATH.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = {path.name for path in files}
    assert {"config.json", "generation_config.json", "tokenizer.json", "model.safetensors"} <= names
    assert sum(path.stat().st_size for path in files) <= 16_000_000


def test_the_model_is_the_documented_llama(model):
    """Four Llama blocks of width 384 with tied embeddings, 7,867,776 parameters."""
    assert type(model) is transformers.LlamaForCausalLM
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (4, 384)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert model.num_parameters() == 7_867_776
    assert all(parameter.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n\treturn {'a': x[1:-1]}  # tab\n\n\n",
        "   leading and trailing   \r\n\x0c",
        "naïve = 'é∑漢字🙂'  # déjà vu\n",
        "a<|endoftext|>b",
        "",
    ],
)
def test_tokenizer_round_trips(tokenizer, text):
    """Any text comes back unchanged."""
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_tokenizer_round_trips_library_source_and_compresses_it(tokenizer):
    """Real source comes back unchanged, at more than two and a half characters a token."""
    text = held_out_text(3_000)
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids) == text
    assert len(text) / len(ids) > 2.5
    assert len(tokenizer) == 2048


def test_held_out_perplexity_is_that_of_a_trained_model(perplexity, windows):
    """Far below uniform (2048) and below half of a unigram model fitted to the very same tokens."""
    shares = torch.bincount(windows.flatten()).double() / windows.numel()
    unigram = math.exp(torch.special.entr(shares).sum().item())
    assert perplexity < unigram / 2


def test_held_out_perplexity_is_the_measured_one(perplexity):
    """Measured 10.1 on CPython 3.11's module beginnings; other versions' texts differ by a few percent."""
    assert perplexity < 12


def test_word_order_matters_to_the_model(model, windows, perplexity):
    """The same tokens in random order are far harder: the model has learned more than frequencies."""
    order = torch.randperm(windows.numel(), generator=torch.Generator().manual_seed(0))
    shuffled = windows.flatten()[order].view_as(windows)[:2]
    with torch.no_grad():
        logits = model(shuffled).logits[:, :-1].double()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), shuffled[:, 1:].flatten())
    assert math.exp(loss.item()) > 10 * perplexity


def test_provenance_names_the_held_out_modules():
    """The record shipped with the model lists exactly the modules that the code holds out."""
    record = json.loads((MODEL_PATH / "training.json").read_text())
    assert record["held_out_modules"] == list(HELD_OUT_MODULES)
    assert not any(origin["licence"] == "not stated" for origin in record["origins"])


def test_the_log_shows_learning():
    """The training log is one JSON object per line with falling held-out loss."""
    lines = (MODEL_PATH / "training_log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["step"] for record in records] == sorted(record["step"] for record in records)
    assert records[0]["held_out_loss"] == pytest.approx(math.log(2048), abs=0.3)
    assert records[-1]["held_out_loss"] < 0.3 * records[0]["held_out_loss"]


def test_transformers_ignores_this_repositorys_kernels_package():
    """The package `kernels` here is ours, not the one of that name that transformers would use."""
    assert Path(kernels.__file__).parents[1] == MODEL_PATH.parents[1]
    assert kernels.__version__
    assert transformers.utils.is_kernels_available() is False
