"""Jobs of a queue: delivered from the same bytes through the executor, so retries, discards and locks take part."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import celery
import pytest

from jobkit import Job, discard_on, job, retry_on, unique
from pytest_jobkit.retry_safety import RetrySafety, effect, world


class Store:
    db: sqlite3.Connection


@world
def store() -> Iterator[type[Store]]:
    Store.db = sqlite3.connect(":memory:")
    Store.db.executescript(
        "create table orders(id integer primary key, status text); insert into orders values (1, 'new')"
    )
    yield Store


class GatewayDown(Exception):
    pass


def charge(order_id: int, key: str | None) -> None:
    with effect("http", "POST /charges", key=key, body={"order": order_id}, error=GatewayDown):
        pass


def pay(order_id: int) -> None:
    with Store.db:
        Store.db.execute("update orders set status = 'paid' where id = ?", (order_id,))


@job
def mail_receipt(order_id: int) -> None: ...


@job
@retry_on(GatewayDown, attempts=2)
def charge_safely(order_id: int) -> None:
    charge(order_id, key=f"order-{order_id}")
    pay(order_id)


class ChargeTwice(Job):
    def perform(self, order_id: int) -> None:
        charge(order_id, key=None)
        pay(order_id)


@job
@discard_on(GatewayDown)
def give_up(order_id: int) -> None:
    charge(order_id, key=f"order-{order_id}")
    pay(order_id)


@job
def receipt_after_commit(order_id: int) -> None:
    pay(order_id)
    mail_receipt.perform_later(order_id)


@unique(lock="until_executed")
class OneAtATime(Job):
    def perform(self, order_id: int) -> None:
        charge(order_id, key=f"order-{order_id}")
        pay(order_id)


@job
async def charge_async(order_id: int) -> None:
    async with effect("http", "POST /charges", key=f"order-{order_id}", body=order_id):
        pass
    pay(order_id)


@pytest.mark.parametrize("safe", [charge_safely, OneAtATime, charge_async], ids=str)
def test_a_safe_job_passes_any_number_of_faults(safe, retry_safety: RetrySafety):
    report = retry_safety(safe, 1, world=store, kinds="noack kill term before after")

    assert report.safe, str(report)
    assert report.closed


def test_the_class_form_is_checked_and_named(retry_safety: RetrySafety):
    report = retry_safety(ChargeTwice, 1, world=store)

    assert report.schedule == "rs1:1.noack3"
    assert str(report).startswith("ChargeTwice(1) is NOT retry-safe")


def test_a_discard_in_answer_to_a_fault_is_a_job_that_is_given_up(retry_safety: RetrySafety):
    report = retry_safety(give_up, 1, world=store)

    assert report.schedule == "rs1:1.before0"
    assert "the job is given up: discarded" in str(report)


def test_what_a_job_enqueues_is_an_effect(retry_safety: RetrySafety):
    report = retry_safety(receipt_after_commit, 1, world=store)

    assert [effect.place for effect in report.base.deliveries[0].effects][-1] == (
        "queue enqueue mail_receipt @receipt_after_commit"
    )
    assert report.schedule == "rs1:1.noack3"
    assert "enqueued twice" in str(report) or "mailed twice" in str(report)


def test_arguments_are_bound_when_the_message_is_made(retry_safety: RetrySafety):
    with pytest.raises(TypeError, match="charge_safely"):
        retry_safety(charge_safely, world=store)


app = celery.Celery("shop", broker="memory://")


@app.task
def ship(order_id: int) -> None: ...


@app.task(acks_late=True)
def pay_and_ship(order_id: int) -> None:
    pay(order_id)
    ship.delay(order_id)


@app.task(bind=True, acks_late=True, autoretry_for=(GatewayDown,), max_retries=2)
def charge_with_celery(self, order_id: int) -> None:
    charge(order_id, key=f"order-{order_id}")
    pay(order_id)


@app.task
def early(order_id: int) -> None:
    pay(order_id)


def test_a_celery_task_is_delivered_through_its_own_worker_path(retry_safety: RetrySafety):
    assert retry_safety(charge_with_celery, 1, world=store).closed
    assert retry_safety(pay_and_ship, 1, world=store).schedule == "rs1:1.noack3"


def test_a_task_that_is_acknowledged_early_says_so(retry_safety: RetrySafety):
    report = retry_safety(early, 1, world=store)

    assert report.safe
    assert "acknowledged before it runs" in str(report)
