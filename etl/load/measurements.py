"""A file of kernel measurements, one JSON object per line, checked before anything is loaded."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.errors import PatternError
from etl.pruning.patterns import Pattern
from etl.validation import complaint
from warehouse.errors import SparsityError
from warehouse.files import read_finite

ADVICE = "load files written by sparsity-bench run"


class BenchmarkFileError(SparsityError):
    """A file of measurements cannot be loaded; nothing of it is."""


def _to_utc(moment: datetime.datetime) -> datetime.datetime:
    """Return a time in UTC without a zone, as the warehouse stores it; one without a zone is UTC already."""
    try:
        return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError as error:
        msg = "Input should be a time between the years 1 and 9999 in UTC"
        raise ValueError(msg) from error


def _possible(pattern: str) -> str:
    """Return the name of a pattern, which is any word, or N:M with 1 ≤ N < M."""
    if ":" in pattern:
        try:
            Pattern.parse(pattern)
        except PatternError as error:
            raise ValueError(str(error)) from error
    return pattern


Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Bytes = Annotated[int, Field(ge=1, le=2**63 - 1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Moment = Annotated[datetime.datetime, AfterValidator(_to_utc)]


class Measurement(BaseModel):
    """One row of `kernel_benchmarks`; the columns are described in the data dictionary."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    device: Text
    kernel: Text
    variant: str | None = None
    out_features: Count
    in_features: Count
    batch: Count
    dtype: Text
    sparsity: Annotated[float, Field(ge=0, le=1)]
    pattern: Annotated[Text, AfterValidator(_possible)]
    mask_source: Text
    latency_us_p20: Positive | None = None
    latency_us_p50: Positive | None = None
    latency_us_p80: Positive | None = None
    dense_latency_us_p50: Positive | None = None
    speedup: Positive | None = None
    bytes_moved: Bytes | None = None
    achieved_gbps: NotNegative | None = None
    limit_fraction: NotNegative | None = None
    packed_bytes: Bytes | None = None
    bits_per_weight: NotNegative | None = None
    relative_error: NotNegative | None = None
    cache: Literal["cold", "warm"]
    torch_version: str | None = None
    triton_version: str | None = None
    measured_at: Moment
    error: str | None = None
    value_format: Text = "16"

    @model_validator(mode="after")
    def _percentiles_rise(self) -> Self:
        given = (self.latency_us_p20, self.latency_us_p50, self.latency_us_p80)
        known = [latency for latency in given if latency is not None]
        if known != sorted(known):
            msg = "latency_us_p20, latency_us_p50 and latency_us_p80 must rise in this order"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class MeasurementFile:
    """The checked rows of a file, and the SHA-256 of its bytes."""

    path: Path
    digest: str
    rows: tuple[Measurement, ...]


def read_measurements(path: Path) -> MeasurementFile:
    """Read and check a whole file.

    Raises:
        BenchmarkFileError: it cannot be read or is empty, or a line of it is no measurement.
    """
    try:
        content = read_finite(path)
        lines = content.decode("utf-8-sig").split("\n")
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}; give a file written by sparsity-bench run"
        raise BenchmarkFileError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is no UTF-8 text ({error}); {ADVICE}"
        raise BenchmarkFileError(msg) from error
    rows = tuple(_row(line, f"{path}, line {n}") for n, line in enumerate(lines, start=1) if line.strip())
    if not rows:
        msg = f"{path} holds no measurements; {ADVICE}"
        raise BenchmarkFileError(msg)
    return MeasurementFile(path, hashlib.sha256(content).hexdigest(), rows)


def _row(line: str, place: str) -> Measurement:
    try:
        row = Measurement.model_validate_json(line)
        # Where a key is there twice, pydantic silently keeps the last value.
        json.loads(line, object_pairs_hook=_refuse_duplicates)
    except ValidationError as error:
        msg = f"{place}: {complaint(error, Measurement.model_fields)}; {ADVICE}"
        raise BenchmarkFileError(msg) from error
    except ValueError as error:
        msg = f"{place}: {error}; {ADVICE}"
        raise BenchmarkFileError(msg) from error
    return row


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            msg = f"{name} is there twice"
            raise ValueError(msg)
        seen.add(name)
