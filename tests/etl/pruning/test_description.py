"""Requests in words."""

import pytest

from etl.pruning.description import describe
from etl.pruning.request import PruningRequest


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
