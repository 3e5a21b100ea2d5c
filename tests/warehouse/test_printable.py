"""No character that a terminal obeys, or that hides or turns text, comes through."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.printable import one_line, printable, utf8_text

DANGEROUS = {
    "clipboard": ("\x1b]52;c;eA==\x07", r"\u001b]52;c;eA==\u0007"),
    "c1": ("\x9b31m", r"\u009b31m"),
    "delete": ("a\x7f", r"a\u007f"),
    "bidirectional": ("a\u202eb\u2066", r"a\u202eb\u2066"),
    "zero-width": ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
    "line separators": ("a\u2028b\u2029\x85", r"a\u2028b\u2029\u0085"),
    "a byte of a name that is no UTF-8": ("m\udcff", r"m\udcff"),
    "tags": ("\U000e0041", r"\udb40\udc41"),
    "white space": ("\ta\r\nb\0", r"\ta\r\nb\u0000"),
}


@pytest.mark.parametrize(("text", "shown"), DANGEROUS.values(), ids=DANGEROUS)
def test_each_kind_is_shown_as_an_escape(text: str, shown: str) -> None:
    """The escapes say which character stands there."""
    assert printable(text) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_unprintable_is_left_and_nothing_else_changes(text: str) -> None:
    """Whatever the text, only printable characters come out, and a printable text comes out unchanged."""
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown


@given(st.text(st.characters(codec="utf-8")))
def test_json_keeps_its_meaning(text: str) -> None:
    """A line of JSON with its control characters escaped is read as the same value."""
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


def test_every_character_that_is_kept_can_be_kept() -> None:
    """Line breaks stay where they are asked for; all else around them is escaped."""
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\u001b"


def test_letters_of_all_scripts_stay() -> None:
    """Accents, ideographs and their wide space, right-to-left letters and signs are no controls."""
    text = "é ü 模型\u3000名 שלום ∥W∥₂ ×− \ue0b0 \xa0"
    assert printable(text) == text


def test_one_line_is_one_line() -> None:
    """White space of any kind becomes one space."""
    assert one_line("the file\n\t is\x85gone\x1b[2J\u2028now") == "the file is gone\\u001b[2J now"


def test_bytes_that_the_locale_lacks_are_read_as_utf_8() -> None:
    """An accent under LC_ALL=C is the accent; a byte that is no UTF-8 is seen."""
    text = b"m\xc3\xa9\xff".decode("ascii", "surrogateescape")
    assert utf8_text(text) == "mé\\xff"
    assert utf8_text("mé") == "mé"
