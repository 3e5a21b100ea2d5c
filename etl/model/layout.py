"""Where a model keeps its blocks, and every matrix in them: read off its modules, whatever the family.

A matrix is the weight of a Linear or of a Conv1D, or one expert's part of a parameter that holds those of
all. What chooses among experts is none: it is small, and decides what each of them is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from etl.errors import CheckpointError
from etl.model.conversion import Source
from etl.model.headers import TensorHeader
from etl.model.matrices import Place, WeightMatrix

#: Dimensions of a parameter that holds the matrices of all experts: (experts, out, in) or (experts, in, out).
_EXPERTS_DIMENSIONS = 3
#: What a block holds in other forms has to be less than this share of its weights.
_LARGEST_REST = 0.5


@dataclass(frozen=True)
class Layout:
    """What a model is built of.

    - `blocks`: the path of the list of its transformer blocks (`model.layers`); `layer_count`: its length.
    - `hidden_size`: the width of what passes from block to block.
    - `vocabulary_size`: how many tokens its embedding knows.
    - `positions`: the longest sequence it was made for; None where its configuration names none.
    - `predicts`: whether it predicts the next token, so that it has a perplexity.
    - `matrices`: every matrix in the blocks, by layer, then by component, experts by their number.
    """

    blocks: str
    layer_count: int
    hidden_size: int
    vocabulary_size: int
    positions: int | None
    predicts: bool
    matrices: tuple[WeightMatrix, ...]


def find_blocks(model: PreTrainedModel) -> tuple[str, nn.ModuleList]:
    """Return the path in `model` of its transformer blocks, and the blocks: the list with most weights.

    Raises CheckpointError where the model has no list of modules.
    """
    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        name = type(model).__name__
        msg = f"{name} has no list of blocks; only a transformer that is a chain of blocks can be pruned"
        raise CheckpointError(msg)
    return max(lists, key=lambda found: sum(weight.numel() for weight in found[1].parameters()))


def find_matrices(
    model: PreTrainedModel, sources: Mapping[str, Source], tensors: Mapping[str, TensorHeader]
) -> tuple[WeightMatrix, ...]:
    """Return every matrix in the blocks of a model whose parameters come from `sources`.

    Raises CheckpointError where a block keeps most of its weights in another form, or a matrix is stored in
    a form that it cannot be written back to.
    """
    blocks, modules = find_blocks(model)
    found: list[WeightMatrix] = []
    for layer, block in enumerate(modules):
        there = [
            replace(matrix, layer=layer, blocks=blocks, dtype=tensors[matrix.stored.name].dtype)
            for matrix in _matrices_of(block, f"{blocks}.{layer}.", sources, tensors)
        ]
        _check_rest(block, there, f"{blocks}.{layer}")
        found += sorted(there, key=_order)
    if not found:
        msg = f"the blocks of {type(model).__name__} hold no Linear, Conv1D or experts; nothing can be pruned"
        raise CheckpointError(msg)
    _check_all_used(sources, tensors, blocks, len(modules))
    return tuple(found)


def _order(matrix: WeightMatrix) -> list[tuple[int, str]]:
    """Order components by name, and the experts of a mixture by their number."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in matrix.component.split(".")]


def _matrices_of(
    block: nn.Module, prefix: str, sources: Mapping[str, Source], tensors: Mapping[str, TensorHeader]
) -> Iterator[WeightMatrix]:
    """Yield the matrices of one block, whose layer and dtype are left open."""
    for name, module in block.named_modules():
        if isinstance(module, nn.Linear | Conv1D) and not _chooses_experts(block, name, module):
            whole = Place(f"{name}.weight", transposed=isinstance(module, Conv1D))
            source = sources[prefix + whole.name]
            yield from _linear(name, whole, module.weight.shape, source, tensors)
        elif experts_count(module):
            for leaf, parameter in module.named_parameters(recurse=False):
                if parameter.dim() == _EXPERTS_DIMENSIONS:
                    yield from _experts(name, leaf, module, sources[f"{prefix}{name}.{leaf}"])


def experts_count(module: nn.Module) -> int:
    """Return how many experts a module holds in parameters of its own, (experts, …, …); 0 for any other."""
    count = getattr(module, "num_experts", 0)
    own = module.parameters(recurse=False)
    fused = any(weight.dim() == _EXPERTS_DIMENSIONS and len(weight) == count for weight in own)
    return count if fused else 0


def _chooses_experts(block: nn.Module, name: str, linear: nn.Module) -> bool:
    """Tell whether a Linear stands beside experts and has no more outputs than there are of these."""
    parent = block.get_submodule(name.rpartition(".")[0])
    beside = (experts_count(m) or (len(m) if isinstance(m, nn.ModuleList) else 0) for m in parent.children())
    return isinstance(linear, nn.Linear) and linear.out_features <= max(beside)


