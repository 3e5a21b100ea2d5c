"""The listings in docstrings show what the functions really write."""

import inspect
import re
from types import FunctionType, ModuleType

import pytest
import torch

from kernels.formats.bitmask import ptx as bitmask_ptx
from kernels.formats.gpu import ptx as gpu_ptx
from kernels.formats.nm import format as nm_format

# A call, then indented lines of PTX with comments.
LISTING = re.compile(r"^    (_?\w+\([^\n]*\))[^\n]*:\n((?: {8,}\S[^\n]*\n)+)", re.MULTILINE)
MODULES = (gpu_ptx, bitmask_ptx, nm_format)


def functions(module: ModuleType) -> list[FunctionType]:
    """Functions that a module defines, unwrapped."""
    found = (inspect.unwrap(member) for member in vars(module).values() if callable(member))
    return [f for f in found if isinstance(f, FunctionType) and f.__module__ == module.__name__]


def listings(module: ModuleType) -> list[tuple[ModuleType, str, str]]:
    """Calls shown in a module's docstrings, and the text each is said to write."""
    return [
        (module, *found) for f in functions(module) for found in LISTING.findall((f.__doc__ or "") + "\n")
    ]


def shown(lines: str) -> str:
    """Pattern of the text that a listing shows: comments dropped, `…` for whatever is left out."""
    code = "".join(re.sub(r"//[^\n]*", "", lines).split())
    return ".*".join(re.escape(part) for part in code.split("…"))


@pytest.mark.parametrize(
    ("module", "call", "lines"), [found for module in MODULES for found in listings(module)]
)
def test_a_listing_is_what_the_call_writes(module, call, lines):
    """Instruction by instruction, in order."""
    written = eval(call, vars(module) | {"torch": torch})  # noqa: S307 - from our own docstrings
    text = written if isinstance(written, str) else " ".join(written)
    text = text.strip().removeprefix("{ ").removesuffix(" }")
    assert re.fullmatch(shown(lines), "".join(text.split())), text


@pytest.mark.parametrize("module", MODULES)
def test_every_text_has_a_listing(module):
    """Whoever adds a text shows it."""
    listed = {call.partition("(")[0] for _, call, _ in listings(module)}
    assert {f.__name__ for f in functions(module) if f.__name__.endswith("_text")} <= listed
