"""The SQL console: results of any size and type, sorting, counting, cancelling, and no way out."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.escapes import ESCAPES, aimed, is_untouched
from warehouse.console import PAGE_ROWS, Answer, Console, Page, Sort
from warehouse.publishing import Writer
from warehouse.shell import CancelledError, QueryError

ENDLESS = "SELECT count(*) FROM range(4000000000) a, range(4000000000) b WHERE a.range * b.range % 7 = 1"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one row of the user's own, published once for all tests here."""
    path = tmp_path_factory.mktemp("console") / "sparsity.db"
    with Writer(path) as writer:
        writer.begin().execute("CREATE TABLE mine AS SELECT 42 AS answer")
        writer.publish()
    return path


@pytest.fixture(scope="module")
def console(published: Path) -> Iterator[Console]:
    """One console for all tests: none may leave it in a state that hinders the next."""
    console = Console(published)
    yield console
    console.close()


def page_of(answer: Answer) -> Page:
    assert answer.page is not None
    return answer.page


def test_rows_of_the_last_statement_are_shown(console: Console) -> None:
    """Several statements run in order; temporary tables last from one run to the next."""
    answer = console.run(
        "CREATE TEMP TABLE t AS SELECT 7 AS n; SELECT 1 AS one; SELECT n + answer AS m FROM t, mine"
    )
    assert answer.result_count == 2
    assert page_of(answer).rows.to_pylist() == [{"m": 49}]
    assert page_of(console.run("FROM t")).rows.to_pylist() == [{"n": 7}]


def test_statements_without_rows_have_no_page(console: Console) -> None:
    """SET VARIABLE works, and has nothing to show, sort, count or export."""
    answer = console.run("SET VARIABLE x = 1")
    assert (answer.result_count, answer.page) == (0, None)
    assert console.page(Sort(0)) is None
    assert console.count() == 0
    with pytest.raises(QueryError, match="run a query first"), console.result():
        pytest.fail("there is nothing to read")


def test_long_results_are_cut_and_counted(console: Console) -> None:
    """A page holds the first rows and says that it is not all; count() gives the whole number."""
    total = PAGE_ROWS + 5
    page = page_of(console.run(f"SELECT range AS n FROM range({total})"))
    assert (page.rows.num_rows, page.complete) == (PAGE_ROWS, False)
    assert console.count() == total
    exact = page_of(console.run(f"SELECT range AS n FROM range({PAGE_ROWS})"))
    assert (exact.rows.num_rows, exact.complete) == (PAGE_ROWS, True)


def test_sorting_covers_rows_that_are_not_shown(console: Console) -> None:
    """The largest value of a long result comes first, wherever it was; NULL comes last both ways."""
    console.run(f"SELECT nullif(range, 3) AS n FROM range({PAGE_ROWS + 5})")
    page = console.page(Sort(0, descending=True))
    assert page is not None
    assert page.rows.slice(0, 2).to_pylist() == [{"n": PAGE_ROWS + 4}, {"n": PAGE_ROWS + 3}]
    console.run("FROM (VALUES (2), (NULL), (1)) t(n)")
    for descending, expected in ((False, [1, 2, None]), (True, [2, 1, None])):
        page = console.page(Sort(0, descending))
        assert page is not None
        assert page.rows.column("n").to_pylist() == expected


def test_export_gives_every_row_in_the_order_shown(console: Console) -> None:
    """The relation to export is the whole result, sorted as the page is."""
    console.run(f"SELECT range AS n FROM range({PAGE_ROWS + 5})")
    with console.result(Sort(0, descending=True)) as relation:
        rows = relation.fetchall()
    assert (len(rows), rows[0], rows[-1]) == (PAGE_ROWS + 5, (PAGE_ROWS + 4,), (0,))


def test_what_is_asked_while_a_result_is_read_waits(console: Console) -> None:
    """What begins meanwhile would end the result early, and nothing would say so."""
    total = 3_000_000
    console.run(f"SELECT range AS n FROM range({total})")
    asked = [
        threading.Thread(target=work)
        for work in (console.count, console.page, lambda: console.run("SELECT 42 AS n"))
    ]
    with console.result() as relation:
        read = len(relation.fetchmany(1))
        for worker in asked:
            worker.start()
        while batch := relation.fetchmany(100_000):
            read += len(batch)
    for worker in asked:
        worker.join()
    assert read == total


