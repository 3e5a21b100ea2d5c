"""The thresholds that verdicts and tiers go by: macros of the database, which alone holds their values."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Values that the app shows; every field is named after the macro that it comes from.

    - `high_tier_gain`, `medium_tier_gain`: speed-up over dense from which a tier begins.
    """

    high_tier_gain: float
    medium_tier_gain: float


def read_thresholds(cursor: "duckdb.DuckDBPyConnection") -> Thresholds:
    """Ask the database for its thresholds."""
    calls = ", ".join(f"{field.name}()::DOUBLE" for field in fields(Thresholds))
    return Thresholds(*cursor.sql(f"SELECT {calls}").fetchall()[0])
