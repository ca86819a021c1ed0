"""The plugin's matchers, drains and simulations on Celery tasks as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from pytest_jobkit.session import JobSession


class GatewayDown(Exception): ...


@pytest.fixture
def jobs(app: Celery) -> Iterator[JobSession]:
    with JobSession(frameworks=["celery"]) as session:
        yield session


@pytest.fixture
def charge(app: Celery) -> Any:
    @app.task(shared=False, name="shop.charge", bind=True, autoretry_for=(GatewayDown,), retry_backoff=10)
    def charge(self: Any, order_id: int, cents: int = 0) -> str:
        return f"order {order_id}: {cents}"

    return charge


def test_a_task_is_matched_with_its_arguments_queue_and_delay(jobs: JobSession, charge: Any) -> None:
    with jobs.have_enqueued_job(charge).with_args(42, cents=500).on_queue("money").delayed_by(60, within=1).once():
        charge.apply_async((42,), {"cents": 500}, queue="money", countdown=60)


def test_arguments_that_the_task_does_not_take_are_told_from_those_that_differ(jobs: JobSession, charge: Any) -> None:
    charge.delay(42)

    with pytest.raises(Exception, match="euros"):
        assert jobs.have_enqueued_job(charge).with_args(42, euros=5)


def test_performing_tells_how_each_attempt_ended(jobs: JobSession, charge: Any) -> None:
    with jobs.perform_enqueued_jobs(only=charge):
        charge.delay(42, cents=5)

    assert jobs.have_performed_job(charge).with_args(42, cents=5)
    assert [job.result for job in jobs.performed] == ["order 42: 5"]


@pytest.mark.parametrize(("jitter", "waits"), [("max", [10, 20, 40]), ("min", [0, 0, 0])])
def test_a_backoff_is_simulated_without_touching_the_task(
    jitter: str, waits: list[float], jobs: JobSession, charge: Any
) -> None:
    run = jobs.simulate_retries(charge, 42, raising=GatewayDown, times=3, jitter=jitter)

    assert run.waits == waits
    assert (run.outcome, run.executions) == ("succeeded", 4)


def test_a_retry_that_the_body_asks_for_is_simulated_too(jobs: JobSession, app: Celery) -> None:
    @app.task(shared=False, name="shop.poll", bind=True, max_retries=2)
    def poll(self: Any) -> None:
        raise self.retry(countdown=30)

    run = jobs.simulate_retries(poll, raising=[None, None, None])

    assert run.waits == [30, 30]
    assert run.outcome == "dead"
    assert jobs.have_dead_job(poll)


def test_the_operations_of_delivery_work_on_the_result_of_the_call(jobs: JobSession, charge: Any) -> None:
    result = charge.delay(42)

    jobs.perform_enqueued_jobs()
    jobs.redeliver(result.id)
    jobs.perform_enqueued_jobs()

    assert jobs.have_performed_job(charge).with_args(42).twice()
