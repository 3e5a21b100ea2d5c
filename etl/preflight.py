"""What would stop a plan half-way, found before any work: device, architecture, tokenizer, short texts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from etl.errors import CalibrationError
from etl.model.texts import calibration_text, evaluation_text

if TYPE_CHECKING:
    from etl.plan import Plan
    from etl.settings.keys import Calibration


def check_ready(plan: Plan, device: str = "auto") -> None:
    """Raise the errors that the pending steps would run into and that show without reading weights.

    Imports torch and transformers, which takes seconds, unless no pending step runs the model.

    Raises:
        UsageError: `device` is not there.
        CheckpointError: transformers knows no such model, or its tensors do not fit the configuration.
        CalibrationError: no tokenizer can be loaded, or a text is shorter than one sequence or window, or
            more sequences are asked for than there is memory for.
    """
    pending = {step.kind for step in plan.pending}
    if not pending & {"prune", "evaluate"}:
        return
    from etl.device import choose_device  # noqa: PLC0415
    from etl.model.skeleton import build_skeleton  # noqa: PLC0415
    from etl.model.tokenizer import Tokenizer  # noqa: PLC0415

    model = build_skeleton(plan.checkpoint, choose_device(device))
    tokenizer = Tokenizer(plan.checkpoint.folder)
    if "prune" in pending:
        drawn = plan.settings.calibration
        _check_memory(drawn, model.config.hidden_size)
        text = calibration_text(drawn.calibration, drawn.samples * drawn.length)
        tokenizer.check_length(text, drawn.length, "calibration")
    if "evaluate" in pending:
        evaluated = plan.settings.evaluate
        text = evaluation_text(evaluated.text, evaluated.windows * evaluated.window)
        tokenizer.check_length(text, evaluated.window, "evaluation")


def _check_memory(drawn: Calibration, hidden_size: int) -> None:
    """Refuse more calibration sequences than the machine could hold the hidden states of, in float32."""
    needed = 4 * drawn.samples * drawn.length * hidden_size
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        msg = (
            f"{drawn.samples} calibration sequences of {drawn.length} tokens take {needed / 2**30:,.0f} GiB, "
            f"and this machine has {there / 2**30:,.0f}; give fewer --samples or a smaller --length"
        )
        raise CalibrationError(msg)
