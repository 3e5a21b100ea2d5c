"""Seeing what each matrix of a block is multiplied with, while the block runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from etl.model.matrices import WeightMatrix

#: Components whose matrices are given the same inputs, since they lie in one parameter.
Components = tuple[str, ...]
#: Called with the components of a product and its inputs (…, in).
Take = Callable[[Components, torch.Tensor], None]

#: Products of inputs with a matrix; the second argument is the matrix.
_PRODUCTS = frozenset(
    {nn.functional.linear, torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.mm}
)


def grouped(matrices: Sequence[WeightMatrix]) -> dict[tuple[str, int | None], Components]:
    """Return the components of a block's matrices by the parameter, and the expert in it, that holds them."""
    groups: dict[tuple[str, int | None], Components] = {}
    for matrix in matrices:
        key = (matrix.placed.name, matrix.placed.index)
        groups[key] = (*groups.get(key, ()), matrix.component)
    return groups


@contextmanager
def watched(
    block: nn.Module, groups: Mapping[tuple[str, int | None], Components], take: Take
) -> Generator[None]:
    """Call `take` with the inputs of every product of a loaded block with the matrices of `groups`."""
    hooks = []
    experts: dict[int, tuple[nn.Parameter, dict[int, Components]]] = {}
    for (name, index), components in groups.items():
        if index is None:
            module = block.get_submodule(name.rpartition(".")[0])
            hooks.append(module.register_forward_pre_hook(_hook(components, take)))
        else:
            parameter = block.get_parameter(name)
            experts.setdefault(_address(parameter), (parameter, {}))[1][index] = components
    try:
        with _ExpertProducts(experts, take) if experts else nullcontext():
            yield
    finally:
        for hook in hooks:
            hook.remove()


def _hook(components: Components, take: Take) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
    return lambda _module, arguments: take(components, arguments[0])


def _address(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class _ExpertProducts(TorchFunctionMode):
    """Sees the products with single experts of parameters (experts, …, …), which no module stands for."""

    def __init__(
        self, experts: Mapping[int, tuple[nn.Parameter, Mapping[int, Components]]], take: Take
    ) -> None:
        super().__init__()
        self._experts = experts
        self._take = take

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in _PRODUCTS and _address(args[1]) in self._experts:
            inputs, matrix = args[:2]
            parameter, components = self._experts[_address(matrix)]
            index = (matrix.storage_offset() - parameter.storage_offset()) // parameter.stride(0)
            if index in components:
                self._take(components[index], inputs)
        return func(*args, **(kwargs or {}))
