"""What a pipeline would do, and the names of its runs."""

from pathlib import Path

import pytest

from etl.errors import PatternError
from etl.plan import describe, make_plan
from etl.pruning.request import PruningRequest
from etl.settings.read import read_settings


def test_a_group_size_that_divides_no_row_is_refused_before_work(tiny_model: Path) -> None:
    """The tiny model has rows of 32 inputs, and groups have 128 unless asked otherwise."""
    asked = {"model": str(tiny_model), "method": ["gptq"], "value_format": ["int4"]}
    with pytest.raises(PatternError, match="group_size 128 does not divide the 64 inputs of model"):
        make_plan(read_settings(None, asked), None)
    plan = make_plan(read_settings(None, asked | {"group_size": 32}), None)
    assert [step.kind for step in plan.steps if step.request] == ["prune", "evaluate"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (PruningRequest.of("wanda", 0.5), "wanda 0.5 unstructured by row"),
        (PruningRequest.of("gptq", value_format="int4", group_size=64), "gptq int4 in groups of 64"),
        (PruningRequest.of("sparsegpt", pattern="2:4", value_format="fp8", group_size=0), "fp8 in rows"),
        (PruningRequest.of("wanda", 0.5, refine="swaps"), "refined by swaps"),
        (PruningRequest.of("wanda", 0.5, true_sequential=True), "true-sequential"),
        (PruningRequest.of("ria", 0.5, scope="cumulative"), "ria 0.5 unstructured by cumulative"),
    ],
)
def test_what_tells_runs_apart_is_in_the_words_for_them(request_: PruningRequest, words: str) -> None:
    """Settings of a run that are not those of every run are said."""
    assert words in describe(request_)
