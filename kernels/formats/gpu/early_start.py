"""Programmatic dependent launch: a kernel starts while the one before it drains (PTX `griddepcontrol`).

Triton has functions for it, but those of 3.4 do not compile.
"""

import triton
import triton.language as tl


@triton.jit
def let_next_start():
    """Let the kernel after this one start once every program has said so or ended."""
    tl.inline_asm_elementwise(
        "griddepcontrol.launch_dependents; // dummy $0", "=r", [], dtype=tl.int32, is_pure=False, pack=1
    )


@triton.jit
def wait_for_previous():
    """Wait until the kernel before this one has ended and its writes are visible."""
    tl.inline_asm_elementwise(
        "griddepcontrol.wait; // dummy $0", "=r", [], dtype=tl.int32, is_pure=False, pack=1
    )
