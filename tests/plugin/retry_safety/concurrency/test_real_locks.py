"""Real locks of PostgreSQL: who waits for a row, a unique key or an advisory lock lets the other delivery go on.

``JOBKIT_POSTGRES`` names the server, as a connection string of libpq; without it, the one that libpq finds by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_jobkit.retry_safety import Call, RetrySafety, effect, world
from pytest_jobkit.retry_safety.effects.server_locks import until_unlocked

psycopg = pytest.importorskip("psycopg")
SERVER = os.environ.get("JOBKIT_POSTGRES", "user=postgres dbname=postgres connect_timeout=2")
SCHEMA = f"jobkit_retry_safety_{os.getpid()}"


def connect(**options: Any) -> Any:
    return psycopg.connect(SERVER, options=f"-c search_path={SCHEMA}", **options)


@pytest.fixture(autouse=True)
def _schema() -> Iterator[None]:
    try:
        connection = psycopg.connect(SERVER, autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers at {SERVER!r}: {error}")
    with connection:
        connection.execute(f"create schema {SCHEMA}")
        yield
        connection.execute(f"drop schema {SCHEMA} cascade")


@world
def accounts() -> Iterator[Any]:
    with connect(autocommit=True) as connection:
        connection.execute("drop table if exists account, done")
        connection.execute("create table account(id int primary key, value int)")
        connection.execute("create table done(id text primary key)")
        connection.execute("insert into account values (1, 0), (2, 0)")
        yield connection


def observe(connection: Any) -> Any:
    return [connection.execute(f"select * from {table} order by 1").fetchall() for table in ("account", "done")]


def statement(connection: Any, sql: str, table: str) -> Any:
    """What a channel for a server does around each statement."""
    with effect("db", sql, resource=table):
        return until_unlocked(connection.execute, connection.execute, sql, in_transaction=not connection.autocommit)


def commit(connection: Any) -> None:
    with effect("db", "commit", resource="commit"):
        connection.commit()


def add(locking: str) -> None:
    """Adds one unless a delivery before has done so; `locking` is what the select says about it."""
    with connect() as connection:
        statement(connection, f"select * from account where id = 1 {locking}", "account")
        if statement(connection, "select 1 from done where id = 'added'", "done").fetchone() is None:
            statement(connection, "update account set value = value + 1 where id = 1", "account")
            statement(connection, "insert into done values ('added') on conflict do nothing", "done")
        commit(connection)


def claim() -> None:
    """The unique key decides: the second delivery waits for the first one's transaction."""
    with connect() as connection:
        sql = "insert into done values ('claimed') on conflict do nothing"
        if statement(connection, sql, "done").rowcount:
            statement(connection, "update account set value = value + 1 where id = 1", "account")
        commit(connection)


def under_an_advisory_lock() -> None:
    with connect() as connection:
        statement(connection, "select pg_advisory_xact_lock(7)", "advisory")
        if statement(connection, "select 1 from done where id = 'added'", "done").fetchone() is None:
            statement(connection, "update account set value = value + 1 where id = 1", "account")
            statement(connection, "insert into done values ('added') on conflict do nothing", "done")
        commit(connection)


def lock_both(first: int, second: int) -> None:
    with connect() as connection:
        for number in (first, second):
            statement(connection, f"select * from account where id = {number} for update", "account")
        commit(connection)


SETTINGS = {
    "world": accounts,
    "observe": observe,
    "channels": {"db": "ignore"},
    "preemptions": 1,
    "budget": (2000, 60.0),
}


def test_a_row_lock_keeps_deliveries_apart(retry_safety: RetrySafety) -> None:
    report = retry_safety(add, "for update", copies=2, **SETTINGS)

    assert report.safe, str(report)


def test_without_it_the_update_is_made_twice(retry_safety: RetrySafety) -> None:
    report = retry_safety(add, "", copies=2, **SETTINGS)

    assert [str(finding) for finding in report.findings] == ["state [0][0][1]: 1 -> 2"]


def test_a_unique_key_makes_the_second_delivery_wait(retry_safety: RetrySafety) -> None:
    report = retry_safety(claim, copies=2, **SETTINGS)

    assert report.safe, str(report)


def test_an_advisory_lock_keeps_deliveries_apart(retry_safety: RetrySafety) -> None:
    report = retry_safety(under_an_advisory_lock, copies=2, **SETTINGS)

    assert report.safe, str(report)


def test_rows_locked_crosswise_are_a_deadlock(retry_safety: RetrySafety) -> None:
    crosswise = retry_safety(lock_both, 1, 2, against=Call(lock_both, 2, 1), **SETTINGS)
    in_order = retry_safety(lock_both, 1, 2, against=Call(lock_both, 1, 2), **SETTINGS)

    assert crosswise.findings[0].kind == "deadlock"
    assert in_order.safe, str(in_order)
