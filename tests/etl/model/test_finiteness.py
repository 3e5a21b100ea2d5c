"""Weights that are no finite numbers are found without torch, in every dtype and at every place."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from etl.errors import CheckpointError
from etl.model import finiteness
from etl.model.finiteness import check_finite

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def save(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    path = folder / "model.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    return path


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("place", [0, 8, -1])
def test_what_is_no_number_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, value: str, place: int
) -> None:
    """At the beginning, in the middle and at the end of several pieces; in the tensors asked about alone."""
    monkeypatch.setattr(finiteness, "_CHUNK", 16)
    weight = torch.ones(17, dtype=dtype)
    weight[place] = float(value)
    path = save(tmp_path, {"fine": torch.ones(3, dtype=dtype), "spoilt": weight, "empty": weight[:0].clone()})
    with pytest.raises(CheckpointError, match="spoilt holds NaN or infinite values"):
        check_finite(path, {"fine", "spoilt", "empty"})
    check_finite(path, {"fine", "empty"})


@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_numbers_are_numbers(tmp_path: Path, dtype: torch.dtype) -> None:
    """The largest, the smallest and the subnormal are weights like others, and so are whole numbers."""
    limits = torch.finfo(dtype)
    extreme = torch.tensor([limits.max, limits.min, limits.tiny / 2, -0.0], dtype=dtype)
    check_finite(save(tmp_path, {"t": extreme, "n": torch.full((5,), -1)}), {"t", "n"})