def test_every_type_has_a_form_to_show(console: Console) -> None:
    """Types without a plain Arrow form come as DuckDB's text, DECIMAL as a number one can draw."""
    page = page_of(
        console.run(
            "SELECT '101'::BIT AS bits, [1, 2] AS list,"
            " 170141183460469231731687303715884105727::HUGEINT AS huge,"
            " 2.5::DECIMAL(4, 2) AS price, INTERVAL 1 DAY AS span, {'a': 1} AS record, true AS flag"
        )
    )
    assert page.rows.to_pylist() == [
        {
            "bits": "101",
            "list": "[1, 2]",
            "huge": "170141183460469231731687303715884105727",
            "price": 2.5,
            "span": "1 day",
            "record": "{'a': 1}",
            "flag": True,
        }
    ]
    assert [column.name for column in page.columns if column.numeric] == ["huge", "price"]


def test_columns_of_one_name_are_told_apart(console: Console) -> None:
    """Names are made unique in any letter case, and a later column of that name can be sorted by."""
    console.run('SELECT n AS a, -n AS "A", 5 AS a_2 FROM (VALUES (1), (2)) t(n)')
    page = console.page(Sort(1))
    assert page is not None
    assert page.rows.to_pydict() == {"a": [2, 1], "A_2": [-2, -1], "a_2_2": [5, 5]}


def test_a_plan_is_shown_line_by_line(console: Console) -> None:
    """EXPLAIN gives one row per line, so that it can be read in a table."""
    page = page_of(console.run("EXPLAIN SELECT answer FROM mine"))
    assert page.rows.num_rows > 3
    assert any("SCAN" in line for line in page.rows.column("plan").to_pylist())


def test_a_running_query_can_be_cancelled(console: Console) -> None:
    """interrupt() from another thread ends the query with its own error, and the console goes on."""
    failures: list[QueryError] = []

    def work() -> None:
        try:
            console.run(ENDLESS)
        except QueryError as error:
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive():
        console.interrupt()
        time.sleep(0.02)
    assert [type(failure) for failure in failures] == [CancelledError]
    assert page_of(console.run("SELECT 1 AS n")).rows.to_pylist() == [{"n": 1}]
    assert console.progress() is None


def test_progress_is_told_while_a_query_runs(console: Console) -> None:
    """A scan of a stored table tells a share between 0 and 1."""
    console.run("CREATE TEMP TABLE many AS SELECT range AS n FROM range(3000000)")
    worker = threading.Thread(target=console.run, args=("SELECT sum(sin(n) * cos(n) * ln(n + 1)) FROM many",))
    shares = []
    worker.start()
    while worker.is_alive():
        shares.append(console.progress())
        time.sleep(0.005)
    told = [share for share in shares if share is not None]
    assert told
    assert all(0 <= share <= 1 for share in told)


def test_failure_inside_a_transaction_does_not_stick(console: Console) -> None:
    """A query after one that failed between BEGIN and COMMIT runs."""
    with pytest.raises(QueryError, match="Could not convert"):
        console.run("BEGIN; SELECT 'x'::INTEGER AS n FROM mine")
    assert page_of(console.run("SELECT 1 AS n")).rows.to_pylist() == [{"n": 1}]


@pytest.mark.parametrize("attack", ESCAPES)
def test_nothing_is_written_or_read_elsewhere(
    console: Console, published: Path, attack: str, tmp_path: Path
) -> None:
    """Every way out that is known is refused, the file stays as it was, and the console works on."""
    before = published.read_bytes()
    with pytest.raises(QueryError):
        console.run(aimed(attack, tmp_path))
    assert published.read_bytes() == before
    assert is_untouched(tmp_path)
    assert page_of(console.run("SELECT answer FROM mine")).rows == pa.table(
        {"answer": pa.array([42], pa.int32())}
    )


def test_there_is_no_folder_to_spill_to(console: Console) -> None:
    """The console writes no temporary files, and its limits cannot be changed."""
    with pytest.raises(QueryError, match="Cannot change configuration"):
        console.run("SET memory_limit = '1GB'")
    page = page_of(console.run("SELECT value FROM duckdb_settings() WHERE name = 'temp_directory'"))
    assert page.rows.to_pylist() == [{"value": ""}]
