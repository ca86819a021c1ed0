"""What production does to an RQ job: a killed work-horse, a lost acknowledgement, a duplicate."""

from __future__ import annotations

from typing import Any

import pytest
from rq import Callback, Queue, Retry

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from jobkit.record import State

told: list[Any] = []
deaths: list[BaseException] = []


@pytest.fixture(autouse=True)
def _nothing_happened() -> None:
    told.clear()
    deaths.clear()


def charge(order: int) -> str:
    told.append(order)
    if deaths:
        raise deaths.pop()
    return "charged"


def on_failure(job: Any, connection: Any, kind: Any, error: Any, traceback: Any) -> None:
    told.append("failed")


def test_a_killed_job_without_retries_has_failed_since_rq_takes_it_out_of_the_queue_first(
    engine: Engine, queue: Queue
) -> None:
    job = queue.enqueue(charge, 1)

    lost = engine.lose_worker(job.id)
    engine.drain()

    assert (lost.state, told) == (State.DEAD, [])
    assert job.get_status() == "failed"
    assert "Work-horse terminated" in str(job.latest_result().exc_string)  # type: ignore[union-attr]  # it has one
    assert job.id in queue.failed_job_registry
    assert "no retry is left" in engine.dead[0].reason


def test_a_killed_job_with_a_retry_left_runs_again_after_its_interval(engine: Engine, queue: Queue) -> None:
    start = engine.clock.time()
    job = queue.enqueue(charge, 1, retry=Retry(max=2, interval=15))

    engine.lose_worker(job.id)
    engine.drain()

    assert told == [1]
    assert [(record.state, (record.started or 0) - start) for record in engine.performed] == [
        (State.RETRIED, 0),
        (State.SUCCEEDED, 15),
    ]
    assert engine.performed[-1].executions == 2


def test_a_job_killed_inside_its_body_runs_no_callback(engine: Engine, queue: Queue) -> None:
    deaths.append(WorkerLost())
    job = queue.enqueue(charge, 1, retry=Retry(max=1), on_failure=Callback(on_failure))
    engine.drain()

    assert told == [1, 1]
    assert [record.state for record in engine.performed] == [State.RETRIED, State.SUCCEEDED]
    assert job.get_status() == "finished"


def test_a_failing_assertion_of_pytest_is_not_taken_for_the_jobs_error(engine: Engine, queue: Queue) -> None:
    deaths.append(pytest.fail.Exception("seen by the test"))
    queue.enqueue(charge, 1, retry=Retry(max=5))

    with pytest.raises(pytest.fail.Exception, match="seen by the test"):
        engine.drain()


def test_a_duplicate_runs_the_same_bytes_once_more(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(charge, 1)
    engine.drain()

    duplicate = engine.redeliver(job.id)
    engine.drain()

    assert told == [1, 1]
    assert duplicate.envelope.body == engine.performed[0].envelope.body
    assert [record.executions for record in engine.performed] == [1, 2]


def test_a_duplicate_runs_even_when_redis_has_forgotten_the_job(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(charge, 1, result_ttl=0)
    engine.drain()
    engine.redeliver(job.id)
    engine.drain()

    assert told == [1, 1]


def test_a_lost_acknowledgement_lets_the_body_run_twice(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(charge, 1)

    engine.deliver(job.id, ack=False)
    engine.drain()

    assert told == [1, 1]
