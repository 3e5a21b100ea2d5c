"""Readers follow the published file."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tests.patience import PATIENCE_SECONDS
from warehouse.opening import MissingDatabaseError
from warehouse.publishing import Writer
from warehouse.reading import Reader, compute


def add_row(path: Path, value: int) -> None:
    with Writer(path) as writer:
        writer.begin().execute("INSERT INTO mine VALUES (?)", [value])
        writer.publish()


def test_refresh_attaches_the_new_file(database: Path) -> None:
    """A replaced file is noticed once, and cursors handed out before still answer from the old one."""
    reader = Reader(database)
    before = reader.cursor()
    assert not reader.refresh()
    add_row(database, 43)
    assert reader.refresh()
    assert not reader.refresh()
    assert reader.cursor().execute("SELECT count(*) FROM mine").fetchone() == (2,)
    assert before.execute("SELECT count(*) FROM mine").fetchone() == (1,)


def test_lost_file_leaves_the_last_one_attached(database: Path) -> None:
    """A database that vanishes does not take what is on the screen with it."""
    reader = Reader(database)
    database.unlink()
    assert not reader.refresh()
    assert reader.cursor().execute("SELECT answer FROM mine").fetchone() == (42,)


def test_reader_cannot_write(database: Path) -> None:
    """The attachment is read-only."""
    with pytest.raises(duckdb.Error, match="read-only"):
        Reader(database).cursor().execute("INSERT INTO mine VALUES (1)")


def test_missing_database_says_how_to_build_one(tmp_path: Path) -> None:
    """The first thing a person does wrong has its cure in the message."""
    with pytest.raises(MissingDatabaseError, match="sparsity-etl run"):
        Reader(tmp_path / "sparsity.db")


def test_cursors_answer_in_threads_while_the_file_is_replaced(database: Path) -> None:
    """Queries that run through replacements see whole databases only, one row more each time."""
    reader = Reader(database)
    stop = threading.Event()
    seen: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            row = reader.cursor().execute("SELECT count(*) FROM mine").fetchone()
            assert row is not None
            seen.append(row[0])

    thread = threading.Thread(target=ask)
    thread.start()
    for value in range(3):
        add_row(database, value)
        reader.refresh()
    stop.set()
    thread.join()
    assert seen == sorted(seen)
    assert set(seen) <= {1, 2, 3, 4}


LARGE = "SELECT count(*) FROM (SELECT DISTINCT hash(range) FROM range(1_000_000))"


def ask_for_much(cursor: duckdb.DuckDBPyConnection) -> tuple | None:
    return cursor.execute(LARGE).fetchone()


def test_a_query_that_its_memory_limit_stops_runs_without_one(database: Path) -> None:
    """A small limit costs a second attempt, never the result; other errors stay errors."""
    reader = Reader(database, {"memory_limit": "4MB", "temp_directory": ""})
    cursor = reader.cursor()
    with pytest.raises(duckdb.OutOfMemoryException):
        ask_for_much(cursor)
    limit = cursor.execute("SELECT current_setting('memory_limit')").fetchone()
    assert compute(cursor, ask_for_much, "4MB") == (1_000_000,)
    assert cursor.execute("SELECT current_setting('memory_limit')").fetchone() == limit
    with pytest.raises(duckdb.BinderException):
        compute(cursor, lambda cursor: cursor.execute("SELECT missing"), "4MB")
    reader.close()


def test_large_queries_at_the_same_time_do_not_lower_each_others_limit(database: Path) -> None:
    """A query that needs more memory keeps it until its end, though another that got more ends before it."""
    reader = Reader(database, {"memory_limit": "4MB", "temp_directory": ""})
    second_began, first_ended = threading.Event(), threading.Event()
    attempts = Counter[str]()

    def first(cursor: duckdb.DuckDBPyConnection) -> tuple | None:
        refuse_once("first")
        # Without taking turns the other has its larger limit by now, and loses it when this one ends.
        second_began.wait(0.5)
        return ask_for_much(cursor)

    def second(cursor: duckdb.DuckDBPyConnection) -> tuple | None:
        refuse_once("second")
        second_began.set()
        assert first_ended.wait(PATIENCE_SECONDS)
        return ask_for_much(cursor)

    def refuse_once(name: str) -> None:
        attempts[name] += 1
        if attempts[name] == 1:
            raise duckdb.OutOfMemoryException

    def end_first() -> tuple | None:
        try:
            return compute(reader.cursor(), first, "4MB")
        finally:
            first_ended.set()

    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(end_first), threads.submit(compute, reader.cursor(), second, "4MB")]
        assert [answer.result() for answer in answers] == [(1_000_000,)] * 2
    reader.close()
