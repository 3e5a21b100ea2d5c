"""The parts of a SQL text, for colouring it while it is typed; unfinished strings and comments count."""

import re
from dataclasses import dataclass

# What a person writes in a question; DuckDB's own list has 'method' and 'range' in it, columns here.
PHRASES = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "QUALIFY", "LIMIT", "OFFSET", "JOIN",
    "LEFT JOIN", "USING", "WITH", "AS", "ON", "AND", "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "BETWEEN",
    "LIKE", "ILIKE", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "DISTINCT", "UNION ALL", "ALL", "DESC",
    "ASC", "NULLS LAST", "FILTER", "OVER", "PARTITION BY", "PIVOT", "UNPIVOT", "DESCRIBE", "SUMMARIZE",
    "EXPLAIN", "EXPLAIN ANALYZE", "SHOW TABLES", "USING SAMPLE", "EXCLUDE", "REPLACE", "COLUMNS", "VALUES",
    "CREATE TEMP TABLE", "SET VARIABLE", "TRUE", "FALSE", "INTERVAL", "EXISTS", "INTERSECT", "EXCEPT",
    "INNER JOIN", "CROSS JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "ASOF JOIN", "LATERAL",
)  # fmt: skip
_KEYWORDS = frozenset(word for phrase in PHRASES for word in phrase.split())
_PART = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>'(?:[^']|'')*(?:'|\Z))
    |(?P<name>"(?:[^"]|"")*(?:"|\Z))
    |(?P<number>\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d]\w*)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A part of the text from `start` up to `end`: keyword, string, number, name or comment."""

    start: int
    end: int
    kind: str


def scan(text: str) -> list[Token]:
    """Return the parts of a text in order."""
    tokens = []
    for match in _PART.finditer(text):
        kind = match.lastgroup or "name"
        if kind == "word":
            kind = "keyword" if is_keyword(match.group()) else "name"
        tokens.append(Token(match.start(), match.end(), kind))
    return tokens


def is_keyword(word: str) -> bool:
    """Tell whether a word is one of those that hold a query together, in any letter case."""
    return word.upper() in _KEYWORDS
