"""Text from model folders and databases, made safe to show: a terminal obeys control characters."""

import json
import unicodedata

#: Control, format (bidirectional and zero-width), surrogate, line separator and paragraph separator.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, keep: str = "") -> str:
    r"""Return the text with each unprintable character as a visible escape, `\u001b` for Escape.

    The escapes are those of JSON, so that a line of JSON keeps its meaning. Characters of `keep`, a line
    break for instance, stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(character if character in keep else _visible(character) for character in text)


def one_line(text: str) -> str:
    """Return the text in one printable line, with every run of white space as one space."""
    return printable(" ".join(text.split()))


def utf8_text(text: str) -> str:
    """Return a text as UTF-8 can write it.

    Of names of files and of arguments, Python keeps as surrogates the bytes that the locale has no letters
    for: they are read as the UTF-8 they mostly are, and the rest becomes escapes.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _visible(character: str) -> str:
    if unicodedata.category(character) not in UNPRINTABLE:
        return character
    return json.dumps(character)[1:-1]
