"""discard_on, rescue_from, after_discard and perform_now (spec: C.5, C.6, Appendix 1)."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

import jobkit
from jobkit import Engine, Job, after_discard, discard_on, job, rescue_from, retry_on
from jobkit.errors import DeserializationError, RecordNotFound


class A(Exception):
    pass


@pytest.fixture
def engine() -> Any:
    engine = Engine()
    with engine.active():
        yield engine


def names(engine: Engine) -> list[str]:
    return [event.name for event in engine.history]


def test_a_discarded_job_runs_once_and_its_handler_comes_before_after_discard(engine: Engine) -> None:
    story: list[Any] = []

    @after_discard(lambda job, error: story.append("after_discard"))
    @discard_on(A, handler=lambda job, error: story.append((job.arguments, type(error))))
    @job
    def failing(number: int) -> None:
        raise A

    failing.perform_later(7)
    result = engine.drain()

    assert (result.performed, result.discarded) == (1, 1)
    assert story == [([7], A), "after_discard"]
    assert names(engine) == ["enqueue", "perform_start", "discard", "perform"]


def test_an_error_nobody_takes_is_raised_with_the_rest_still_queued(engine: Engine) -> None:
    @job
    def failing() -> None:
        raise A("first")

    failing.perform_later()
    failing.perform_later()
    with pytest.raises(A, match="first"):
        engine.drain()

    assert len(engine.enqueued) == 1
    assert [record.name.rpartition(".")[2] for record in engine.dead] == ["failing"]


def test_every_after_discard_runs_in_order_and_the_last_error_of_theirs_is_the_job_s(engine: Engine) -> None:
    story = []

    def first(job: Job, error: BaseException) -> None:
        story.append("first")
        raise ValueError("first")

    def second(job: Job, error: BaseException) -> None:
        story.append("second")
        raise ValueError("second")

    @job
    @after_discard(first)
    @after_discard(second)
    @discard_on(A)
    def failing() -> None:
        raise A

    failing.perform_later()
    result = engine.drain(errors="capture")

    assert story == ["first", "second"]
    assert [str(error) for error in result.errors] == ["second"]


def test_rescue_from_takes_the_error_and_after_discard_does_not_run(engine: Engine) -> None:
    story: list[Any] = []

    @job
    @after_discard(lambda job, error: story.append("after_discard"))
    @rescue_from(A, handler=lambda job, error: story.append("rescued"))
    def failing() -> None:
        raise A

    failing.perform_later()
    result = engine.drain()

    assert (result.rescued, result.dead) == (1, 0)
    assert story == ["rescued"]


def test_a_rescue_may_retry_the_job(engine: Engine) -> None:
    def again(job: Job, error: BaseException) -> None:
        if job.executions < 3:
            job.retry_job(wait=10)

    @job
    @rescue_from(A, handler=again)
    def failing() -> None:
        raise A

    failing.perform_later()
    result = engine.drain()

    assert (result.performed, result.retried, result.rescued) == (3, 2, 1)


def test_a_handler_may_be_the_name_of_a_method(engine: Engine) -> None:
    @discard_on(A, handler="note")
    class Failing(Job):
        noted: ClassVar[list[BaseException]] = []

        def note(self, error: BaseException) -> None:
            self.noted.append(error)

        def perform(self) -> None:
            raise A

    Failing.perform_later()
    engine.drain()

    assert [type(error) for error in Failing.noted] == [A]


def test_an_error_in_a_handler_replaces_the_job_s_and_is_not_offered_to_other_handlers(engine: Engine) -> None:
    def broken(job: Job, error: BaseException) -> None:
        raise KeyError("handler")

    @job
    @discard_on(KeyError)
    @discard_on(A, handler=broken)
    def failing() -> None:
        raise A

    failing.perform_later()
    result = engine.drain(errors="capture")

    assert (result.discarded, result.dead) == (0, 1)
    assert isinstance(result.errors[0], KeyError)


def test_perform_now_raises_the_error_after_its_retry_was_enqueued_and_says_so(engine: Engine) -> None:
    @job
    @retry_on(A, jitter=0)
    def failing() -> None:
        raise A("now")

    with pytest.raises(A, match="now") as raised:
        failing.perform_now()

    assert [record.executions for record in engine.retries] == [1]
    assert "retried" in raised.value.__notes__[0]


def test_perform_now_gives_the_result_of_the_body(engine: Engine) -> None:
    @job
    def double(number: int) -> int:
        return number * 2

    @job
    async def double_later(number: int) -> int:
        return number * 2

    assert double(4) == double.perform_now(4) == 8
    assert asyncio.run(double_later.perform_now(4)) == 8
    assert engine.performed == ()


def test_a_wait_has_no_effect_on_perform_now(engine: Engine) -> None:
    @job
    def where() -> str:
        return str(jobkit.current_job().queue_name)

    assert where.set(wait=3600, queue="low").perform_now() == "low"


class Record:
    """Something that is stored elsewhere and may be gone when the job runs."""

    stored: ClassVar[dict[str, Record]] = {}

    def __init__(self, key: str) -> None:
        self.key = key


def fetch(key: str) -> Record:
    return Record.stored[key]


jobkit.register_reference(Record, lambda record: record.key, fetch)


def test_a_record_that_is_gone_is_retried_before_any_callback_runs(engine: Engine) -> None:
    story: list[Any] = []

    @retry_on(DeserializationError, attempts=5, jitter=0, handler=lambda job, error: story.append(type(error)))
    class NeedsRecord(Job):
        @jobkit.before_perform
        def note(self) -> None:
            story.append("callback")

        def perform(self, record: Record) -> None:
            story.append("body")

    NeedsRecord.perform_later(Record("gone"))
    result = engine.drain()

    assert (result.performed, result.retried, result.discarded) == (5, 4, 1)
    assert story == [RecordNotFound]
    assert "perform_start" not in names(engine)


def test_a_record_is_fetched_anew_at_each_execution(engine: Engine) -> None:
    seen = []

    @job
    def takes(record: Record) -> None:
        seen.append(record)

    old = Record.stored["a"] = Record("a")
    takes.perform_later(old)
    new = Record.stored["a"] = Record("a")
    engine.drain()

    assert seen == [new]


def test_a_message_of_a_class_that_is_gone_dies_with_the_name_of_the_class(engine: Engine) -> None:
    from jobkit import registry

    @job
    def renamed() -> None:
        pass

    renamed.perform_later()
    del registry._classes[f"{__name__}.{renamed.function.__qualname__}"]
    result = engine.drain(errors="capture")

    assert result.dead == 1
    assert "renamed" in str(result.errors[0])
