"""`unique`: each lock and each strategy, time to live, crashes (spec: F)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from jobkit import Engine, Job, State, UniqueConflict, retry_on, unique
from jobkit.errors import ConfigError
from jobkit.events import Conflict
from jobkit.unique_lock import LockType

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


def unique_job(lock: str, on_conflict: str | None = None, **options: Any) -> type[Job]:
    @retry_on(ValueError, wait=60, attempts=3, jitter=0)
    @unique(lock=lock, on_conflict=on_conflict, **options)
    class Only(Job):
        failures = 0

        def perform(self, number: int) -> None:
            ran.append(number)
            if type(self).failures:
                type(self).failures -= 1
                raise ValueError

    return Only


AT_PUSH = [kind.value for kind in LockType if "until" in kind]


@pytest.mark.parametrize("lock", AT_PUSH)
def test_a_second_equal_job_is_not_enqueued_while_the_first_waits(engine: Engine, lock: str) -> None:
    only = unique_job(lock, ttl=3600)

    first, second, other = only.perform_later(1), only.perform_later(1), only.perform_later(2)

    assert (bool(first), bool(second), bool(other)) == (True, False, True)
    assert "is a duplicate" in str(second.enqueue_error)
    assert len(engine.enqueued) == 2
    assert [event.holder for event in engine.history if isinstance(event, Conflict)] == [first.job_id]


@pytest.mark.parametrize(
    ("lock", "held"), [("until_executing", False), ("until_executed", True), ("until_and_while_executing", False)]
)
def test_whether_an_equal_job_may_be_enqueued_while_the_first_runs(engine: Engine, lock: str, held: bool) -> None:
    @unique(lock=lock, key=lambda number: number)
    class Nested(Job):
        def perform(self, number: int) -> None:
            if self.executions == 1 and not ran:
                ran.append(bool(Nested.perform_later(number)))

    Nested.perform_later(1)
    engine.drain()

    assert ran == [not held]


@pytest.mark.parametrize("lock", ["until_executing", "until_executed", "until_and_while_executing"])
def test_after_the_job_the_lock_is_free(engine: Engine, lock: str) -> None:
    only = unique_job(lock)
    only.perform_later(1)
    engine.drain()

    assert len(engine.locks) == 0
    assert only.perform_later(1)


def test_until_expired_outlives_the_job_and_ends_by_time_alone(engine: Engine) -> None:
    only = unique_job("until_expired", ttl=timedelta(hours=1))
    only.perform_later(1)
    engine.drain()

    assert not only.perform_later(1)
    engine.advance(hours=1)
    assert only.perform_later(1)


@pytest.mark.parametrize("lock", AT_PUSH)
def test_the_lock_protects_the_retries(engine: Engine, lock: str) -> None:
    only = unique_job(lock)
    only.failures = 1  # type: ignore[attr-defined]  # of the class above
    only.perform_later(1)
    engine.drain(retries=False)

    assert not only.perform_later(1)
    assert engine.drain().succeeded == 1


def test_a_dead_job_frees_its_lock(engine: Engine) -> None:
    only = unique_job("until_executed")
    only.failures = 3  # type: ignore[attr-defined]  # of the class above
    only.perform_later(1)
    engine.drain(errors="capture")

    assert len(engine.dead) == 1
    assert len(engine.locks) == 0


def test_the_time_to_live_begins_when_a_scheduled_job_is_due(engine: Engine) -> None:
    only = unique_job("until_executed", ttl=60)
    only.set(wait=600).perform_later(1)

    engine.advance(seconds=659)
    assert not only.perform_later(1)
    engine.advance(seconds=1)
    assert only.perform_later(1)


def test_a_job_whose_lock_lapsed_and_was_taken_does_not_run_and_is_not_retried(engine: Engine) -> None:
    only = unique_job("until_executed", ttl=60)
    only.perform_later(1)
    engine.advance(seconds=61)
    second = only.perform_later(1)

    result = engine.drain()

    assert (result.dropped, result.succeeded) == (1, 1)
    assert second.job_id in result.records[0].reason


def test_a_conflict_may_raise(engine: Engine) -> None:
    only = unique_job("until_executed", "raise")
    only.perform_later(1)

    with pytest.raises(UniqueConflict, match="is a duplicate"):
        only.perform_later(1)


def test_a_conflict_may_put_the_second_job_into_the_dead_set(engine: Engine) -> None:
    only = unique_job("until_executed", "reject")
    only.perform_later(1)
    second = only.perform_later(1)

    assert [record.job_id for record in engine.dead] == [second.job_id]
    assert not second


def test_a_conflict_may_replace_the_job_that_waits(engine: Engine) -> None:
    only = unique_job("until_executed", "replace")
    only.perform_later(1)
    second = only.set(wait=60).perform_later(1)

    assert engine.enqueued == ()
    assert [record.job_id for record in engine.scheduled] == [second.job_id]


def test_a_conflict_may_try_again_in_five_seconds_once_without_the_lock(engine: Engine) -> None:
    only = unique_job("until_executed", "reschedule")
    only.perform_later(1)
    only.perform_later(1)

    assert [record.scheduled_at - engine.clock.now() for record in engine.scheduled if record.scheduled_at] == [
        timedelta(seconds=5)
    ]
    assert engine.drain().succeeded == 2


def run_two_at_once(engine: Engine, lock: str, on_conflict: str | None) -> Any:
    """Perform a job that, while it runs, has the equal one delivered by another worker."""

    @unique(lock=lock, on_conflict=on_conflict, key=lambda number: "same")
    class Running(Job):
        def perform(self, number: int) -> None:
            ran.append(number)
            if number == 1:
                ran.append(engine.deliver(engine.enqueued[0].job_id).state)

    Running.perform_later(1)
    Running.perform_later(2)
    return engine.drain(errors="capture", limit=20)


@pytest.mark.parametrize("on_conflict", [None, "log"])
def test_while_executing_keeps_the_second_from_running_at_the_same_time(
    engine: Engine, on_conflict: str | None
) -> None:
    run_two_at_once(engine, "while_executing", on_conflict)

    assert ran == [1, State.DROPPED]


@pytest.mark.parametrize(("lock", "on_conflict"), [("while_executing_reject", None), ("while_executing", "reject")])
def test_while_executing_may_reject_the_second_into_the_dead_set(
    engine: Engine, lock: str, on_conflict: str | None
) -> None:
    run_two_at_once(engine, lock, on_conflict)

    assert ran == [1, State.DROPPED]
    assert len(engine.dead) == 1


def test_while_executing_may_try_the_second_again(engine: Engine) -> None:
    run_two_at_once(engine, "while_executing", "reschedule")

    assert ran == [1, State.DROPPED, 2]


def test_while_executing_is_let_go_on_an_error(engine: Engine) -> None:
    only = unique_job("while_executing")
    only.failures = 1  # type: ignore[attr-defined]  # of the class above
    only.perform_later(1)

    assert engine.drain().succeeded == 1
    assert len(engine.locks) == 0


def test_the_redelivery_of_a_lost_worker_s_job_holds_its_lock_still(engine: Engine) -> None:
    only = unique_job("until_executed")
    engine.lose_worker(only.perform_later(1))

    assert engine.drain().succeeded == 1


def test_a_lock_whose_job_is_gone_is_freed_by_the_reaper(engine: Engine) -> None:
    only = unique_job("until_executed")
    job = only.perform_later(1)
    engine.pending.remove(lambda envelope: envelope.job_id == job.job_id)

    assert engine.reap_locks() == []
    engine.advance(seconds=21)
    assert len(engine.reap_locks()) == 1
    assert only.perform_later(1)


def test_the_queue_is_part_of_the_identity_unless_it_is_to_make_no_difference(engine: Engine) -> None:
    apart, across = unique_job("until_executed"), unique_job("until_executed", across_queues=True)

    assert apart.perform_later(1)
    assert apart.set(queue="low").perform_later(1)
    assert across.perform_later(1)
    assert not across.set(queue="low").perform_later(1)


def test_a_limit_lets_several_hold_the_lock(engine: Engine) -> None:
    only = unique_job("until_executed", limit=2)

    assert [bool(only.perform_later(1)) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("options", [{"lock": "forever"}, {"on_conflict": "explode"}, {"limit": 0}])
def test_a_wrong_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        unique(**options)


def test_a_key_that_cannot_take_the_arguments_says_so(engine: Engine) -> None:
    only = unique_job("until_executed", key=lambda: "nothing")

    with pytest.raises(ConfigError, match="cannot be called with its arguments"):
        only.perform_later(1)
