"""What would stop a plan half-way, found before any work: device, architecture, tokenizer, short texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.model.texts import calibration_text, evaluation_text

if TYPE_CHECKING:
    from etl.plan import Plan


def check_ready(plan: Plan, device: str = "auto") -> None:
    """Raise what the pending steps of a plan would raise on their way, as far as no weight has to be read.

    Imports torch and transformers, which takes seconds, unless no model is to be run.

    Raises:
        UsageError: `device` is not there.
        CheckpointError: transformers knows no such model, or its tensors do not fit the configuration.
        CalibrationError: no tokenizer can be loaded, or a text is shorter than one sequence or window.
    """
    pending = {step.kind for step in plan.pending}
    if not pending & {"prune", "evaluate"}:
        return
    from etl.device import choose_device  # noqa: PLC0415
    from etl.model.skeleton import build_skeleton  # noqa: PLC0415
    from etl.model.tokenizer import Tokenizer  # noqa: PLC0415

    build_skeleton(plan.checkpoint, choose_device(device))
    tokenizer = Tokenizer(plan.checkpoint.folder)
    if "prune" in pending:
        drawn = plan.settings.calibration
        text = calibration_text(drawn.calibration, drawn.samples * drawn.length)
        tokenizer.check_length(text, drawn.length, "calibration")
    if "evaluate" in pending:
        evaluated = plan.settings.evaluate
        text = evaluation_text(evaluated.text, evaluated.windows * evaluated.window)
        tokenizer.check_length(text, evaluated.window, "evaluation")
