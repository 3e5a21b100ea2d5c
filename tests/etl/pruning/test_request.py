"""Pruning requests: defaults, and combinations that are refused before any model is read."""

import json
import subprocess
import sys

import pytest

from etl.errors import PatternError, PruningRequestError
from etl.pruning.request import PruningRequest


@pytest.mark.parametrize(
    ("method", "scope"),
    [("magnitude", "matrix"), ("wanda", "row"), ("ria", "matrix"), ("sparsegpt", "block")],
)
def test_of_takes_the_scope_of_the_paper(method: str, scope: str):
    """Each method compares where its paper does unless told otherwise."""
    assert PruningRequest.of(method, 0.5).scope == scope


def test_of_takes_the_sparsity_an_n_m_pattern_implies():
    """1:4 keeps a quarter; saying so as well is allowed."""
    assert PruningRequest.of("wanda", pattern="1:4").sparsity == 0.75
    assert PruningRequest.of("wanda", 0.75, pattern="1:4").sparsity == 0.75


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, 1.5, float("nan")])
def test_sparsity_outside_its_range_is_refused(sparsity: float):
    """Sparsity is a share of zeros in [0, 1)."""
    with pytest.raises(PruningRequestError, match=r"outside \[0, 1\)"):
        PruningRequest.of("magnitude", sparsity)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "obd", "sparsity": 0.5}, 'method "obd" is not known; choose one of magnitude, wanda'),
        ({"method": "wanda"}, "needs a sparsity"),
        ({"method": "wanda", "sparsity": 0.7, "pattern": "2:4"}, "2:4 means sparsity 0.5, not 0.7"),
        ({"method": "sparsegpt", "sparsity": 0.5, "scope": "model"}, 'sparsegpt has no scope "model"'),
        ({"method": "wanda", "sparsity": 0.5, "ties": "reference"}, "exists for magnitude"),
        ({"method": "magnitude", "sparsity": 0.5, "ties": "random"}, 'ties "random" is not known'),
        ({"method": "sparsegpt", "sparsity": 0.5, "damping": 0.0}, "damping"),
        ({"method": "sparsegpt", "sparsity": 0.5, "block_size": 0}, "block_size"),
        ({"method": "wanda", "sparsity": 0.5, "layers": ()}, "layers"),
        ({"method": "wanda", "sparsity": 0.5, "layers": (-1,)}, "layers"),
        ({"method": "wanda", "sparsity": 0.5, "value_format": "int3"}, 'value_format "int3" is not known'),
        ({"method": "wanda", "sparsity": 0.5, "allocation": "best"}, 'allocation "best" is not known'),
        ({"method": "wanda", "sparsity": 0.5, "refine": "hope"}, 'refine "hope" is not known'),
        ({"method": "sparsegpt", "sparsity": 0.5, "refine": "swaps"}, "sparsegpt moves the weights it keeps"),
        ({"method": "wanda", "sparsity": 0.0, "refine": "swaps"}, "nothing for swaps to repair"),
        ({"method": "round", "value_format": "int4", "refine": "swaps"}, "nothing to exchange"),
        ({"method": "wanda", "sparsity": 0.5, "refine_samples": 1}, "refine_samples 1 must be at least 2"),
        ({"method": "wanda", "sparsity": 0.5, "refine_steps": 0}, "refine_steps 0 must be at least 1"),
        ({"method": "wanda", "sparsity": 0.5, "group_size": -1}, "group_size -1 must be 0, for whole rows"),
        ({"method": "gptq"}, "gptq rounds weights and prunes none; give a value_format"),
        ({"method": "gptq", "sparsity": 0.5, "value_format": "int4"}, "gptq prunes nothing; leave sparsity"),
        ({"method": "round", "pattern": "2:4", "value_format": "int4"}, "choose a method that prunes"),
        (
            {"method": "wanda", "pattern": "3:5", "value_format": "int8"},
            "int8 in groups of 128 inputs cannot hold pattern 3:5, whose 5 inputs would have two scales",
        ),
        ({"method": "wanda", "sparsity": 0.5, "projections": ()}, "projections must name at least one"),
        (
            {"method": "wanda", "sparsity": 0.5, "pattern": "sliced"},
            "wanda prunes single weights and cannot be",
        ),
        (
            {"method": "slicegpt", "pattern": "2:4"},
            "slicegpt takes whole dimensions away and has no pattern 2:4",
        ),
        ({"method": "slicegpt"}, "sliced pruning needs a sparsity"),
        ({"method": "slicegpt", "sparsity": 0.5, "layers": (0,)}, "layers does not apply to it"),
        (
            {"method": "slicegpt", "sparsity": 0.5, "value_format": "int4"},
            "value_format does not apply to it",
        ),
        ({"method": "slicegpt", "sparsity": 0.5, "allocation": "owl"}, "allocation does not apply to it"),
        ({"method": "slicegpt", "sparsity": 0.5, "refine": "swaps"}, "refine does not apply to it"),
        ({"method": "slicegpt", "sparsity": 0.5, "scope": "row"}, 'slicegpt has no scope "row"'),
    ],
)
def test_requests_that_make_no_sense_say_what_to_do(settings: dict, message: str):
    """One line names the setting and the way out."""
    with pytest.raises(PruningRequestError, match=message.replace("[", r"\[")):
        PruningRequest.of(**settings)


