"""Retry safety of jobs written on jobkit: through their own performer, with what they enqueue as an effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from jobkit import Job, discard_on, job, retry_on
from pytest_jobkit.retry_safety import assert_retry_safe, at_least_once, effect, world
from pytest_jobkit.retry_safety.face import NotRetrySafe

opened: list[Bank] = []


@dataclass
class Bank:
    """One order to charge, and the gateway that charges it."""

    db: sqlite3.Connection
    charges: list[int] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def charge(self, order_id: int, key: str | None = None) -> None:
        with effect("gateway", "charge", key=key, body=order_id):
            if key is None or key not in self.keys:
                self.charges.append(order_id)
            if key is not None:
                self.keys.add(key)


@world
def bank() -> Iterator[Bank]:
    db = sqlite3.connect(":memory:")
    db.execute("create table orders (id integer primary key, status text)")
    db.execute("insert into orders values (1, 'new')")
    db.commit()
    opened[:] = [Bank(db)]
    yield opened[0]
    db.close()


def paid(order_id: int) -> bool:
    return bool(opened[0].db.execute("select 1 from orders where id = ? and status = 'paid'", (order_id,)).fetchone())


def mark(order_id: int) -> None:
    with opened[0].db as db:
        db.execute("update orders set status = 'paid' where id = ?", (order_id,))


class Charge(Job):
    key: str | None = "order-{}"

    def perform(self, order_id: int) -> None:
        if not paid(order_id):
            opened[0].charge(order_id, None if self.key is None else self.key.format(order_id))
            mark(order_id)


class ChargeWithoutKey(Charge):
    key = None


@job
async def charge_async(order_id: int) -> None:
    if not paid(order_id):
        opened[0].charge(order_id, f"order-{order_id}")
        mark(order_id)


@job
def send_receipt(order_id: int) -> None:
    """Never performed here: what is enqueued stays in the queue."""


@job
def charge_then_enqueue(order_id: int) -> None:
    if not paid(order_id):
        mark(order_id)
        send_receipt.perform_later(order_id)


@retry_on(Exception, wait=0)
class RetriesItself(ChargeWithoutKey):
    """What its own retry_on does is no better than a redelivery."""


@discard_on(Exception)
class SwallowsErrors(Charge):
    """An error of an effect is taken for the end of the job."""


def observe(shop: Bank) -> Any:
    return shop.db.execute("select * from orders").fetchall()


@pytest.mark.parametrize("safe", [Charge, charge_async], ids=["class", "async function"])
def test_a_job_with_a_stable_key_passes_to_closure(safe: Any) -> None:
    report = assert_retry_safe(safe, 1, world=bank, observe=observe)

    assert report.safe
    assert report.closed


@pytest.mark.parametrize("unsafe", [ChargeWithoutKey, RetriesItself])
def test_a_job_without_a_key_charges_twice(unsafe: Any) -> None:
    with pytest.raises(NotRetrySafe, match="charge"):
        assert_retry_safe(unsafe, 1, world=bank, observe=observe)


def test_discarding_an_error_loses_the_work() -> None:
    with pytest.raises(NotRetrySafe) as raised:
        assert_retry_safe(SwallowsErrors, 1, world=bank, observe=observe, kinds="before")

    assert not raised.value.report.safe


def test_a_follow_up_job_that_a_crash_loses_is_an_effect_that_is_missing() -> None:
    with pytest.raises(NotRetrySafe, match="send_receipt"):
        assert_retry_safe(charge_then_enqueue, 1, world=bank, observe=observe, kinds="kill")


@job
def enqueue_then_mark(order_id: int) -> None:
    if not paid(order_id):
        send_receipt.perform_later(order_id)
        mark(order_id)


def test_whether_a_follow_up_job_may_come_twice_is_the_test_s_to_say() -> None:
    with pytest.raises(NotRetrySafe, match="send_receipt"):
        assert_retry_safe(enqueue_then_mark, 1, world=bank, observe=observe, kinds="noack kill")

    allowed = {"queue": at_least_once}
    assert assert_retry_safe(
        enqueue_then_mark, 1, world=bank, observe=observe, kinds="noack kill", channels=allowed
    ).safe


def test_a_refused_enqueue_that_the_job_does_not_look_at_loses_the_follow_up() -> None:
    with pytest.raises(NotRetrySafe, match="send_receipt"):
        assert_retry_safe(
            enqueue_then_mark, 1, world=bank, observe=observe, kinds="before", channels={"queue": at_least_once}
        )


def test_arguments_that_do_not_fit_the_job_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="cannot be called like this"):
        assert_retry_safe(Charge, 1, 2, world=bank, observe=observe)
