"""What lies in an exported folder, in the words of its model card."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.commands import DISTRIBUTION


@dataclass(frozen=True)
class Contents:
    """The library that loads a folder, tags, and in words how it is loaded and which files it has."""

    library: str
    tags: tuple[str, ...]
    loading: str
    files: str


#: Hashes of all files in the form that `sha256sum --check` reads; a folder that has it is an export.
HASHES = "SHA256SUMS"
#: A checkpoint of the size of the dense model, for transformers alone.
MASKED = Contents(
    library="transformers",
    tags=("pruned", "sparse"),
    loading="""\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("this folder")
tokenizer = AutoTokenizer.from_pretrained("this folder")
```""",
    files=f"""\
- Weights, configuration and tokenizer as the dense checkpoint has them, the pruned weights in their place.
- `masks/block-NNNNN.safetensors`: for the weight `NAME.weight` its mask `NAME.mask`, one bit per weight, 1
  for kept, packed along the inputs, the highest bit first:
  `numpy.unpackbits(mask, axis=1, count=in_features)`, where the metadata has `in_features`.
- `{HASHES}`: `sha256sum --check {HASHES}` compares every file.""",
)
#: A smaller model with its own loader.
SLICED = Contents(
    library=DISTRIBUTION,
    tags=("pruned", "sliced"),
    loading=f"""\
With {DISTRIBUTION} installed; the result is a model of transformers, dense and smaller, with `.generate`:

```python
from etl.slicing import load_sliced
from transformers import AutoTokenizer

model = load_sliced("this folder")
tokenizer = AutoTokenizer.from_pretrained("this folder")
```""",
    files=f"""\
- `config.json`: `dense` is the configuration of the dense model, `widths` the dimensions of the residual
  stream of each block: before attention, before the MLP and after it.
- `*.safetensors`: the embedding, every block, the head. The scales of norms lie in the matrices behind them;
  `attention_shortcut` and `mlp_shortcut` carry the residual stream from one basis into the next.
- `{HASHES}`: `sha256sum --check {HASHES}` compares every file.""",
)
