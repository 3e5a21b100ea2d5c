"""Patterns: what can be written, what it means, what it fits."""

import pytest

from etl.errors import PatternError
from etl.pruning.patterns import Pattern


def test_parse_reads_the_unstructured_pattern():
    """Unstructured has no groups and implies no sparsity."""
    pattern = Pattern.parse("unstructured")
    assert (pattern.kept, pattern.group, pattern.pruned, pattern.implied_sparsity) == (None, None, 0, None)


@pytest.mark.parametrize(
    ("text", "kept", "group", "sparsity"), [("2:4", 2, 4, 0.5), ("4:8", 4, 8, 0.5), ("1:4", 1, 4, 0.75)]
)
def test_parse_reads_n_of_m_as_kept_of_every(text: str, kept: int, group: int, sparsity: float):
    """N:M keeps N, so its sparsity is 1 − N/M."""
    pattern = Pattern.parse(text)
    assert (pattern.kept, pattern.group, pattern.implied_sparsity) == (kept, group, sparsity)
    assert pattern.pruned == group - kept


@pytest.mark.parametrize("text", ["unstructured", "2:4", "4:8"])
def test_str_gives_back_what_was_parsed(text: str):
    """The text form is what a person wrote."""
    assert str(Pattern.parse(text)) == text


@pytest.mark.parametrize("text", ["", "2/4", "2:4:8", "-2:4", "two:four", "2:", "Unstructured", "٢:٤", "²:4"])
def test_parse_refuses_other_text(text: str):
    """The error names the text and shows what can be written."""
    with pytest.raises(PatternError, match=r"is not known; write unstructured, or N:M"):
        Pattern.parse(text)


@pytest.mark.parametrize("text", ["0:4", "4:4", "5:4"])
def test_parse_refuses_groups_that_keep_nothing_or_everything(text: str):
    """N:M needs 1 ≤ N < M."""
    with pytest.raises(PatternError, match="1 ≤ N < M"):
        Pattern.parse(text)


def test_check_width_names_matrix_and_width():
    """A width that the groups do not tile is refused by name; one that they tile passes."""
    pattern = Pattern.parse("2:4")
    pattern.check_width("mlp.down_proj", 12)
    with pytest.raises(PatternError, match=r"2:4 does not fit mlp\.down_proj: its 10 inputs"):
        pattern.check_width("mlp.down_proj", 10)
    Pattern.parse("unstructured").check_width("mlp.down_proj", 7)