def _linear(
    name: str, whole: Place, shape: tuple[int, ...], source: Source, tensors: Mapping[str, TensorHeader]
) -> Iterator[WeightMatrix]:
    """Yield the matrix of a Linear, or those that transformers fuses into one as it loads them."""
    if source.converter is None:
        stored = replace(whole, name=source.stored[0])
        outputs, inputs = reversed(shape) if whole.transposed else shape
        yield WeightMatrix(0, name, outputs, inputs, "", stored=stored, placed=whole)
        return
    start = 0
    for (stored_name,) in _fused(source, {"Concatenate": 0}):
        rows, inputs = tensors[stored_name].shape
        component = ".".join([*name.split(".")[:-1], stored_name.removesuffix(".weight").rpartition(".")[2]])
        placed = replace(whole, rows=(start, start + rows))
        yield WeightMatrix(0, component, rows, inputs, "", stored=Place(stored_name), placed=placed)
        start += rows


def _experts(name: str, leaf: str, module: nn.Module, source: Source) -> Iterator[WeightMatrix]:
    """Yield the matrices of every expert in one parameter; gate and up are two, also where they are fused."""
    if not hasattr(module, "is_transposed"):
        msg = f"{name} multiplies all of its experts at once; what each is given cannot be told"
        raise CheckpointError(msg)
    parameter, transposed = module.get_parameter(leaf), bool(module.is_transposed)
    outputs, inputs = parameter.shape[:0:-1] if transposed else parameter.shape[1:]
    parts = ("gate_proj", "up_proj") if _holds_gate_and_up(leaf, module) else (leaf,)
    rows = outputs // len(parts)
    for index in range(len(parameter)):
        for number, part in enumerate(parts):
            span = (number * rows, (number + 1) * rows) if len(parts) > 1 else None
            placed = Place(f"{name}.{leaf}", index, transposed, span)
            if source.converter is None:
                stored = replace(placed, name=source.stored[0])
            else:
                operations = {"MergeModulelist": 0} | ({"Concatenate": 1} if len(parts) > 1 else {})
                stored = Place(_fused(source, operations)[number][index])
            yield WeightMatrix(0, f"{name}.{index}.{part}", rows, inputs, "", stored=stored, placed=placed)


def _holds_gate_and_up(leaf: str, module: nn.Module) -> bool:
    """Tell whether a parameter holds the gates' rows first, and then those of up, rather than by turns."""
    return leaf == "gate_up_proj" and getattr(module, "is_concatenated", True)


def _fused(source: Source, operations: Mapping[str, int]) -> list[list[str]]:
    """Return the stored tensors that are fused, in the order of the parts of what they become.

    `operations` are the only ones, with their dimensions, that may make it of them. Raises CheckpointError
    for any others: what they make could not be written back.
    """
    if source.operations != operations:
        msg = (
            f"{source.target} is made of {source.stored[0]} and its like by {', '.join(source.operations)}; "
            "what was pruned could not be put back, so such checkpoints cannot be pruned"
        )
        raise CheckpointError(msg)
    return source.in_order


def _check_all_used(
    sources: Mapping[str, Source], tensors: Mapping[str, TensorHeader], blocks: str, layer_count: int
) -> None:
    """Refuse a stored matrix of a block that no module takes: it is not the model that was trained."""
    used = {name for source in sources.values() for name in source.stored}
    in_block = re.compile(rf"(?:.+\.)?{blocks.rpartition('.')[2]}\.(\d{{1,6}})\.(.+)\.weight")
    for name in sorted(tensors.keys() - used):
        match = in_block.fullmatch(name)
        if match and len(tensors[name].shape) > 1 and int(match[1]) < layer_count:
            msg = f"{match[2]} of block {match[1]} is stored, but no module of the model takes it"
            raise CheckpointError(f"{msg}; check config.json")


def _check_rest(block: nn.Module, matrices: Sequence[WeightMatrix], name: str) -> None:
    """Refuse a block most of whose weights are in no matrix: it would pass for pruned and stay dense."""
    found = {matrix.placed.name for matrix in matrices}
    rest = {key: weight for key, weight in block.named_parameters() if key not in found and weight.dim() > 1}
    size = sum(weight.numel() for weight in rest.values())
    if size > _LARGEST_REST * (size + sum(m.out_features * m.in_features for m in matrices)):
        largest = max(rest, key=lambda key: rest[key].numel())
        msg = f"{name}.{largest} is the weight of no Linear, Conv1D or expert; such blocks cannot be pruned"
        raise CheckpointError(msg)
