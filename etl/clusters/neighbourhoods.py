"""Choosing which features of a run are clustered: those nearest to reference features drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from etl.clusters.clustering import ClusteringTask, Variant, reference_features
from etl.clusters.hamming import bytes_to_words, nearest, pack_words
from etl.load.tables import cluster_axis
from etl.pruning.patterns import group_of
from etl.structure.nulls import MarginNull
from etl.structure.nulls import masks as replicate_masks
from etl.structure.sequential import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ClusteringPlan:
    """What is clustered in every matrix: see the keys of [clusters] in a pipeline file."""

    methods: tuple[tuple[str, str], ...]
    k_values: tuple[int, ...]
    neighbours: int
    references: int
    seeds: tuple[int, ...]
    restarts: int
    null_replicates: int
    embeddings: tuple[str, ...]
    margins: str = "both"

    def variants(self, neighbour_count: int) -> tuple[Variant, ...]:
        """Return every algorithm, distance and k that so many features allow."""
        return tuple(
            Variant(algorithm, distance, k)
            for algorithm, distance in self.methods
            for k in self.k_values
            if k < neighbour_count
        )


@dataclass(frozen=True)
class AxisMasks:
    """The masks of all features of a matrix along one axis, as stored: (features, bytes), padded in front."""

    packed: NDArray[np.uint8]
    positions: int

    @classmethod
    def read(
        cls, connection: duckdb.DuckDBPyConnection, run_id: int, matrix_id: int, axis: str, positions: int
    ) -> AxisMasks:
        """Read one axis of a matrix of a run."""
        rows = connection.execute(
            "SELECT keep_mask::BLOB FROM feature_masks WHERE run_id = ? AND matrix_id = ? AND axis = ?"
            " ORDER BY feature_index",
            [run_id, matrix_id, axis],
        ).fetchall()
        packed = np.frombuffer(b"".join(row[0] for row in rows), dtype=np.uint8)
        return cls(packed.reshape(len(rows), (positions + 7) // 8), positions)

    def unpack(self, features: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return (features, positions) masks."""
        return np.unpackbits(self.packed[features], axis=1)[:, -self.positions % 8 :].astype(np.bool_)


def clustering_tasks(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    plan: ClusteringPlan,
    device: str | torch.device = "cpu",
) -> Iterator[ClusteringTask]:
    """Yield one task for every matrix of a run, reference feature and seed.

    Embeddings are computed with the first seed of each reference feature only: no clusters enter them.
    Chance masks that keep the counts of both axes are drawn on `device`, once for each matrix.
    """
    matrices = connection.execute(
        "SELECT matrix_id, layer, component, projection, in_features, out_features, pattern"
        " FROM matrix_prunings INNER JOIN matrices USING (matrix_id) INNER JOIN pruning_runs USING (run_id)"
        " WHERE run_id = ? ORDER BY matrix_id",
        [run_id],
    ).fetchall()
    for matrix_id, layer, component, projection, inputs, outputs, pattern in matrices:
        axis = cluster_axis(projection)
        masks = AxisMasks.read(connection, run_id, matrix_id, axis, outputs if axis == "input" else inputs)
        chance = []
        if plan.margins == "both":
            columns = AxisMasks.read(connection, run_id, matrix_id, "input", outputs).packed
            seed = (layer, *component.encode())
            subject = Subject(matrix_id, axis, columns, outputs, group_of(pattern), seed)
            chance = chance_features(subject, plan.null_replicates, device)
        references = reference_features(len(masks.packed), plan.references, layer, component)
        yield from _tasks((matrix_id, axis), masks, chance, references, plan)


def chance_features(
    subject: Subject, replicates: int, device: str | torch.device
) -> list[NDArray[np.uint64]]:
    """Draw masks with the counts of both axes; return the (features, words) of each along the axis."""
    null = MarginNull(subject.mask(), subject.group, list(subject.seed), device)
    found = []
    for replicate in range(replicates):
        drawn = replicate_masks(null.draw(replicate, 1), null.schedule)[0]
        found.append(pack_words(drawn.T if subject.axis == "input" else drawn))
    return found


def _tasks(
    place: tuple[int, str],
    masks: AxisMasks,
    chance: list[NDArray[np.uint64]],
    references: list[int],
    plan: ClusteringPlan,
) -> Iterator[ClusteringTask]:
    words = bytes_to_words(masks.packed)
    kept_counts = np.bitwise_count(masks.packed).sum(axis=1, dtype=np.int32)
    for reference in references:
        features = nearest(words, reference, plan.neighbours)
        near = [drawn[nearest(drawn, reference, plan.neighbours)].view(np.uint8) for drawn in chance]
        for seed in plan.seeds:
            yield ClusteringTask(
                matrix_id=place[0],
                axis=place[1],
                reference_feature=reference,
                features=features.astype(np.int32),
                masks=masks.unpack(features),
                kept_counts=kept_counts,
                variants=plan.variants(len(features)),
                seed=seed,
                restarts=plan.restarts,
                null_replicates=plan.null_replicates,
                embeddings=plan.embeddings if seed == plan.seeds[0] else (),
                chance_masks=np.stack(near) if near else None,
            )
