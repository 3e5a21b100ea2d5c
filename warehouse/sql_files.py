"""The SQL folder: one object per file, found beside this package."""

import hashlib
import re
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"
_COLUMN_COMMENTS = SQL_FOLDER / "column_comments.toml"
_COLUMN_COMMENT = re.compile(r"""COMMENT ON COLUMN (\w+)\."?(\w+)"? IS\s+'((?:[^']|'')*)'""")
_WORD = re.compile(r"\w+")
_PROSE = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_DESCRIPTION = re.compile(r"^-- (.+)$", re.MULTILINE)


@cache
def read_folder(name: str) -> dict[str, str]:
    """Return the text of every file of one subfolder of `sql/`, by object name, in dependency order.

    An object depends on another of its folder when its text names it; ties are broken by name.
    """
    texts = {
        path.stem: path.read_text(encoding="utf-8") for path in sorted((SQL_FOLDER / name).glob("*.sql"))
    }
    graph = {
        stem: sorted(texts.keys() & set(_WORD.findall(_without_comments(text))) - {stem})
        for stem, text in texts.items()
    }
    return {stem: texts[stem] for stem in TopologicalSorter(graph).static_order()}


def saved_queries() -> dict[str, tuple[str, str]]:
    """Return by name the question each saved query answers (its first comment) and its text."""
    return {
        name: ((match.group(1) if (match := _DESCRIPTION.search(text)) else name), text)
        for name, text in sorted(read_folder("queries").items())
    }


def template(name: str) -> str:
    """Return the text of a file of `sql/templates/`, whose names are still to be put in."""
    return (SQL_FOLDER / "templates" / f"{name}.sql").read_text(encoding="utf-8")


def data_files() -> dict[str, Path]:
    """Return the CSV files of `sql/data/` by the table each fills."""
    return {path.stem: path for path in sorted((SQL_FOLDER / "data").glob("*.csv"))}


def migrations() -> dict[int, Path]:
    """Return the files of `sql/migrations/` by the schema version each leads to, in order.

    `NNN_name.sql` turns the tables of version NNN − 1 into those of version NNN.
    """
    files = sorted((SQL_FOLDER / "migrations").glob("*.sql"))
    return {int(path.name.partition("_")[0]): path for path in files}


@cache
def column_comments() -> dict[str, str]:
    """Return the comments of the columns that several tables and views have, by name."""
    return tomllib.loads(_COLUMN_COMMENTS.read_text(encoding="utf-8"))


@cache
def explained_columns() -> dict[tuple[str, str], str]:
    """Return the comments that the files of tables and views give their own columns, by object and column."""
    texts = (text for folder in ("tables", "views") for text in read_folder(folder).values())
    return {
        (name, column): comment.replace("''", "'")
        for text in texts
        for name, column, comment in _COLUMN_COMMENT.findall(text)
    }


@cache
def fingerprint() -> str:
    """Hash of every file that defines the database: tables, macros, views, comments and given data."""
    digest = hashlib.blake2b(digest_size=16)
    for folder in ("tables", "macros", "views", "templates"):
        for stem, text in read_folder(folder).items():
            digest.update(f"{folder}/{stem}\0{text}\0".encode())
    digest.update(_COLUMN_COMMENTS.read_bytes())
    for table, path in data_files().items():
        digest.update(f"data/{table}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _without_comments(text: str) -> str:
    """Drop comments and strings, whose prose may name other objects."""
    return _PROSE.sub("", text)
