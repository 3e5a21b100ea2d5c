"""Colouring SQL: which part of a text is what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.tokens import scan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-- ü\nSELECT 1", [("-- ü", "comment"), ("SELECT", "keyword"), ("1", "number")]),
        ("foo('it''s')", [("foo", "name"), ("'it''s'", "string")]),
        ("select 'open", [("select", "keyword"), ("'open", "string")]),
        ('"a--b" /* c */ 1.5e-3', [('"a--b"', "name"), ("/* c */", "comment"), ("1.5e-3", "number")]),
        ("1 /* open", [("1", "number"), ("/* open", "comment")]),
    ],
)
def test_parts(text: str, expected: list[tuple[str, str]]) -> None:
    """Strings, comments and quoted names are whole, also unfinished; positions count characters."""
    assert [(text[token.start : token.end], token.kind) for token in scan(text)] == expected


@given(st.text(alphabet="ab1'\"-/*\n ü\0", max_size=40))
def test_any_text_has_parts_in_order(text: str) -> None:
    """Whatever is typed, parts follow each other without overlap inside the text."""
    end = 0
    for token in scan(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end
