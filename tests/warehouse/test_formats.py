"""Every value comes back from every format, whatever its type and however the columns are called."""

import csv
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.columns import unique_names
from warehouse.formats import WRITERS


@dataclass(frozen=True)
class Text:
    """What JSON is to hold of a value it has no word for: DuckDB's own text of it."""

    sql: str


@dataclass(frozen=True)
class Value:
    """A SQL expression, its type, and what a strict reader of JSON is to find."""

    kind: str
    sql: str
    json: Any


def numbers(kind: str, *literals: str) -> st.SearchStrategy[Value]:
    return st.sampled_from([Value(kind, f"CAST('{text}' AS {kind})", Decimal(text)) for text in literals])


def texts(kind: str, *literals: str) -> st.SearchStrategy[Value]:
    castings = [f"CAST({text} AS {kind})" for text in literals]
    return st.sampled_from([Value(kind, casting, Text(casting)) for casting in castings])


def nulls(kind: str, *literals: str) -> st.SearchStrategy[Value]:
    return st.sampled_from([Value(kind, f"CAST({text} AS {kind})", None) for text in literals])


LEAVES = st.one_of(
    st.sampled_from([Value("BOOLEAN", "true", True), Value("BOOLEAN", "NULL::BOOLEAN", None)]),
    numbers("TINYINT", "-128", "127"),
    numbers("BIGINT", "-9223372036854775808", "9223372036854775807"),
    numbers("UBIGINT", "18446744073709551615"),
    numbers("HUGEINT", "1", "-170141183460469231731687303715884105728"),
    numbers("UHUGEINT", "340282366920938463463374607431768211455"),
    numbers("BIGNUM", "123456789012345678901234567890123456789012345678"),
    numbers("FLOAT", "0.5", "-0.0"),
    numbers("DOUBLE", "0.1", "1.7976931348623157e308", "5e-324", "-0.0", "123456789.12345679"),
    nulls("FLOAT", "'nan'", "'inf'"),
    nulls("DOUBLE", "'nan'", "'inf'", "'-inf'", "NULL"),
    numbers("DECIMAL(38,2)", "12345678901234567890.25", "-0.01"),
    numbers("DECIMAL(3,1)", "0.5"),
    texts("VARCHAR", "''", "'NULL'", "'nan'", "'a,\"b'", "E'two\\nlines\\r\\n'", "'{\"a\": NaN}'", "'é ü'",
          "E'\\x1b]52;c;\\x07'", "chr(155)", "' '", "'\\'", "'infinity'", "'\u202e'"),
    texts("BLOB", "'\\xAA\\x00'", "''"),
    texts("DATE", "'2020-02-29'", "'infinity'", "'-infinity'", "'290000-01-01'", "'0044-03-15 (BC)'"),
    texts("TIME", "'12:34:56.000001'"),
    texts("TIMETZ", "'12:00:00+02'", "'23:59:59-15:59'"),
    texts("TIMESTAMP", "'2020-01-01 00:00:00.000001'", "'infinity'", "'290000-01-01'"),
    texts("TIMESTAMP_S", "'2020-01-01 00:00:01'", "'-infinity'"),
    texts("TIMESTAMP_MS", "'2020-01-01 00:00:00.001'", "'infinity'"),
    texts("TIMESTAMP_NS", "'2020-01-01 00:00:00.123456789'"),
    texts("TIMESTAMPTZ", "'2020-01-01 00:00:00+00'", "'infinity'"),
    texts("INTERVAL", "'1 year 2 months 3 days 04:05:06.789'", "'-1 day'"),
    texts("UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    texts("BIT", "'1'", "'0010101'"),
    texts("ENUM('a', 'b c')", "'a'", "'b c'"),
)  # fmt: skip


def nested(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    """Values of one type in a list, an array, a struct with names and one without, or a map."""
    return st.one_of(
        inner.map(lambda v: Value(f"{v.kind}[]", f"[{v.sql}, NULL]", [v.json, None])),
        inner.map(lambda v: Value(f"{v.kind}[]", f"[]::{v.kind}[]", [])),
        inner.map(lambda v: Value(f"{v.kind}[2]", f"array_value({v.sql}, {v.sql})", [v.json, v.json])),
        inner.map(
            lambda v: Value(
                f'STRUCT(a {v.kind}, "b ""c" INT)', f'{{a: {v.sql}, "b ""c": 1}}', {"a": v.json, 'b "c': 1}
            )
        ),
        inner.map(
            lambda v: Value(f'STRUCT("1" {v.kind}, "2" INT)', f"ROW({v.sql}, 2)", {"1": v.json, "2": 2})
        ),
        inner.map(
            lambda v: Value(
                f"MAP(VARCHAR, {v.kind})", f"MAP {{'nan': {v.sql}, '': NULL}}", {"nan": v.json, "": None}
            )
        ),
    )


VALUES = st.recursive(LEAVES, nested, max_leaves=3)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """A database of its own, in which what was written is compared with what was asked."""
    return duckdb.connect(config={"autoinstall_known_extensions": False})


def query(row: list[Value]) -> str:
    """Ask for all values under one name."""
    return "SELECT " + ", ".join(f"{value.sql} AS x" for value in row)


def write(connection: duckdb.DuckDBPyConnection, text: str, kind: str) -> bytes:
    return b"".join(WRITERS[kind](connection.sql(text)))


def same(connection: duckdb.DuckDBPyConnection, value: Value, expression: str, *parameters: object) -> bool:
    """Tell whether an expression, cast to the type of a value, is that value."""
    found = connection.execute(
        f"SELECT CAST({expression} AS {value.kind}) IS NOT DISTINCT FROM {value.sql}", parameters
    ).fetchone()
    return found == (True,)


ROWS = st.lists(VALUES, min_size=1, max_size=4)


@settings(deadline=None)
@given(row=ROWS)
def test_csv_gives_the_text_of_every_value(connection: duckdb.DuckDBPyConnection, row: list[Value]) -> None:
    """Each column has the text that DuckDB has for its value, NULL being empty."""
    header, *lines = csv.reader(io.StringIO(write(connection, query(row), "csv").decode(), newline=""))
    texts = ", ".join(f"CAST({value.sql} AS VARCHAR)" for value in row)
    assert header == ["x"] * len(row)
    assert lines == [[text or "" for text in connection.execute(f"SELECT {texts}").fetchone() or ()]]


def refuse(word: str) -> float:
    msg = f"{word} is no JSON"
    raise ValueError(msg)


def resolved(connection: duckdb.DuckDBPyConnection, expected: Any) -> Any:
    """Fill in the texts that DuckDB has for values."""
    match expected:
        case Text(sql):
            return (connection.execute(f"SELECT CAST({sql} AS VARCHAR)").fetchone() or ())[0]
        case dict():
            return {name: resolved(connection, inner) for name, inner in expected.items()}
        case list():
            return [resolved(connection, inner) for inner in expected]
        case _:
            return expected


@settings(deadline=None)
@given(row=ROWS)
@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_json_is_strict_and_exact(connection: duckdb.DuckDBPyConnection, kind: str, row: list[Value]) -> None:
    """Every value is there under a name of its own, to the last digit; what is no number is null."""
    text = write(connection, query(row), kind).decode()
    read = json.loads(text, parse_constant=refuse, parse_float=Decimal, parse_int=Decimal)
    (fields,) = read if kind == "json" else [read]
    assert list(fields) == unique_names(["x"] * len(row))
    assert list(fields.values()) == [resolved(connection, value.json) for value in row]


@settings(deadline=None)
@given(row=ROWS)
def test_parquet_is_read_back(
    connection: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, row: list[Value]
) -> None:
    """Other readers open the file; what it has a type for, or text, is what was asked for."""
    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    path.write_bytes(write(connection, query(row), "parquet"))
    names = pyarrow.parquet.read_schema(path).names
    assert names == unique_names(["x"] * len(row))
    for name, value in zip(names, row, strict=True):
        assert same(connection, value, f"(SELECT \"{name}\" FROM '{path}')"), (value, name)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("text", ["SELECT error('boom') AS x", "SELECT {a: [error('boom')]} AS x"])
def test_an_error_inside_a_query_is_never_a_null(
    connection: duckdb.DuckDBPyConnection, kind: str, text: str
) -> None:
    """What fails has no type of its own, and no format passes over it for that."""
    with pytest.raises(duckdb.Error, match="boom"):
        write(connection, text, kind)


@pytest.mark.parametrize(
    "text", ["SELECT NULL AS a, '' AS b, 'x' AS c", "SELECT '' AS a, '' AS b, NULL AS c"]
)
def test_csv_tells_an_empty_text_from_null(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    """A reader that makes the difference, as DuckDB does, gets both back."""
    path = tmp_path / "x.csv"
    path.write_bytes(write(connection, text, "csv"))
    read = f"FROM read_csv('{path}', all_varchar = true, header = true, allow_quoted_nulls = false)"
    assert connection.sql(read).fetchall() == connection.sql(text).fetchall()


def test_a_row_of_one_null_is_a_line_of_csv(connection: duckdb.DuckDBPyConnection) -> None:
    """Readers pass over empty lines; there is none."""
    assert write(connection, "FROM (VALUES (NULL), (1)) t(a)", "csv") == b'a\n""\n1\n'
