"""One matrix's mask out of the warehouse, as a file that the kernel benchmark reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save

from warehouse.bits import unpack_masks
from warehouse.errors import UsageError
from warehouse.files import written_whole

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def export_mask(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    layer: int,
    projection: str,
    target: Path,
    *,
    replace: bool = True,
) -> tuple[int, int]:
    """Write the keep mask of one matrix as safetensors: `mask`, uint8, (out, in), 1 = kept; return its shape.

    `projection` may be the component, which tells the matrices of a block apart where projections do not. The
    metadata names the run, the layer and the projection, which a benchmark passes on as its mask source.

    Raises:
        UsageError: the run has no such matrix or several, or the file cannot be written or replaced.
    """
    rows = connection.execute(
        "SELECT feature_masks.keep_mask::BLOB, matrices.out_features, matrices.component FROM feature_masks"
        " INNER JOIN matrices USING (matrix_id)"
        " WHERE run_id = ? AND layer = ? AND ? IN (projection, component) AND axis = 'input'"
        " ORDER BY matrix_id, feature_index",
        [run_id, layer, projection],
    ).fetchall()
    components = sorted({row[2] for row in rows})
    if len(components) > 1:
        msg = f"layer {layer} has several matrices {projection}: give one as --projection {components[0]}"
        raise UsageError(msg)
    if not rows:
        msg = (
            f"run {run_id} has no mask of layer {layer}, projection {projection};"
            " sparsity-sql 'FROM model_overview' lists them"
        )
        raise UsageError(msg)
    mask = np.ascontiguousarray(unpack_masks([row[0] for row in rows], rows[0][1]).T)
    metadata = {"run_id": str(run_id), "layer": str(layer), "projection": projection}
    with written_whole(target, replace=replace) as partial:
        partial.write_bytes(save({"mask": mask.astype(np.uint8)}, metadata=metadata))
    return mask.shape
