"""What would stop a plan half-way, found before any work: device, architecture, tokenizer, unfit texts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from etl.errors import CalibrationError
from etl.model.texts import evaluation_text

if TYPE_CHECKING:
    from etl.calibration import Draw
    from etl.model.checkpoint import Checkpoint
    from etl.model.text_files import Content
    from etl.plan import Plan


def check_ready(plan: Plan, device: str = "auto") -> None:
    """Raise the errors that the pending steps would run into and that show without reading weights.

    Imports torch and transformers, which takes seconds, unless no pending step runs the model.

    Raises:
        UsageError: `device` is not there.
        CheckpointError: transformers knows no such model, its tensors do not fit the configuration, or it is
            to be sliced and not built as Llama is.
        PruningError: slicing would leave no dimension.
        CalibrationError: no tokenizer can be loaded, or a text is shorter than one sequence or window, or
            more sequences are asked for than there is memory for, or longer ones than the model has
            positions.
    """
    pending = {step.kind for step in plan.pending}
    if "activations" in pending:
        # It runs the model on both texts.
        pending |= {"prune", "evaluate"} if plan.settings.evaluate.evaluate else {"prune"}
    if not pending & {"prune", "evaluate"}:
        return
    from etl.device import choose_device  # noqa: PLC0415

    choose_device(device)
    layout = plan.checkpoint.layout
    if "prune" in pending:
        refitted = _refitted(plan)
        _check_slicing(plan)
        _check_memory(plan.draw, refitted, layout.hidden_size)
        _check_positions(layout.positions, plan.draw.length, "[calibration] length")
        wanted = plan.draw.length * (2 if refitted else 1)
        _check_text(plan.checkpoint, plan.draw.text(), wanted, "calibration")
    if "evaluate" in pending:
        evaluated = plan.settings.evaluate
        _check_positions(layout.positions, evaluated.window, "[evaluate] window")
        text = evaluation_text(evaluated.text, evaluated.windows * evaluated.window)
        _check_text(plan.checkpoint, text, evaluated.window, "evaluation")


def _check_slicing(plan: Plan) -> None:
    """Refuse a pending run that slices a model which cannot be sliced."""
    requests = [step.request for step in plan.pending if step.kind == "prune" and step.request is not None]
    sparsities = [request.sparsity for request in requests if request.pattern.sliced]
    if sparsities:
        from etl.slicing.fit import check_sliceable  # noqa: PLC0415

        check_sliceable(plan.checkpoint, sparsities)


def _check_text(checkpoint: Checkpoint, text: Content, wanted: int, purpose: str) -> None:
    """Refuse a text of fewer than `wanted` tokens, and token ids that the model does not know."""
    from etl.model.tokenizer import Tokenizer, check_length  # noqa: PLC0415

    if isinstance(text, str):
        Tokenizer(checkpoint.folder).check_length(text, wanted, purpose)
        return
    check_length(len(text), wanted, purpose)
    outside = text[(text < 0) | (text >= checkpoint.layout.vocabulary_size)]
    if outside.size:
        msg = (
            f"the {purpose} tokens hold {outside[0]}, outside the vocabulary of "
            f"{checkpoint.layout.vocabulary_size}; use the model's tokenizer"
        )
        raise CalibrationError(msg)


def _check_positions(most: int | None, length: int, setting: str) -> None:
    """Refuse sequences longer than the positions that the model was made for, where it names their number."""
    if isinstance(most, int) and 0 < most < length:
        msg = f"{setting} is {length} tokens, and the model has {most} positions; give at most {most}"
        raise CalibrationError(msg)


def _refitted(plan: Plan) -> int:
    """How many sequences blocks are refitted on, at most; 0 where none are."""
    requests = (step.request for step in plan.pending if step.kind == "prune" and step.request)
    return max((request.refine_samples for request in requests if request.refine == "reconstruct"), default=0)


def _check_memory(draw: Draw, refitted: int, hidden_size: int) -> None:
    """Refuse more sequences than the machine could hold the hidden states of, in float32.

    Those that blocks are refitted on are held twice, dense and pruned.
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    samples = draw.count + 2 * refitted
    needed = 4 * samples * draw.length * hidden_size
    if needed > there:
        what = f"{draw.count} calibration sequences"
        what += f", and twice {refitted} to refit blocks on," if refitted else ""
        msg = (
            f"{what} of {draw.length} tokens take {needed / 2**30:,.0f} GiB, "
            f"and this machine has {there / 2**30:,.0f}; give fewer --samples"
            f"{' or --refine-samples' if refitted else ''}, or a smaller --length"
        )
        raise CalibrationError(msg)
