"""psycopg 3, sync and async, on a real PostgreSQL; the tests skip where none answers."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from pytest_jobkit.retry_safety import Report, RetrySafety, World, world
from pytest_jobkit.retry_safety.worlds.postgres_database import postgres_database

SERVER = "host=127.0.0.1 user=postgres dbname=postgres connect_timeout=2"


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    try:
        psycopg.connect(SERVER).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers on 127.0.0.1:5432: {error}")
    with postgres_database(SERVER) as dsn:
        yield dsn


@pytest.fixture
def shop(dsn: str) -> World:
    @world
    def shop() -> Iterator[None]:
        with psycopg.connect(dsn) as db:
            db.execute("drop table if exists orders")
            db.execute("create table orders(id int primary key, paid bool, payments int)")
            db.execute("insert into orders values (1, false, 0)")
        yield None

    return shop


def rows(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as db:
        return db.execute("select * from orders").fetchall()


def check(job: object, shop: World, dsn: str, **options: object) -> Report:
    return RetrySafety()(job, world=shop, observe=lambda _world: rows(dsn), faults=1, **options)


def effects(report: Report) -> list[str]:
    return [effect.operation.name for effect in report.base.deliveries[0].effects]


def test_a_guarded_payment_in_one_transaction_is_safe(shop, dsn: str):
    def job():
        with psycopg.connect(dsn) as db:
            (paid,) = db.execute("select paid from orders where id = %s for update", [1]).fetchone()
            if not paid:
                db.execute("update orders set payments = payments + 1, paid = true")

    report = check(job, shop, dsn)

    assert effects(report) == ["select from orders", "update orders", "commit"]
    assert report.safe, report


def test_statements_in_autocommit_are_durable_one_by_one(shop, dsn: str):
    def job():
        with psycopg.connect(dsn, autocommit=True) as db:
            if not db.execute("select paid from orders").fetchone()[0]:
                db.execute("update orders set payments = payments + 1")
                db.execute("update orders set paid = true")

    report = check(job, shop, dsn, kinds="kill")

    assert report.schedule == "rs1:1.kill2"


def test_the_end_of_a_transaction_block_is_a_commit_and_an_inner_block_is_none(shop, dsn: str):
    def job():
        with psycopg.connect(dsn, autocommit=True) as db, db.transaction():
            db.execute("update orders set paid = true")
            with db.transaction():
                db.execute("update orders set payments = 1")

    report = check(job, shop, dsn)

    assert effects(report) == ["update orders", "update orders", "commit"]
    assert report.safe, report


@pytest.mark.parametrize(("fault", "payments"), [("before", 0), ("after", 1)])
def test_the_error_of_a_lost_commit_is_psycopgs_own(shop, dsn: str, fault: str, payments: int):
    seen: list[object] = []

    def job():
        with psycopg.connect(dsn) as db:
            db.execute("update orders set payments = 1")
            try:
                db.commit()
            except psycopg.OperationalError:
                db.rollback()
                seen.append(rows(dsn)[0][2])

    check(job, shop, dsn, kinds=fault)

    assert seen[0] == payments


def test_the_async_client_reports_the_same(shop, dsn: str):
    async def job():
        async with await psycopg.AsyncConnection.connect(dsn) as db:
            await db.execute("update orders set payments = payments + 1")

    report = check(job, shop, dsn, kinds="noack kill")

    assert effects(report) == ["update orders", "commit"]
    assert report.schedule == "rs1:1.noack2"


def test_a_database_that_nobody_can_put_back_is_made_anew_for_each_schedule(shop, dsn: str):
    def job():
        with psycopg.connect(dsn) as db:
            db.execute("update orders set payments = payments + 1")

    report = RetrySafety()(job, world=shop, observe=lambda _world: rows(dsn))

    assert not report.safe
    assert any("a fresh world" in note and "PostgreSQL server" in note for note in report.notes)
