"""sqlite3: what is an effect, what is lost with the worker, and how a database is put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_jobkit.retry_safety import Report, RetrySafety, world


class Book:
    db: sqlite3.Connection


def memory(**options) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", **options)
    db.executescript("create table rows(id integer primary key, value int); insert into rows values (1, 0)")
    return db


@world
def book() -> Iterator[type[Book]]:
    Book.db = memory()
    yield Book


def effects(report: Report) -> list[str]:
    return [effect.operation.name for effect in report.base.deliveries[0].effects]


def test_the_commit_of_a_with_block_is_an_effect(retry_safety: RetrySafety):
    def job():
        with Book.db:
            Book.db.execute("update rows set value = value + 1")

    report = retry_safety(job, world=book)

    assert effects(report) == ["update rows", "commit"]
    assert report.schedule == "rs1:1.noack2"
    assert str(report.findings[0]) == "state rows[id=1].value: 1 -> 2"


def test_what_was_not_committed_is_gone_with_the_worker(retry_safety: RetrySafety):
    def job():
        Book.db.execute("update rows set value = 7")
        Book.db.execute("insert or ignore into rows values (2, 2)")
        Book.db.commit()

    report = retry_safety(job, world=book, kinds="kill")

    assert report.safe
    assert report.search.states == 1  # killed before the commit, nothing has happened


def test_a_kill_in_a_with_block_rolls_back_even_if_the_job_commits_on_its_way_out(retry_safety: RetrySafety):
    def job():
        try:
            Book.db.execute("update rows set value = value + 1")
            Book.db.execute("select 1")
        finally:
            Book.db.commit()

    report = retry_safety(job, world=book, kinds="kill", every_after=True)

    assert report.safe


def test_statements_in_autocommit_are_durable_at_once(retry_safety: RetrySafety):
    @world
    def autocommit():
        Book.db = memory(isolation_level=None)
        yield Book

    def job():
        Book.db.execute("update rows set value = value + 1 where id = 1")
        Book.db.execute("insert or ignore into rows values (2, 2)")

    report = retry_safety(job, world=autocommit)

    assert [effect.durable for effect in report.base.deliveries[0].effects] == [True, True]
    assert report.schedule == "rs1:1.noack2"
    assert retry_safety(job, world=autocommit, kinds="kill").schedule == "rs1:1.kill1"


def test_a_transaction_in_words_is_a_transaction(retry_safety: RetrySafety):
    @world
    def autocommit():
        Book.db = memory(isolation_level=None)
        yield Book

    def job():
        Book.db.execute("BEGIN IMMEDIATE")
        Book.db.execute("update rows set value = value + 1")
        Book.db.execute("savepoint a")
        Book.db.execute("insert or ignore into rows values (2, 2)")
        Book.db.execute("rollback to a")
        Book.db.execute("COMMIT")

    report = retry_safety(job, world=autocommit, kinds="kill")

    assert effects(report) == ["update rows", "insert into rows", "commit"]
    assert report.safe


def test_many_rows_and_scripts_are_one_effect_each(retry_safety: RetrySafety):
    def job():
        Book.db.executemany("insert or ignore into rows values (?, ?)", [(n, n) for n in range(2, 5)])
        Book.db.commit()
        Book.db.executescript("update rows set value = 1 where id = 1; update rows set value = 2 where id = 2;")

    report = retry_safety(job, world=book)

    assert effects(report) == ["insert into rows", "commit", "script"]
    assert report.safe


def test_row_factories_and_classes_of_ones_own_keep_working(retry_safety: RetrySafety):
    class OwnConnection(sqlite3.Connection):
        def latest(self) -> int:
            return self.execute("select max(value) as latest from rows").fetchone()["latest"]

    @world
    def own():
        Book.db = memory(factory=OwnConnection)
        Book.db.row_factory = sqlite3.Row
        yield Book

    def job():
        assert Book.db.latest() in (0, 9)
        Book.db.execute("update rows set value = 9")
        Book.db.commit()

    assert retry_safety(job, world=own).closed


def test_a_cursor_in_the_middle_of_its_rows_does_not_harm_the_next_delivery(retry_safety: RetrySafety):
    open_cursors = []

    def job():
        cursor = Book.db.execute("select * from rows union all select * from rows")
        cursor.fetchone()
        open_cursors.append(cursor)
        Book.db.execute("update rows set value = 3")
        Book.db.commit()

    report = retry_safety(job, world=book)

    assert report.safe
    assert report.closed


def test_a_database_file_of_the_world_is_put_back(tmp_path: Path, retry_safety: RetrySafety):
    file = tmp_path / "book.db"

    @world
    def on_disk():
        file.unlink(missing_ok=True)
        Book.db = sqlite3.connect(file)
        Book.db.executescript("create table rows(id integer primary key, value int); insert into rows values (1, 0)")
        yield Book
        Book.db.close()

    def safe():
        Book.db.execute("update rows set value = 5")
        Book.db.commit()

    def unsafe():
        Book.db.execute("update rows set value = value + 5")
        Book.db.commit()

    assert retry_safety(safe, world=on_disk).closed
    assert retry_safety(unsafe, world=on_disk).schedule == "rs1:1.noack2"


def test_a_database_file_that_only_the_job_opens_is_put_back_as_well(tmp_path: Path, retry_safety: RetrySafety):
    file = str(tmp_path / "book.db")

    @world
    def on_disk():
        Path(file).unlink(missing_ok=True)
        db = sqlite3.connect(file)
        db.executescript("create table rows(id integer primary key, value int); insert into rows values (1, 0)")
        db.close()
        yield file

    def job():
        db = sqlite3.connect(file)
        db.execute("update rows set value = value + 1")
        db.commit()
        db.close()

    report = retry_safety(job, world=on_disk)

    assert report.schedule == "rs1:1.noack2"


@pytest.mark.parametrize("fault", ["before", "after"])
def test_an_injected_error_is_one_that_sqlite_raises(fault, retry_safety: RetrySafety):
    caught = []

    def job():
        try:
            Book.db.execute("update rows set value = 1")
            Book.db.commit()
        except sqlite3.OperationalError as error:
            caught.append(str(error))
            raise

    retry_safety(job, world=book, kinds=fault)

    assert caught[0].startswith("injected: ")
