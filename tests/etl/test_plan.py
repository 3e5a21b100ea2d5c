"""What a pipeline would do."""

from pathlib import Path

import pytest

from etl.errors import PatternError
from etl.plan import make_plan
from etl.settings.read import read_settings


def test_a_group_size_that_divides_no_row_is_refused_before_work(tiny_model: Path) -> None:
    """The tiny model has rows of 32 inputs, and groups have 128 unless asked otherwise."""
    asked = {"model": str(tiny_model), "method": ["gptq"], "value_format": ["int4"]}
    with pytest.raises(PatternError, match="group_size 128 does not divide the 64 inputs of model"):
        make_plan(read_settings(None, asked), None)
    plan = make_plan(read_settings(None, asked | {"group_size": 32}), None)
    assert [step.kind for step in plan.steps if step.request] == ["prune", "evaluate"]
