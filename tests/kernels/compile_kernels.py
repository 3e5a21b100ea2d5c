"""Compile kernels for a GPU that need not be there; print one JSON object for each.

A program of its own, since Triton decides when it is imported whether kernels are interpreted.
"""

from __future__ import annotations

import inspect
import json
import sys
from itertools import product
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from kernels.formats.activation.kernel import activation_kernel
from kernels.formats.bitmask.kernel import bitmask_kernel
from kernels.formats.bitmask.ptx import copy_text, decode_constraints, decode_text, wait_text
from kernels.formats.gpu.ptx import SUM_BYTES, reserve_text, row_text, sum_text
from kernels.formats.nm.kernel import nm_tensor_core_kernel
from kernels.formats.nm.ptx import loop_text
from kernels.formats.nm.sizes import Loop
from kernels.formats.sell.format import REGISTERS
from kernels.formats.sell.kernel import sell_kernel
from kernels.formats.sell.windows import choose_window, count_phases

TYPES = {
    "values_ptr": "*i32", "gaps_ptr": "*i32", "starts_ptr": "*i16", "steps_ptr": "*i32",
    "row_order_ptr": "*i32", "positions_ptr": "*i32", "words_ptr": "*i32", "offsets_ptr": "*i32",
    "arrivals_ptr": "*i32", "scales_ptr": "*bf16", "partial_ptr": "*fp32", "x_ptr": "*bf16",
    "y_ptr": "*bf16", "threshold": "fp32",
}  # fmt: skip


def compile_kernel(
    capability: int,
    name: str,
    kernel: Any,
    constants: dict[str, Any],
    warps: int,
    registers: int | None = None,
) -> None:
    """Compile one kernel; print its name and how often its buffer in shared memory is declared."""
    names = list(inspect.signature(kernel.fn).parameters)
    types = TYPES | ({"x_ptr": "*i32"} if kernel is bitmask_kernel else {})
    signature = {n: "constexpr" if n in constants else types.get(n, "i32") for n in names}
    # x comes to bitmasks in whole records of 32 words.
    multiples = {n for n in names if signature[n].startswith("*")} | {"in_words"}
    aligned = {(i,): [["tt.divisibility", 16]] for i, n in enumerate(names) if n in multiples}
    source = ASTSource(
        kernel, signature, {(names.index(n),): value for n, value in constants.items()}, aligned
    )
    options = {"num_warps": warps, "launch_pdl": bool(constants.get("PDL")), "maxnreg": registers}
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    report = {"name": name, "buffers": compiled.asm["ptx"].count(" staged[")}
    sys.stdout.write(json.dumps(report) + "\n")


def compile_all(capability: int) -> None:
    """Compile every kernel with inline PTX in its main variants."""
    pdl = int(capability >= 90)
    for width, depth, columns in [(1, 1, 4096), (1, 2, 28672), (1, 4, 4096), (2, 2, 4096), (4, 2, 4096)]:
        window = choose_window(columns, count_phases(columns, width), width)
        assert window is not None
        constants = {
            "TILE_ROWS": 32, "LANES": 16, "WIDTH": width, "BF16": True, "DEPTH": depth, "PDL": pdl,
            "STAGED": True, "RESERVE": reserve_text(2 * window.size * width),
            "COPY": row_text(2 * window.size, 512, width),
        }  # fmt: skip
        registers = REGISTERS[depth] if width == 1 else None
        compile_kernel(capability, f"sell {width} {depth} {columns}", sell_kernel, constants, 16, registers)
    for codec, (batch, row_warps, row_tiles) in product(
        ("16", "fp8", "int8", "int4"), ((1, 1, 1), (16, 2, 1), (16, 1, 2))
    ):
        loop = Loop(codec, torch.bfloat16, batch, 4 * row_warps, row_warps, row_tiles, 2, bool(pdl))
        constants = {
            "LOOP": loop_text(loop), "CONSTRAINTS": loop.constraints, "WARPS": loop.warps,
            "ROW_WARPS": row_warps, "ROW_TILES": row_tiles, "COLUMN_TILES": loop.column_tiles,
            "SCALED": codec in {"fp8", "int8"}, "PDL": pdl, "RESERVE": reserve_text(loop.buffer_bytes),
            "SUM": sum_text(loop.teams, row_warps * SUM_BYTES),
        }  # fmt: skip
        compile_kernel(
            capability, f"nm {codec} {batch} {row_warps}", nm_tensor_core_kernel, constants, loop.warps
        )
    for row_tiles, column_tiles, ahead in [(1, 1, 2), (1, 2, 1), (2, 1, 1), (2, 2, 1)]:
        slot = 16 * 80 * row_tiles + 16
        constants = {
            "WARPS": 8, "ROW_TILES": row_tiles, "COLUMN_TILES": column_tiles, "AHEAD": ahead,
            "SLOT_BYTES": slot, "RESERVE": reserve_text(8 * slot * (ahead + 1)),
            "COPY": copy_text(slot // 16), "WAIT": wait_text(ahead - 1),
            "DECODE": decode_text(row_tiles, column_tiles, "bf16"), "CONSTRAINTS": decode_constraints(),
            "SUM": sum_text(8, SUM_BYTES),
        }  # fmt: skip
        compile_kernel(capability, f"bitmask {row_tiles} {column_tiles}", bitmask_kernel, constants, 8)
    for outputs, splits in [(64, 1), (256, 16)]:
        constants = {
            "GROUPS": 2048 // outputs, "LENGTH": 64, "ROWS": 8, "OUTPUTS": outputs, "SPLITS": splits,
            "BF16": True, "PDL": pdl, "RESERVE": reserve_text(4 * 64 * 2048 // outputs),
        }  # fmt: skip
        compile_kernel(capability, f"activation {outputs} {splits}", activation_kernel, constants, 8)


if __name__ == "__main__":
    compile_all(int(sys.argv[1]))
