"""Retries are Celery's own: their number, their times on the virtual clock, and what is left when they are used up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import MaxRetriesExceededError

from jobkit.clock import VirtualClock
from jobkit.engine import Engine
from pytest_jobkit.capture.celery import CeleryCapture

pytestmark = pytest.mark.usefixtures("capture")


def test_an_explicit_retry_runs_again_after_its_countdown_with_the_same_id(
    app: Celery, engine: Engine, seconds: Callable[[], float]
) -> None:
    attempts: list[tuple[float, int, str]] = []

    @app.task(shared=False, name="shop.charge", bind=True)
    def charge(self: Any, order_id: int) -> str:
        attempts.append((seconds(), self.request.retries, self.request.id))
        if self.request.retries < 2:
            raise self.retry(countdown=60)
        return "paid"

    result = charge.delay(42)
    summary = engine.drain()

    assert attempts == [(0.0, 0, result.id), (60.0, 1, result.id), (120.0, 2, result.id)]
    assert (summary.retried, summary.succeeded) == (2, 1)
    assert [job.executions for job in engine.performed] == [1, 2, 3]
    assert result.get() == "paid"


def test_a_retry_without_a_countdown_waits_the_three_minutes_of_the_default(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.charge", bind=True)
    def charge(self: Any) -> None:
        self.retry()

    charge.delay()
    engine.drain(retries=False)

    (retry,) = engine.retries
    assert retry.scheduled_at is not None
    assert (retry.scheduled_at - engine.clock.now()).total_seconds() == 180


def test_autoretry_waits_by_its_backoff_and_gives_up_with_the_error(
    app: Celery, engine: Engine, seconds: Callable[[], float]
) -> None:
    attempts: list[float] = []

    @app.task(
        shared=False,
        name="shop.flaky",
        autoretry_for=(OSError,),
        retry_backoff=2,
        retry_backoff_max=5,
        retry_jitter=False,
        max_retries=3,
    )
    def flaky() -> None:
        attempts.append(seconds())
        raise OSError("the gateway is away")

    flaky.delay()
    summary = engine.drain(errors="capture")

    assert attempts == [0, 2, 6, 11]
    assert (summary.retried, summary.dead) == (3, 1)
    (dead,) = engine.dead
    assert isinstance(dead.error, OSError)
    assert (dead.executions, dead.attempts_max) == (4, 4)


def test_an_error_that_nobody_handles_is_raised_by_the_drain(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.broken")
    def broken() -> None:
        raise LookupError("order 42 is gone")

    result = broken.delay()

    with pytest.raises(LookupError, match="order 42 is gone"):
        engine.drain()
    assert result.state == "FAILURE"
    assert [job.name for job in engine.dead] == ["shop.broken"]


def test_retries_that_are_used_up_without_an_error_say_so(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.poll", bind=True, max_retries=1)
    def poll(self: Any) -> None:
        self.retry(countdown=1)

    poll.delay()
    engine.drain(errors="capture")

    assert [type(job.error) for job in engine.dead] == [MaxRetriesExceededError]


def test_a_type_of_error_that_is_exempt_from_autoretry_is_final_at_once(app: Celery, engine: Engine) -> None:
    @app.task(
        shared=False, name="shop.pick", autoretry_for=(LookupError,), dont_autoretry_for=(KeyError,), retry_backoff=True
    )
    def pick() -> None:
        raise KeyError("sku")

    pick.delay()
    engine.drain(errors="capture")

    assert [job.executions for job in engine.dead] == [1]


@pytest.mark.parametrize("seed", [0, 1])
def test_jitter_comes_from_the_seed_of_the_engine(app: Celery, seed: int) -> None:
    @app.task(shared=False, name="shop.flaky", autoretry_for=(OSError,), retry_backoff=60)
    def flaky() -> None:
        raise OSError("the gateway is away")

    def waits() -> list[float]:
        engine, capture = Engine(seed=seed), CeleryCapture()
        capture.install(engine.push, engine.clock, engine.chance("celery"))
        try:
            flaky.delay()
            engine.drain(errors="capture")
        finally:
            capture.uninstall()
        starts = [job.started_at.timestamp() for job in engine.performed if job.started_at]
        return [later - earlier for earlier, later in pairwise(starts)]

    first = waits()

    assert waits() == first
    assert [0 <= wait <= 60 * 2**n for n, wait in enumerate(first)] == [True] * 3


def test_the_attempts_that_a_task_allows_are_its_retries_and_one(app: Celery, engine: Engine) -> None:
    options: list[dict[str, Any]] = [
        {},
        {"max_retries": None},
        {"max_retries": 0},
        {"autoretry_for": (OSError,), "retry_kwargs": {"max_retries": 7}},
    ]
    for number, chosen in enumerate(options):
        app.task(shared=False, name=f"shop.task{number}", **chosen)(lambda_like()).delay()

    assert [job.attempts_max for job in engine.enqueued] == [4, None, 1, 8]


def lambda_like() -> Callable[[], None]:
    """A new function each time: Celery cannot make a task of a lambda."""

    def body() -> None: ...

    return body


def test_expires_and_options_of_the_call_survive_a_retry(app: Celery, engine: Engine) -> None:
    ran: list[int] = []

    @app.task(shared=False, name="shop.offer", bind=True)
    def offer(self: Any) -> None:
        ran.append(self.request.retries)
        raise self.retry(countdown=60)

    offer.apply_async(expires=90, queue="offers")
    engine.drain()

    assert ran == [0, 1]
    assert [job.queue for job in engine.performed] == ["offers"] * 3
    last = engine.performed[-1]
    assert (last.state, last.reason.partition(" (")[0]) == ("discarded", "expired before it ran")


def test_signals_hooks_and_states_are_those_of_a_worker(app: Celery, engine: Engine) -> None:
    from celery import Task, signals

    seen: list[str] = []

    class Watched(Task):  # type: ignore[misc, type-arg, unused-ignore]  # Celery has types only with its stubs
        def on_retry(self, exc: Exception, *_: Any) -> None:
            seen.append(f"on_retry {exc}")

        def on_failure(self, exc: Exception, *_: Any) -> None:
            seen.append(f"on_failure {exc}")

        def after_return(self, status: str, *_: Any) -> None:
            seen.append(f"after_return {status}")

    def note(name: str) -> Callable[..., None]:
        return lambda **_: seen.append(name)

    names = ["task_received", "task_prerun", "task_retry", "task_failure", "task_postrun"]
    notes = {name: note(name) for name in names}
    for name, receiver in notes.items():
        getattr(signals, name).connect(receiver)

    @app.task(shared=False, name="shop.flaky", base=Watched, bind=True, max_retries=1)
    def flaky(self: Any) -> None:
        raise self.retry(countdown=1, exc=OSError("away"))

    result = flaky.delay()
    try:
        engine.drain(errors="capture")
    finally:
        for name, receiver in notes.items():
            getattr(signals, name).disconnect(receiver)

    assert seen == [
        *["task_received", "task_prerun", "on_retry away", "task_retry", "task_postrun"],
        *["task_received", "task_prerun", "on_failure away", "task_failure", "after_return FAILURE", "task_postrun"],
    ]
    assert result.state == "FAILURE"


def test_the_clock_that_the_framework_reckons_with_is_the_engines(app: Celery, engine: Engine) -> None:
    assert isinstance(engine.clock, VirtualClock)
    before = app.now()

    engine.clock.advance(hours=5)

    assert (app.now() - before).total_seconds() == 5 * 3600
    assert app.now() == engine.clock.now()
