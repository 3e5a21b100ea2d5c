"""The listings in docstrings show what the functions really write."""

import inspect
import re
from types import FunctionType, ModuleType

import pytest
import torch

from kernels.formats.bitmask import ptx as bitmask_ptx
from kernels.formats.gpu import ptx as gpu_ptx
from kernels.formats.nm import fetching as nm_fetching
from kernels.formats.nm import ptx as nm_ptx
from kernels.formats.nm.sizes import Loop
from kernels.formats.values import fp8, get_codec, int4, int8, sixteen

# A call, then indented lines of PTX with comments.
LISTING = re.compile(r"^([\w()]+\.?\w*\([^\n]*\))[^\n]*:\n((?: {4,}\S[^\n]*\n)+)", re.MULTILINE)
MODULES = (gpu_ptx, bitmask_ptx, nm_ptx, nm_fetching, sixteen, fp8, int8, int4)
EXAMPLES = {
    "torch": torch,
    "codec": get_codec("int4"),
    "loop": Loop("int4", torch.bfloat16, 1, 8, 1, 1, 2, pdl=True),
}
# They only put together what other functions write.
HELPERS = {"_block", "_place", "text", "decode_constraints"}


def functions(module: ModuleType) -> list[FunctionType]:
    """Functions that a module and its classes define, unwrapped."""
    own = [member for member in vars(module).values() if getattr(member, "__module__", "") == module.__name__]
    methods = [method for kind in own if isinstance(kind, type) for method in vars(kind).values()]
    found = (inspect.unwrap(member) for member in (*own, *methods) if callable(member))
    return [function for function in found if isinstance(function, FunctionType)]


def listings(module: ModuleType) -> list[tuple[ModuleType, str, str]]:
    """Calls shown in a module's docstrings, and the text each is said to write."""
    texts = ((inspect.getdoc(function) or "") + "\n" for function in functions(module))
    return [(module, *found) for text in texts for found in LISTING.findall(text)]


def shown(lines: str) -> str:
    """Pattern of the text that a listing shows: comments dropped, `…` for whatever is left out."""
    code = "".join(re.sub(r"//[^\n]*", "", lines).split())
    return ".*".join(re.escape(part) for part in code.split("…"))


@pytest.mark.parametrize(
    ("module", "call", "lines"), [found for module in MODULES for found in listings(module)]
)
def test_a_listing_is_what_the_call_writes(module, call, lines):
    """Instruction by instruction, in order."""
    written = eval(call, vars(module) | EXAMPLES)  # noqa: S307 - from our own docstrings
    text = written if isinstance(written, str) else " ".join(written)
    text = text.strip().removeprefix("{ ").removesuffix(" }")
    assert re.fullmatch(shown(lines), "".join(text.split())), text


@pytest.mark.parametrize("module", MODULES)
def test_every_text_has_a_listing(module):
    """Whoever adds a function that writes PTX shows what it writes."""
    listed = {re.match(r"(?:\w+\(\)\.)?(\w+)", call)[1] for _, call, _ in listings(module)}
    writing = {
        f.__name__ for f in functions(module) if f.__annotations__.get("return") in {"str", "list[str]"}
    }
    assert writing - HELPERS <= listed
