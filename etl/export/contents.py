"""What lies in an exported folder, in the words of its model card."""

from __future__ import annotations

from dataclasses import dataclass, replace

from warehouse.commands import DISTRIBUTION


@dataclass(frozen=True)
class Contents:
    """The library that loads a folder, its task and tags, and in words how to load it and its files."""

    library: str
    pipeline: str
    tags: tuple[str, ...]
    loading: str
    files: str

    def of_encoder(self) -> Contents:
        """Return the same for a model that predicts no next token."""
        loading = self.loading.replace("AutoModelForCausalLM", "AutoModel")
        return replace(self, pipeline="feature-extraction", loading=loading)


#: Hashes of all files in the form that `sha256sum --check` reads; a folder that has it is an export.
HASHES = "SHA256SUMS"
#: A checkpoint of the size of the dense model, for transformers alone.
MASKED = Contents(
    library="transformers",
    pipeline="text-generation",
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
#: The same with weights that narrow values stand for.
ROUNDED = replace(
    MASKED,
    tags=("pruned", "sparse", "quantized"),
    files=f"""\
{MASKED.files}
- `values/block-NNNNN.safetensors`: what the weights of the checkpoint were made of. `NAME.values` has the
  levels of the kept weights, row by row, in order of the inputs (int8 and fp8 as they are; of int4 level + 8,
  two in a byte, the first in the low half), `NAME.scales` (outputs, groups) a scale for each group of inputs
  of a row.""",
)
#: A smaller model with its own loader.
SLICED = Contents(
    library=DISTRIBUTION,
    pipeline="text-generation",
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
