"""Settings that nobody gave, fitted to the model at hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from etl.settings.keys import Table
    from etl.settings.read import Settings

AnyTable = TypeVar("AnyTable", bound="Table")


def fit_to_positions(settings: Settings, positions: int | None) -> Settings:
    """Shorten default sequences and windows to the positions of a model; lengths that were asked for stay."""
    if positions is None:
        return settings
    return dataclasses.replace(
        settings,
        calibration=_shortened(settings.calibration, "length", positions),
        evaluate=_shortened(settings.evaluate, "window", positions),
    )


def _shortened(table: AnyTable, key: str, most: int) -> AnyTable:
    asked = key in table.model_fields_set
    return table if asked or getattr(table, key) <= most else table.model_copy(update={key: most})