def test_a_pattern_that_cannot_be_read_is_refused():
    """The pattern's own error passes through."""
    with pytest.raises(PatternError):
        PruningRequest.of("wanda", pattern="half")


def test_planning_needs_no_torch():
    """Requests, patterns and checkpoint headers are read without the numeric stack."""
    program = (
        "import sys, etl.model.checkpoint, etl.pruning.patterns, etl.pruning.request\n"
        "from etl.pruning.registry import BUILT_IN\n"
        "for method in BUILT_IN:\n"
        "    stored = None if method == 'slicegpt' else 'int4'\n"
        "    etl.pruning.request.PruningRequest.of(method, 0.0, value_format=stored)\n"
        "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_settings_that_came_later_count_only_where_they_are_set():
    """What identifies a run of defaults is what did when databases of version 3 were written."""
    request = PruningRequest.of("wanda", pattern="2:4", layers=(0, 1), group_size=64)
    assert request.identity == {
        "method": "wanda",
        "sparsity": 0.5,
        "pattern": "2:4",
        "scope": "row",
        "layers": (0, 1),
        "ties": "exact",
        "damping": 0.01,
        "block_size": 128,
    }


def test_methods_that_only_round_prune_nothing():
    """Neither sparsity nor pattern has to be given, and sparsity 0 may be."""
    for method in ("gptq", "round"):
        assert PruningRequest.of(method, value_format="int4").sparsity == 0
        assert PruningRequest.of(method, 0.0, value_format="int4").sparsity == 0


def test_narrow_values_are_another_run():
    """Format and group size both tell runs apart."""
    found = {
        json.dumps(PruningRequest.of("wanda", 0.5, **settings).identity, sort_keys=True)
        for settings in (
            {},
            {"value_format": "int4"},
            {"value_format": "int8"},
            {"value_format": "int4", "group_size": 64},
        )
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    ("settings", "width", "message"),
    [
        ({"pattern": "2:4"}, 6, "no multiple of 4"),
        ({"sparsity": 0.5, "value_format": "int4"}, 192, "choose one that does, such as 64, or 0"),
        ({"sparsity": 0.5, "value_format": "int4", "group_size": 64}, 192, None),
        ({"sparsity": 0.5, "value_format": "int4", "group_size": 0}, 191, None),
        ({"sparsity": 0.5}, 191, None),
    ],
)
def test_groups_have_to_tile_a_row(settings: dict, width: int, message: str | None):
    """Those of a pattern, and those of inputs that share a scale."""
    request = PruningRequest.of("wanda", **settings)
    if message is None:
        request.check_fit("w", width)
    else:
        with pytest.raises(PatternError, match=message):
            request.check_fit("w", width)
