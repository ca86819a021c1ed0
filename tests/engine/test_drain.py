"""The drain and its policy: what it runs, in which order, and when it stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import jobkit
from jobkit import Engine, Job, QueueConfig, VirtualClock, current_job, job, retry_on
from jobkit.errors import ConfigError, DrainLimitError
from jobkit.fetch_order import QueueEntry

START = datetime(2026, 5, 1, 9, tzinfo=UTC)
ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine(clock=VirtualClock(start=START))
    with engine.active():
        yield engine


@job
def note(what: Any) -> None:
    ran.append(what)


@job
def parent(children: int) -> None:
    ran.append("parent")
    for number in range(children):
        note.perform_later(number)


@job
@retry_on(ValueError, wait=60, jitter=0)
def fails_once() -> None:
    ran.append(current_job().executions)
    if current_job().executions == 1:
        raise ValueError


def test_it_moves_the_clock_to_each_due_time_and_no_further(engine: Engine) -> None:
    note.set(wait=3600).perform_later("in an hour")
    note.set(wait_until=START + timedelta(minutes=5)).perform_later("in five minutes")
    note.perform_later("now")

    engine.drain()

    assert ran == ["now", "in five minutes", "in an hour"]
    assert engine.clock.now() == START + timedelta(hours=1)


def test_wait_until_wins_over_wait(engine: Engine) -> None:
    job = note.set(wait=5, wait_until=START + timedelta(days=1)).perform_later("x")

    assert job.scheduled_at == START + timedelta(days=1)


def test_until_leaves_what_is_due_later(engine: Engine) -> None:
    for minutes in (10, 60, 61):
        note.set(wait=timedelta(minutes=minutes)).perform_later(minutes)

    result = engine.drain(until=timedelta(hours=1))

    assert ran == [10, 60]
    assert (result.performed, result.remaining) == (2, 1)


def test_children_may_be_left_queued(engine: Engine) -> None:
    parent.perform_later(2)

    result = engine.drain(children=False)

    assert (result.performed, len(engine.enqueued)) == (1, 2)
    assert engine.drain().performed == 2


def test_retries_may_be_left_waiting(engine: Engine) -> None:
    fails_once.perform_later()

    result = engine.drain(retries=False)

    assert (result.performed, result.retried) == (1, 1)
    assert [record.scheduled_at for record in engine.retries] == [START + timedelta(seconds=60)]
    assert engine.scheduled == ()
    assert engine.drain().succeeded == 1


@pytest.mark.parametrize(
    "only",
    [note, note.job_class, "note", [note], lambda record: record.arguments == ["a"]],
    ids=["job", "class", "name", "list", "question"],
)
def test_only_takes_a_job_its_class_its_name_or_a_question(engine: Engine, only: Any) -> None:
    note.perform_later("a")
    parent.perform_later(0)

    assert engine.drain(only=only).performed == 1
    assert ran == ["a"]
    assert [record.name.rpartition(".")[2] for record in engine.enqueued] == ["parent"]


def test_except_and_queue_narrow_it_down(engine: Engine) -> None:
    note.set(queue="low").perform_later("low")
    note.perform_later("default")
    parent.perform_later(0)

    engine.drain(except_=parent, queue="default")

    assert ran == ["default"]
    assert len(engine.enqueued) == 2


def test_what_was_not_selected_keeps_its_place_and_does_not_move_the_clock(engine: Engine) -> None:
    note.set(wait=30).perform_later("later")
    note.perform_later("first")
    note.perform_later("second")

    engine.drain(only=parent)
    assert engine.clock.now() == START
    assert engine.drain().performed == 3

    assert ran == ["first", "second", "later"]


def test_a_job_that_enqueues_itself_for_ever_fails_with_the_chain_of_causes(engine: Engine) -> None:
    class Endless(Job):
        def perform(self, number: int) -> None:
            Endless.perform_later(number + 1)

    Endless.perform_later(0)
    with pytest.raises(DrainLimitError, match="performed 50 jobs") as raised:
        engine.drain(limit=50)

    assert "Endless -> " in str(raised.value)
    assert "Endless(50)" in str(raised.value)
    assert len(engine.enqueued) == 1


def test_errors_may_be_captured_and_the_rest_goes_on(engine: Engine) -> None:
    @job
    def fails(number: int) -> None:
        raise ValueError(number)

    fails.perform_later(1)
    note.perform_later("after")
    fails.perform_later(2)
    result = engine.drain(errors="capture")

    assert [error.args for error in result.errors] == [(1,), (2,)]
    assert (result.dead, result.succeeded) == (2, 1)


def test_lower_priority_numbers_go_first_and_equals_in_order(engine: Engine) -> None:
    for priority, what in ((5, "e"), (None, "b"), (1, "d"), (0, "c"), (-1, "a")):
        note.set(priority=priority).perform_later(what)

    engine.drain()

    assert ran == ["a", "b", "c", "d", "e"]


def test_a_job_that_fell_due_stands_before_what_is_enqueued_afterwards(engine: Engine) -> None:
    note.set(wait=10).perform_later("due earlier")
    engine.advance(seconds=20)
    note.perform_later("enqueued later")

    engine.drain()

    assert ran == ["due earlier", "enqueued later"]


def test_advance_queues_what_falls_due_and_runs_nothing(engine: Engine) -> None:
    note.set(wait=timedelta(hours=1)).perform_later("x")

    engine.advance(minutes=59)
    assert (len(engine.scheduled), len(engine.enqueued)) == (1, 0)
    engine.advance(minutes=1)

    assert (len(engine.scheduled), len(engine.enqueued)) == (0, 1)
    assert ran == []


def test_weighted_queues_are_served_in_proportion() -> None:
    ran.clear()
    entries = (QueueEntry("a", 3), QueueEntry("b", 2), QueueEntry("c", 1))
    engine = Engine(config=QueueConfig(queues=entries, max_retries=0))
    with engine.active():
        for _ in range(6000):
            for queue in "abc":
                note.set(queue=queue).perform_later(queue)
        engine.drain(limit=None)
    first = Counter(ran[:1200])

    assert 500 < first["a"] < 700
    assert 320 < first["b"] < 480
    assert 130 < first["c"] < 270


def test_a_strict_order_serves_a_lower_queue_only_when_the_higher_are_empty() -> None:
    ran.clear()
    engine = Engine(config=QueueConfig(queues=(QueueEntry("high"), QueueEntry("low"))))
    with engine.active():
        for queue in ("low", "high", "unlisted", "low", "high"):
            note.set(queue=queue).perform_later(queue)
        engine.drain()

    assert ran == ["high", "high", "low", "low", "unlisted"]


def test_inline_runs_each_job_inside_its_own_call_depth_first(engine: Engine) -> None:
    with engine.performing_inline():
        parent.perform_later(2)
        ran.append("back")
        fails_once.perform_later()

    assert ran == ["parent", 0, 1, "back", 1, 2]
    assert engine.clock.now() == START


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"errors": "ignore"}, "errors='ignore'"),
        ({"limit": 0}, "limit=0"),
        ({"only": note, "except_": parent}, "not both"),
        ({"until": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001  # the mistake under test
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(engine: Engine, policy: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        engine.drain(**policy)


@pytest.mark.asyncio
async def test_async_jobs_run_on_the_running_loop(engine: Engine) -> None:
    @job
    async def waits() -> str:
        return "done"

    waits.perform_later()
    with pytest.raises(ConfigError, match="adrain"):
        engine.drain()
    waits.perform_later()

    assert (await engine.adrain()).records[-1].result == "done"


def test_the_same_seed_gives_the_same_history() -> None:
    def story(seed: int) -> list[tuple[str, str | None, float]]:
        ran.clear()
        engine = Engine(seed=seed, config=QueueConfig(queues=(QueueEntry("a", 2), QueueEntry("b", 1)), max_retries=3))
        with engine.active():
            for number in range(20):
                fails_once.set(queue="ab"[number % 2]).perform_later()
            engine.drain()
        return [(event.name, event.job_id, event.time) for event in engine.history]

    assert story(1) == story(1) != story(2)


def test_subscribers_see_the_events_they_asked_for_until_they_stop(engine: Engine) -> None:
    seen: list[str] = []
    with jobkit.subscribe(lambda event: seen.append(event.name), events=["perform", "enqueue"]):
        note.perform_later(1)
        engine.drain()
    note.perform_later(2)

    assert seen == ["enqueue", "perform"]


def test_a_method_is_taken_for_a_job_and_never_called(engine: Engine) -> None:
    class Mailer:
        def send(self, to: object) -> None:
            ran.append("called")

    note.perform_later("x")

    assert engine.drain(only=Mailer().send).performed == 0
    assert ran == []
