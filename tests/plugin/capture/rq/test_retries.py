"""Retries are RQ's own: `Retry`, its list of intervals, callbacks; the waits happen on the engine's clock."""

from __future__ import annotations

from typing import Any

import pytest
from rq import Callback, Queue, Retry, get_current_job

from jobkit.engine import Engine
from jobkit.record import State

told: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    told.clear()


class Boom(Exception):
    pass


def flaky(failures: int) -> str:
    told.append("runs")
    if told.count("runs") <= failures:
        raise Boom(f"failure {told.count('runs')}")
    return "done"


def not_yet(times: int) -> Any:
    told.append("runs")
    return Retry(max=times, interval=[10, 60]) if len(told) <= 9 else "done"


def steps_aside() -> None:
    job = get_current_job()
    told.append(job and job.id)


def on_failure(job: Any, connection: Any, kind: Any, error: Any, traceback: Any) -> None:
    told.append(("failed", kind.__name__, job.retries_left))


def on_success(job: Any, connection: Any, result: Any) -> None:
    told.append(("succeeded", result))


def attempts(engine: Engine) -> list[tuple[float, State]]:
    """When each delivery began, in seconds since the first, and how it ended."""
    first = engine.performed[0].started or 0.0
    return [((record.started or 0.0) - first, record.state) for record in engine.performed]


def test_retry_max_3_is_four_attempts_and_the_list_is_aligned_to_its_end(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(flaky, 9, retry=Retry(max=3, interval=[10, 60]), on_failure=Callback(on_failure))

    assert engine.enqueued[0].attempts_max == 4
    engine.drain(errors="capture")

    assert attempts(engine) == [
        (0, State.RETRIED), (10, State.RETRIED), (20, State.RETRIED), (80, State.DEAD),
    ]  # fmt: skip
    assert [one for one in told if one != "runs"] == [("failed", "Boom", left) for left in (3, 2, 1, 0)]
    assert [record.executions for record in engine.performed] == [1, 2, 3, 4]
    assert {record.attempts_max for record in engine.performed} == {4}
    assert {record.job_id for record in engine.performed} == {job.id}
    assert job.get_status() == "failed"
    assert job.id in queue.failed_job_registry
    assert str(engine.dead[0].error) == "failure 4"


def test_a_retry_without_an_interval_is_at_once(engine: Engine, queue: Queue) -> None:
    queue.enqueue(flaky, 2, retry=Retry(max=5), on_success=Callback(on_success))
    result = engine.drain()

    assert attempts(engine) == [(0, State.RETRIED), (0, State.RETRIED), (0, State.SUCCEEDED)]
    assert (result.performed, result.retried, result.succeeded) == (3, 2, 1)
    assert told[-1] == ("succeeded", "done")
    assert engine.performed[-1].result == "done"


def test_a_returned_retry_counts_its_intervals_from_the_start(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(not_yet, 3)
    engine.drain(errors="capture")

    assert [time for time, _ in attempts(engine)] == [0, 10, 70, 130]
    assert engine.performed[-1].state is State.DEAD
    assert "returned Retry" in engine.performed[-1].reason
    assert job.get_status() == "failed"


def test_without_retry_the_first_error_is_the_last(engine: Engine, queue: Queue) -> None:
    queue.enqueue(flaky, 1)
    assert engine.enqueued[0].attempts_max == 1

    with pytest.raises(Boom, match="failure 1"):
        engine.drain()

    assert engine.performed[0].state is State.DEAD


def test_a_failed_job_can_be_requeued_from_its_registry(engine: Engine, queue: Queue) -> None:
    job = queue.enqueue(flaky, 1)
    engine.drain(errors="capture")

    queue.failed_job_registry.requeue(job.id)
    result = engine.drain()

    assert result.succeeded == 1
    assert job.get_status() == "finished"


def test_a_dependent_waits_for_its_job_and_runs_after_it(engine: Engine, queue: Queue) -> None:
    first = queue.enqueue(flaky, 1, retry=Retry(max=1, interval=30))
    second = queue.enqueue(steps_aside, depends_on=first)
    third = queue.enqueue(steps_aside, depends_on=[first, second])

    assert [record.job_id for record in engine.enqueued] == [first.id]
    assert second.get_status() == "deferred"
    engine.drain()

    assert told == ["runs", "runs", second.id, third.id]
    assert [time for time, _ in attempts(engine)] == [0, 30, 30, 30]
    assert engine.performed[-1].envelope.causes[-1].endswith("steps_aside")


def test_the_dependent_of_a_failed_job_stays_deferred(engine: Engine, queue: Queue) -> None:
    first = queue.enqueue(flaky, 1)
    second = queue.enqueue(steps_aside, depends_on=first)
    engine.drain(errors="capture")

    assert second.get_status() == "deferred"
    assert len(engine.performed) == 1
