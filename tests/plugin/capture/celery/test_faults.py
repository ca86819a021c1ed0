"""What a lost worker, a duplicate and a long ETA do is decided by Celery's own rules for acknowledging."""

from __future__ import annotations

from typing import Any

import pytest
from billiard.exceptions import WorkerLostError
from celery import Celery, Task
from hypothesis import given
from hypothesis import strategies as st

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from pytest_jobkit.capture.celery import CeleryCapture
from pytest_jobkit.capture.celery.visibility import times_handed_out_again, visibility_timeout


def task_with(app: Celery, ran: list[bool], **options: Any) -> Any:
    @app.task(shared=False, name="shop.charge", bind=True, **options)
    def charge(self: Any, order_id: int) -> None:
        ran.append(self.request.delivery_info["redelivered"])

    return charge


@pytest.mark.parametrize(
    ("options", "state", "states_of_celery", "then_runs"),
    [
        ({}, "dead", "FAILURE", []),
        ({"acks_late": True}, "dead", "FAILURE", []),
        ({"acks_late": True, "reject_on_worker_lost": True}, "lost", "PENDING", [True]),
        ({"acks_late": True, "retry_on_worker_lost": True, "default_retry_delay": 60}, "retried", "RETRY", [False]),
    ],
    ids=["acks early", "acks late", "reject_on_worker_lost", "retry_on_worker_lost"],
)
def test_a_process_that_dies_with_a_task(
    options: dict[str, Any],
    state: str,
    states_of_celery: str,
    then_runs: list[bool],
    app: Celery,
    engine: Engine,
    capture: CeleryCapture,
) -> None:
    ran: list[bool] = []
    charge = task_with(app, ran, **options)
    if "retry_on_worker_lost" in options and not hasattr(Task, "retry_on_worker_lost"):
        pytest.skip("this version of Celery has no retry_on_worker_lost")

    result = charge.delay(42)
    record = engine.lose_worker(result.id)

    assert (record.state, result.state) == (state, states_of_celery)
    assert isinstance(record.error, WorkerLostError) is (state != "lost")

    engine.drain()

    assert ran == then_runs


def test_a_lost_worker_without_a_second_chance_says_which_setting_decided(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    result = task_with(app, [], acks_late=True).delay(42)

    record = engine.lose_worker(result.id)

    assert record.reason == (
        "the worker was lost; with acks_late and no reject_on_worker_lost the task is marked as failed"
    )


@pytest.mark.parametrize(("acks_late", "then_runs"), [(False, []), (True, [True])], ids=["early", "late"])
def test_a_machine_that_dies_leaves_an_unacknowledged_message_to_the_broker(
    acks_late: bool, then_runs: list[bool], app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    ran: list[bool] = []
    capture.lost = "machine"
    result = task_with(app, ran, acks_late=acks_late).delay(42)

    record = engine.lose_worker(result.id)
    engine.drain()

    assert record.state == "lost"
    assert ran == then_runs


def test_a_worker_lost_in_the_middle_of_a_body_leaves_no_trace_of_the_request(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    ran: list[int] = []

    @app.task(shared=False, name="shop.charge", acks_late=True, reject_on_worker_lost=True)
    def charge() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise WorkerLost

    charge.delay()
    engine.drain()

    assert [job.state for job in engine.performed] == ["lost", "succeeded"]
    assert charge.request.id is None


def test_a_duplicate_runs_the_same_bytes_again(app: Celery, engine: Engine, capture: CeleryCapture) -> None:
    ran: list[bool] = []
    result = task_with(app, ran).delay(42)

    engine.drain()
    engine.redeliver(result.id)
    engine.drain()

    assert ran == [False, True]
    assert {job.job_id for job in engine.performed} == {result.id}


def test_a_lost_acknowledgement_runs_the_task_again(app: Celery, engine: Engine, capture: CeleryCapture) -> None:
    ran: list[bool] = []
    result = task_with(app, ran, acks_late=True).delay(42)

    engine.deliver(result.id, ack=False)
    engine.drain()

    assert ran == [False, True]


def test_a_worker_that_deduplicates_skips_what_had_succeeded(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    app.conf.worker_deduplicate_successful_tasks = True
    ran: list[bool] = []
    result = task_with(app, ran, acks_late=True).delay(42)

    engine.drain()
    engine.redeliver(result.id)
    engine.drain()

    assert ran == [False]


@pytest.mark.parametrize(
    ("broker", "hours", "runs"),
    [
        ("redis://127.0.0.1:1/0", 0.5, 1),
        ("redis://127.0.0.1:1/0", 3, 3),
        ("amqp://127.0.0.1:1//", 3, 1),
    ],
    ids=["within the timeout", "redis", "rabbitmq"],
)
def test_an_eta_beyond_the_visibility_timeout_runs_once_a_holder(
    broker: str, hours: float, runs: int, engine: Engine, capture: CeleryCapture
) -> None:
    app = Celery("held", broker=broker, set_as_current=False)
    ran: list[bool] = []
    capture.repeat_held = True
    charge = task_with(app, ran)

    charge.apply_async((42,), countdown=hours * 3600)
    engine.drain()

    assert ran == [False, *[True] * (runs - 1)]


def test_a_long_eta_runs_once_unless_the_test_asks_for_the_repeats(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    ran: list[bool] = []

    task_with(app, ran).apply_async((42,), countdown=86_400)
    engine.drain()

    assert ran == [False]


def test_the_visibility_timeout_is_the_one_of_the_configuration(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    charge = task_with(app, [])
    charge.delay(1)

    assert capture.visibility_timeout(engine.enqueued[0].envelope) == 3600

    app.conf.broker_transport_options = {"visibility_timeout": 43_200}

    assert capture.visibility_timeout(engine.enqueued[0].envelope) == 43_200


@pytest.mark.parametrize(
    ("broker", "timeout"),
    [("redis://h/0", 3600), ("rediss://h/0", 3600), ("sentinel://h", 3600), ("sqs://", 1800), ("amqp://h//", None)],
)
def test_each_broker_has_its_own_visibility_timeout(broker: str, timeout: float | None) -> None:
    assert visibility_timeout(Celery("held", broker=broker, set_as_current=False)) == timeout


@given(wait=st.floats(0, 1e6), timeout=st.floats(1, 1e5))
def test_a_message_is_handed_out_at_the_end_of_each_timeout_before_it_is_due(wait: float, timeout: float) -> None:
    times = times_handed_out_again(wait, timeout)

    assert times >= 0
    assert times * timeout < wait or times == 0
    assert (times + 1) * timeout >= wait * (1 - 1e-12)


def test_the_broker_gives_a_dead_machines_message_out_when_its_visibility_timeout_is_over(
    app: Celery, engine: Engine, capture: CeleryCapture
) -> None:
    start = engine.clock.time()
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    app.conf.broker_transport_options = {"visibility_timeout": 1800}
    ran: list[bool] = []
    capture.lost = "machine"
    engine.lose_worker(task_with(app, ran, acks_late=True).delay(42).id)

    engine.advance(minutes=29)
    assert engine.enqueued == ()
    engine.drain()

    assert ran == [True]
    assert engine.clock.time() - start == 1800


def test_a_parent_process_puts_the_message_back_at_once(app: Celery, engine: Engine, capture: CeleryCapture) -> None:
    start = engine.clock.time()
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    ran: list[bool] = []
    task = task_with(app, ran, acks_late=True, reject_on_worker_lost=True)

    engine.lose_worker(task.delay(42).id)
    engine.drain()

    assert ran == [True]
    assert engine.clock.time() == start
