"""simulate_retries: the plan that a job's retries follow, as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit import ConfigError, DrainLimitError, Job, discard_on, job, polynomially_longer, retry_on
from pytest_jobkit import JobSession, SimulateRetries
from pytest_jobkit.simulation.chance import HeldChance

done: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


class NotFound(Exception):
    pass


class TwoArguments(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)


@job
@retry_on(ConnectionError, wait=polynomially_longer, attempts=5)
@retry_on(TimeoutError, wait=lambda executions: executions * 10, attempts=3, queue="slow", priority=9)
@discard_on(NotFound)
def process_order(order_id: int, note: str = "") -> str:
    done.append((order_id, note))
    return "done"


def test_four_failures_then_success(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=ConnectionError, times=4)

    assert run.waits == pytest.approx([3, 18, 83, 258], rel=0.15)
    assert run.outcome == "succeeded"
    assert run.executions == 5
    assert run.result == "done"
    assert done == [(42, "")]


def test_every_attempt_fails_where_no_number_is_given(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=ConnectionError)

    assert (run.executions, run.outcome) == (5, "dead")
    assert isinstance(run.error, ConnectionError)
    assert done == []


def test_errors_by_attempt(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, note="x", raising=[TimeoutError, ConnectionError("down"), None])

    assert [type(error) for error in run.errors] == [TimeoutError, ConnectionError, type(None)]
    assert run.queues == ["default", "slow", "slow"]
    assert [attempt.priority for attempt in run.attempts] == [None, 9, 9]
    assert [attempt.outcome for attempt in run.attempts] == ["retried", "retried", "succeeded"]
    assert done == [(42, "x")]


def test_an_error_that_is_discarded(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=NotFound)

    assert (run.outcome, run.executions, run.waits) == ("discarded", 1, [])
    assert "discard_on" in run.reason


def test_an_error_after_the_body_leaves_what_the_body_did(simulate_retries: SimulateRetries) -> None:
    simulate_retries(process_order, 42, raising=ConnectionError, times=2, when="after")

    assert done == [(42, "")] * 3


@pytest.mark.parametrize(
    ("jitter", "waits"), [("none", [3, 18]), ("min", [3, 18]), ("max", [3.15, 20.4]), (0.5, [3.075, 19.2])]
)
def test_jitter_may_be_held(simulate_retries: SimulateRetries, jitter: str | float, waits: list[float]) -> None:
    run = simulate_retries(process_order, 42, raising=ConnectionError, times=2, jitter=jitter)

    assert run.waits == pytest.approx(waits)


def test_each_wait_lies_between_its_bounds(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=ConnectionError, times=2)

    assert run.wait_bounds == [pytest.approx((3, 3.15)), pytest.approx((18, 20.4))]
    assert all(low <= wait <= high for wait, (low, high) in zip(run.waits, run.wait_bounds, strict=True))


def test_the_number_of_the_first_attempt_may_be_set(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=ConnectionError, attempt=4, jitter="none")

    assert [attempt.number for attempt in run.attempts] == [4, 5]
    assert run.waits == [258]
    assert run.outcome == "dead"


def test_the_clock_of_the_test_moves_along(jobs: JobSession) -> None:
    start = jobs.clock.now()

    run = jobs.simulate_retries(process_order, 42, raising=ConnectionError, times=2, jitter="none")

    assert jobs.clock.now() - start == timedelta(seconds=21)
    assert run.total_wait == 21


def test_what_the_job_enqueues_stays_enqueued(jobs: JobSession) -> None:
    @job
    @retry_on(OSError)
    def parent() -> None:
        process_order.perform_later(1)

    jobs.simulate_retries(parent, raising=OSError, times=1)

    assert jobs.have_enqueued_job(process_order).with_args(1)
    assert done == []


def test_another_job_of_the_same_kind_is_left_alone(jobs: JobSession) -> None:
    process_order.perform_later(1)

    jobs.simulate_retries(process_order, 2, raising=NotFound)

    assert jobs.perform_enqueued_jobs().succeeded == 1
    assert done == [(1, "")]


def test_a_class_with_an_inherited_body(simulate_retries: SimulateRetries) -> None:
    class Base(Job):
        def perform(self, number: int) -> None:
            done.append((type(self).__name__, self.executions, number))

    @retry_on(OSError)
    class Child(Base):
        pass

    run = simulate_retries(Child, 7, raising=OSError, times=1)

    assert run.outcome == "succeeded"
    assert done == [("Child", 2, 7)]
    assert "perform" not in vars(Child)


def test_a_built_job_or_the_record_of_a_waiting_one(jobs: JobSession) -> None:
    process_order.perform_later(1)

    assert jobs.simulate_retries(process_order.build(2), raising=ConnectionError, times=1).executions == 2
    assert jobs.simulate_retries(jobs.enqueued[0], raising=ConnectionError, times=1).executions == 2
    assert done == [(2, ""), (1, "")]


def test_an_async_job_in_a_plain_test(simulate_retries: SimulateRetries) -> None:
    assert simulate_retries(_async_job(), raising=OSError, times=2).executions == 3
    assert done == ["async"]


@pytest.mark.asyncio
async def test_an_async_job_in_an_async_test(simulate_retries: SimulateRetries) -> None:
    run = await simulate_retries(_async_job(), raising=OSError, times=2)

    assert run.outcome == "succeeded"


def _async_job() -> jobkit.JobFunction[[], Any]:
    @job
    @retry_on(OSError)
    async def async_job() -> None:
        done.append("async")

    return async_job


def test_it_prints_its_plan(simulate_retries: SimulateRetries) -> None:
    run = simulate_retries(process_order, 42, raising=[TimeoutError("late"), None], jitter="none")

    assert str(run).splitlines() == [
        "attempt 1 on 'default' retried: TimeoutError: late, then 10 s",
        "attempt 2 on 'slow' succeeded",
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"raising": None}, "raising=None"),
        ({"raising": "OSError"}, "raising='OSError'"),
        ({"raising": int}, "raising=<class 'int'>"),
        ({"raising": [OSError], "times": 2}, "times= and a list"),
        ({"raising": OSError, "times": 0}, "times=0"),
        ({"raising": OSError, "when": "during"}, 'give "before" or "after"'),
        ({"raising": OSError, "jitter": "some"}, "jitter='some'"),
        ({"raising": OSError, "jitter": 2}, "jitter=2"),
        ({"raising": OSError, "attempt": 0}, "attempts count from 1"),
    ],
)
def test_arguments_of_no_use_are_refused(
    simulate_retries: SimulateRetries, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        simulate_retries(process_order, 42, **arguments)


def test_an_error_class_that_needs_more_than_a_text_has_to_be_given_as_an_instance(
    simulate_retries: SimulateRetries,
) -> None:
    run = simulate_retries(process_order, 1, raising=[TwoArguments(1, "x")])
    assert isinstance(run.error, TwoArguments)

    run = simulate_retries(process_order, 1, raising=[TwoArguments])
    assert isinstance(run.error, ConfigError)
    assert "give an instance, raising=TwoArguments(...)" in str(run.error)


def test_a_job_that_never_ends_is_stopped(simulate_retries: SimulateRetries) -> None:
    @job
    @retry_on(OSError, attempts=None)
    def forever() -> None: ...

    with pytest.raises(DrainLimitError):
        simulate_retries(forever, raising=OSError, limit=7)


def test_a_job_that_its_queue_refuses_says_why(simulate_retries: SimulateRetries) -> None:
    class Refused(Job):
        @jobkit.before_enqueue
        def no(self) -> None:
            raise jobkit.Abort

        def perform(self) -> None: ...

    with pytest.raises(ConfigError, match="a before_enqueue callback aborted"):
        simulate_retries(Refused, raising=OSError)


@given(share=st.floats(0, 1, exclude_max=True), size=st.integers(1, 1000))
def test_held_chance_stays_in_its_range(share: float, size: int) -> None:
    source = HeldChance("seed")
    source.share = share

    assert 0 <= source.random() < 1
    assert source.randrange(size) in range(size)
    assert source.randrange(5, 5 + size) in range(5, 5 + size)
