"""Copies in which no job can go on cost at most one job, whatever became of them."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.copies import FINISHED, answers, leave_copy, publish_row, remains
from warehouse.locking import NotWritableError
from warehouse.opening import UnreadableDatabaseError
from warehouse.publishing import AuditError, Writer


def reject(path: Path) -> None:
    with Writer(path) as writer:
        connection = writer.begin()
        connection.execute("INSERT INTO perplexities VALUES (1, 'd', 1, 1, 'nan')")
        connection.execute(FINISHED)
        writer.publish()


def test_a_rejected_copy_is_never_resumed(database: Path) -> None:
    """A check that fails would fail for ever in the same copy; finished steps do not save it."""
    with pytest.raises(AuditError, match="nothing was published"):
        reject(database)
    assert remains(database) == set()
    publish_row(database, 44)
    assert answers(database) == [42, 44]


def overwrite(copy: Path) -> None:
    copy.write_bytes(b"garbage" * 5000)


def truncate(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:100])


def empty(copy: Path) -> None:
    copy.write_bytes(b"")


def make_foreign(copy: Path) -> None:
    copy.unlink()
    with duckdb.connect(str(copy)) as other:
        other.execute("CREATE TABLE customers (name VARCHAR)")


def make_newer(copy: Path) -> None:
    with duckdb.connect(str(copy)) as other:
        other.execute("UPDATE warehouse_info SET value = '9999' WHERE key = 'schema_version'")


def link(copy: Path) -> None:
    elsewhere = copy.with_name("elsewhere")
    copy.rename(elsewhere)
    copy.symlink_to(elsewhere)


def spoil_base(copy: Path) -> None:
    Path(f"{copy}.base").write_bytes(b"\xff\xfe garbage \x00")


def lose_base(copy: Path) -> None:
    Path(f"{copy}.base").unlink()


def lose_copy(copy: Path) -> None:
    copy.unlink()


def overwrite_published(copy: Path) -> None:
    with duckdb.connect(str(copy.with_suffix(""))) as shell:
        shell.execute("INSERT INTO mine VALUES (99)")


def link_base(copy: Path) -> None:
    base = Path(f"{copy}.base")
    base.rename(copy.with_name("elsewhere"))
    base.symlink_to(copy.with_name("elsewhere"))


@pytest.mark.parametrize(
    "spoil",
    [overwrite, truncate, empty, make_foreign, make_newer, link, spoil_base, lose_base, link_base],
)
def test_a_copy_that_cannot_be_resumed_in_blocks_nobody(database: Path, spoil) -> None:
    """Garbage in the copy or in its note of the version: the next job begins anew and says nothing."""
    spoil(leave_copy(database))
    publish_row(database, 44)
    assert answers(database) == [42, 44]
    assert remains(database) <= {"elsewhere"}


def test_damage_deep_inside_a_copy_costs_one_job(database: Path) -> None:
    """A damaged block shows when it is read; the copy is removed then, and the message says to run again."""
    copy = leave_copy(database, "CREATE TABLE large AS SELECT hash(i) AS h FROM range(300000) AS r (i)")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 255
    copy.write_bytes(content)
    with pytest.raises(UnreadableDatabaseError, match="run the job again"), Writer(database) as writer:
        writer.begin().execute("SELECT sum(h) FROM large").fetchall()
    assert remains(database) == set()
    publish_row(database, 44)
    assert answers(database) == [42, 44]


@pytest.mark.parametrize("suffix", [".work", ".work.base", ".work.wal"])
def test_a_folder_in_the_way_is_named(database: Path, suffix: str) -> None:
    """What is not the program's to remove stays, and the line says what to do."""
    Path(f"{database}{suffix}").mkdir()
    with pytest.raises(NotWritableError, match="move it away"), Writer(database) as writer:
        writer.begin()
    assert Path(f"{database}{suffix}").is_dir()
    assert answers(database) == [42]


@pytest.mark.parametrize("spoil", [overwrite_published, lose_base, lose_copy])
def test_a_job_with_nothing_to_do_clears_away_too(database: Path, spoil) -> None:
    """What can no longer be resumed in goes with the next job, even if that one computes nothing."""
    spoil(leave_copy(database))
    with Writer(database) as writer:
        assert not writer.resumable
    assert remains(database) == set()
