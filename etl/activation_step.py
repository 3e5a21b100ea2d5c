"""Doing the step that asks how much of the activations could be left out, and at what cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.load import tables as loading
from etl.model.evaluation import perplexity
from etl.pruning.activations import activation_thresholds, sparsified

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from etl.model.decoder import Decoder
    from etl.model.matrices import WeightMatrix
    from etl.plan import Plan
    from etl.token_sets import TokenSets


@dataclass(frozen=True)
class ActivationStep:
    """Takes the thresholds of every matrix, and measures the model with them.

    What it loads takes the place of what the model had. An encoder has no perplexity, only thresholds.
    """

    connection: duckdb.DuckDBPyConnection
    plan: Plan
    decoder: Decoder
    tokens: TokenSets
    progress: Callable[[int, int], None]

    def load(self, seed: int, calibration_id: int) -> Counter[str]:
        """Do the step on the calibration set of a seed; return the rows written, by table."""
        model_id, matrix_ids = loading.model_keys(self.connection, self.plan.inputs.model)
        shares = sorted(set(self.plan.settings.metrics.activation_sparsity))
        thresholds = activation_thresholds(self.decoder, self.tokens.calibration(seed), shares, self.progress)
        rows = loading.replace_rows(
            self.connection,
            "activation_thresholds",
            {"model_id": model_id},
            {
                "matrix_id": [
                    matrix_ids[matrix.layer, matrix.component] for matrix in thresholds for _ in shares
                ],
                "activation_sparsity": shares * len(thresholds),
                "threshold": [value for values in thresholds.values() for value in values],
                "calibration_id": calibration_id,
            },
        )
        if self.plan.settings.evaluate.evaluate and self.decoder.predicts:
            rows += self._load_perplexities(model_id, shares, thresholds)
        return rows

    def _load_perplexities(
        self, model_id: str, shares: list[float], thresholds: dict[WeightMatrix, list[float]]
    ) -> Counter[str]:
        """Measure the model at every share, and at 0, which is what the others are held against."""
        settings = self.plan.settings.evaluate
        count = min(self.plan.settings.metrics.activation_windows, settings.windows)
        windows = self.tokens.some_windows(count)
        levels = range(len(shares))
        chosen = [{matrix: values[level] for matrix, values in thresholds.items()} for level in levels]
        measured = [
            perplexity(self.decoder, windows, settings.window, None, self.progress, adapt=sparsified(one))
            for one in [{}, *chosen]
        ]
        return loading.replace_rows(
            self.connection,
            "activation_perplexities",
            {"model_id": model_id, "dataset": settings.dataset, "window": settings.window},
            {
                "activation_sparsity": [0.0, *shares],
                "token_count": [one.token_count for one in measured],
                "perplexity": [one.value for one in measured],
            },
        )
