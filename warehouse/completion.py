"""What can be typed next in a SQL text: relations, their columns, functions and keywords."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from warehouse.opening import CATALOG
from warehouse.quoting import identifier, literal
from warehouse.tokens import PHRASES, is_keyword

LIMIT = 50
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_QUALIFIER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\.$")
# After these words the name of a relation is due.
_BEFORE_RELATION = re.compile(r"\b(from|join|describe|summarize|table|into|update)\s+$", re.IGNORECASE)
_RELATION_AND_ALIAS = re.compile(
    r"\b(?:from|join|,)\s*((?:[A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*)"
    r"(?:\s+(?:as\s+)?([A-Za-z_][A-Za-z0-9_]*))?",
    re.IGNORECASE,
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTERNAL = re.compile(r"^(pg_|has_|icu_|st_)")
_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type, comment
FROM duckdb_columns() WHERE database_name = {catalog} ORDER BY schema_name, table_name, column_index
"""
_RELATIONS = """
FROM (
    SELECT schema_name, view_name AS name, 'view' AS kind, comment
    FROM duckdb_views() WHERE database_name = {catalog} AND NOT internal
    UNION ALL
    SELECT schema_name, table_name, 'table', comment FROM duckdb_tables() WHERE database_name = {catalog}
)
ORDER BY kind DESC, schema_name != 'main', schema_name, name
"""
_RESERVED = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
_FUNCTIONS = """
SELECT DISTINCT function_name FROM duckdb_functions()
WHERE function_name SIMILAR TO '[a-z][a-z0-9_]*' ORDER BY function_name
"""


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """A column of a relation."""

    name: str
    type_name: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of the database with its columns; its name is as a query has to write it."""

    name: str
    kind: str
    comment: str | None
    columns: tuple[CatalogColumn, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All names that can be completed."""

    relations: tuple[Relation, ...] = ()
    functions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = PHRASES

    def relation(self, name: str) -> Relation | None:
        """Return a table or view by its name, in any letter case."""
        wanted = name.casefold()
        return next((relation for relation in self.relations if relation.name.casefold() == wanted), None)


@dataclass(frozen=True, slots=True)
class Completion:
    """A text to put in place of the last `replaced` characters before the cursor, and what it is."""

    text: str
    note: str
    replaced: int


def read_vocabulary(cursor: duckdb.DuckDBPyConnection) -> Vocabulary:
    """Read the catalogue of the attached database, views first, and the functions that have a name."""
    # Written out: a parameter makes DuckDB import pandas where it is installed, 50 MB of memory for nothing.
    catalog = literal(CATALOG)
    columns: dict[tuple[str, str], list[CatalogColumn]] = {}
    for schema, relation, *column in cursor.execute(_COLUMNS.format(catalog=catalog)).fetchall():
        columns.setdefault((schema, relation), []).append(CatalogColumn(*column))
    relations = cursor.execute(_RELATIONS.format(catalog=catalog)).fetchall()
    reserved = {word for (word,) in cursor.execute(_RESERVED).fetchall()}
    functions = cursor.execute(_FUNCTIONS).fetchall()
    return Vocabulary(
        tuple(
            Relation(_written(schema, name, reserved), *rest, tuple(columns.get((schema, name), ())))
            for schema, name, *rest in relations
        ),
        tuple(name for (name,) in functions if not _INTERNAL.match(name)),
    )


def complete(vocabulary: Vocabulary, before: str, after: str = "") -> list[Completion]:
    """Return what may be meant at the cursor, the likeliest first; nothing inside a string or comment.

    Args:
        before: the text up to the cursor.
        after: the text behind it, which may name the relations whose columns are wanted.
    """
    if _inside_text(before):
        return []
    match = _WORD.search(before)
    prefix = match.group() if match else ""
    head = before[: len(before) - len(prefix)]
    qualifier = _QUALIFIER.search(head)
    if qualifier:
        relation = _named(vocabulary, qualifier.group(1), before + after)
        return _matching(_columns([relation]) if relation else _of_schema(vocabulary, qualifier[1]), prefix)
    relations = ((relation.name, relation.kind) for relation in vocabulary.relations)
    if _BEFORE_RELATION.search(head):
        return _matching(relations, prefix)
    if not prefix:
        return []
    mentioned = [relation for relation in _mentioned(vocabulary, before + after).values() if relation]
    functions = ((f"{name}(", "function") for name in vocabulary.functions)
    keywords = ((word, "keyword") for word in vocabulary.keywords)
    return _matching((*_columns(mentioned), *keywords, *relations, *functions), prefix)


def _matching(candidates: Iterable[tuple[str, str]], prefix: str) -> list[Completion]:
    """Return the candidates that begin with the prefix, then relations and columns that contain it."""
    wanted = prefix.casefold()
    seen: dict[str, str] = {}
    for text, note in candidates:
        seen.setdefault(text, note)
    begin = [text for text in seen if text.casefold().startswith(wanted)]
    names = (text for text in seen if seen[text] not in {"function", "keyword"} and text not in begin)
    contain = [text for text in names if len(wanted) > 2 and wanted in text.casefold()]
    found = [text for text in (*begin, *contain) if text.casefold() != wanted]
    return [Completion(text, seen[text], len(prefix)) for text in found[:LIMIT]]


def _columns(relations: list[Relation]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (column.name, f"{column.type_name.lower()} · {relation.name}")
        for relation in relations
        for column in relation.columns
    )


def _of_schema(vocabulary: Vocabulary, schema: str) -> Iterator[tuple[str, str]]:
    """Yield the relations of a schema, as they are written after its name and a dot."""
    start = f"{schema}.".casefold()
    for relation in vocabulary.relations:
        if relation.name.casefold().startswith(start):
            yield relation.name[len(start) :], relation.kind


def _written(schema: str, name: str, reserved: set[str]) -> str:
    """Return how a query names a relation: after its schema, unless that is main, and quoted where needed."""
    parts = (name,) if schema == "main" else (schema, name)
    return ".".join(
        part if _PLAIN_NAME.fullmatch(part) and part.lower() not in reserved else identifier(part)
        for part in parts
    )


def _named(vocabulary: Vocabulary, name: str, text: str) -> Relation | None:
    """Return the relation that a name or an alias in the text stands for."""
    return _mentioned(vocabulary, text).get(name.casefold()) or vocabulary.relation(name)


def _mentioned(vocabulary: Vocabulary, text: str) -> dict[str, Relation | None]:
    """Return the relations a text reads from, by their aliases or else their names."""
    mentioned: dict[str, Relation | None] = {}
    for name, alias in _RELATION_AND_ALIAS.findall(text):
        relation = vocabulary.relation(name)
        if relation is not None:
            mentioned[(alias if alias and not is_keyword(alias) else name).casefold()] = relation
    return mentioned


def _inside_text(before: str) -> bool:
    """Tell whether the cursor is inside a string or a comment that has begun and not ended."""
    rest = re.sub(r"'[^']*'|\"[^\"]*\"|--[^\n]*\n|/\*.*?\*/", " ", before, flags=re.DOTALL)
    return "'" in rest or "--" in rest or "/*" in rest
