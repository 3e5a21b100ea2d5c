"""`sparsity-etl export`: the pruned model of a run as a checkpoint folder that stands by itself."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import ExportError
from etl.export import card
from etl.export.checkpoint import copy_companions, copy_new, write_shards
from etl.export.contents import HASHES, MASKED, ROUNDED, SLICED, Contents
from etl.export.masks import write_masks
from etl.export.record import read_record
from etl.export.values import write_values
from etl.export.weights import kept_weights
from etl.model.checkpoint import Checkpoint
from etl.plan import Step
from etl.pruning.request import VALUE_FORMATS
from etl.pruning.weights import PrunedWeights
from etl.slicing.store import SlicedModel
from warehouse.exporting import refuse_own_files
from warehouse.folders import folder_written_whole
from warehouse.opening import attach_read_only

if TYPE_CHECKING:
    from etl.export.record import RunRecord
    from etl.progress import Progress


def export_run(
    database: Path, run_id: int, target: Path, *, replace: bool, device: str, progress: Progress
) -> int:
    """Write the pruned model of a run into the folder `target`, whole or not at all; return its bytes.

    `replace` allows an earlier export to be replaced. `device` is used where the weights are gone and have
    to be pruned again.

    Raises:
        ExportError: no such run, no weights, another model than was pruned, or a target that is its folder.
        SparsityError: the model or the database cannot be read, or the folder not be written.
    """
    refuse_own_files(target, database)
    with attach_read_only(database) as connection:
        record = read_record(connection, run_id)
        checkpoint = _checked_source(record, target)
        with folder_written_whole(target, replace=replace, mark=HASHES) as partial:
            progress.started(1, 1, Step("export", f"run {run_id}", record.fingerprint, ""))
            kept = kept_weights(connection, database, record, device, progress)
            contents, parameters = _write_model(record, checkpoint, kept, partial, progress)
            copy_companions(checkpoint.folder, partial)
            if not checkpoint.layout.predicts:
                contents = contents.of_encoder()
            (partial / card.NAME).write_text(card.model_card(record, contents, parameters), encoding="utf-8")
            return _write_hashes(partial)


def _write_model(
    record: RunRecord, checkpoint: Checkpoint, kept: tuple[Path, str], target: Path, progress: Progress
) -> tuple[Contents, int]:
    """Write the weights that are `kept`; return what is there now, and how many parameters the model has."""
    if record.is_sliced:
        model = SlicedModel(*kept)
        for file in model.files:
            copy_new(file, target)
        return SLICED, model.checkpoint.parameter_count
    weights, value_format = PrunedWeights(*kept), record.run["value_format"]
    write_shards(checkpoint, weights.weights, target, progress.advanced)
    write_masks(weights, target)
    if value_format not in VALUE_FORMATS:
        return MASKED, checkpoint.parameter_count
    write_values(weights, value_format, target)
    return ROUNDED, checkpoint.parameter_count


def _checked_source(record: RunRecord, target: Path) -> Checkpoint:
    """Open the checkpoint that was pruned.

    Raises:
        ExportError: it has changed since, or is the target itself.
    """
    checkpoint = Checkpoint.open(record.model["source"])
    if os.path.realpath(checkpoint.folder) == os.path.realpath(target):
        msg = f"{target} is the folder of the model that was pruned, which stays; choose another name"
        raise ExportError(msg)
    if checkpoint.fingerprint() != record.model["fingerprint"]:
        msg = (
            f"{checkpoint.folder} has changed since run {record.run_id} pruned it; put it back, or prune the "
            "new one"
        )
        raise ExportError(msg)
    return checkpoint


def _write_hashes(folder: Path) -> int:
    """Write the hash of every file of a folder; return the size of them all."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = []
    for path in files:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder)}\n")
    (folder / HASHES).write_text("".join(lines), encoding="utf-8")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
