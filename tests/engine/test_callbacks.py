"""Callbacks: order, halting, inheritance, conditions, in sync and async jobs (spec: D)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import jobkit
from jobkit import (
    Abort,
    Engine,
    Job,
    after_enqueue,
    after_perform,
    around_enqueue,
    around_perform,
    before_enqueue,
    before_perform,
    job,
)
from jobkit.errors import ConfigError

Proceed = Callable[[], Any]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    with engine.active():
        yield engine


@pytest.fixture
def story() -> list[str]:
    return []


def test_befores_run_in_order_afters_in_reverse_and_an_around_holds_what_stands_below_it(
    engine: Engine, story: list[str]
) -> None:
    class Told(Job):
        @before_perform
        def a(self) -> None:
            story.append("A")

        @around_perform
        def b(self, proceed: Proceed) -> None:
            story.append("B first half")
            proceed()
            story.append("B second half")

        @after_perform
        def c(self) -> None:
            story.append("C")

        @before_perform
        def d(self) -> None:
            story.append("D")

        def perform(self) -> None:
            story.append("perform")

    Told.perform_later()
    engine.drain()

    assert story == ["A", "B first half", "D", "perform", "C", "B second half"]


def test_callbacks_of_a_base_class_are_outermost(engine: Engine, story: list[str]) -> None:
    class Base(Job):
        @before_perform
        def first(self) -> None:
            story.append("base")

        @after_perform
        def last(self) -> None:
            story.append("base after")

    class Derived(Base):
        @before_perform
        def second(self) -> None:
            story.append("derived")

        @after_perform
        def earlier(self) -> None:
            story.append("derived after")

        def perform(self) -> None:
            story.append("perform")

    Derived.perform_later()
    engine.drain()

    assert story == ["base", "derived", "perform", "derived after", "base after"]


def test_an_abort_skips_the_rest_but_the_second_half_of_open_arounds(engine: Engine, story: list[str]) -> None:
    class Halted(Job):
        @around_perform
        def around(self, proceed: Proceed) -> None:
            story.append("open")
            proceed()
            story.append("close")

        @after_perform
        def after(self) -> None:
            story.append("after")

        @before_perform
        def stop(self) -> None:
            raise Abort

        @before_perform
        def never(self) -> None:
            story.append("never")

        def perform(self) -> None:
            story.append("perform")

    Halted.perform_later()
    result = engine.drain()

    assert story == ["open", "close"]
    assert (result.halted, result.retried, result.remaining) == (1, 0, 0)
    assert [event.aborted for event in engine.history if isinstance(event, jobkit.events.Perform)] == [True]
    assert Halted.perform_now() is False


def test_a_callback_that_returns_false_does_not_halt(engine: Engine) -> None:
    class Goes(Job):
        @before_perform
        def says_no(self) -> bool:
            return False

        def perform(self) -> None:
            pass

    Goes.perform_later()

    assert engine.drain().succeeded == 1


def test_an_around_that_does_not_proceed_keeps_the_body_out_and_afters_above_it_still_run(
    engine: Engine, story: list[str]
) -> None:
    class Kept(Job):
        @after_perform
        def above(self) -> None:
            story.append("above")

        @around_perform
        def around(self, proceed: Proceed) -> None:
            story.append("around")

        @after_perform
        def below(self) -> None:
            story.append("below")

        def perform(self) -> None:
            story.append("perform")

    Kept.perform_later()
    result = engine.drain()

    assert story == ["around", "above"]
    assert result.halted == 1
    assert result.records[0].reason == "an around_perform did not proceed"
    assert [event.aborted for event in engine.history if isinstance(event, jobkit.events.Perform)] == [False]


def test_an_error_skips_afters_and_reaches_the_around(engine: Engine, story: list[str]) -> None:
    class Failing(Job):
        @around_perform
        def around(self, proceed: Proceed) -> None:
            try:
                proceed()
            finally:
                story.append("finally")

        @after_perform
        def after(self) -> None:
            story.append("after")

        def perform(self) -> None:
            raise ValueError

    Failing.perform_later()
    engine.drain(errors="capture")

    assert story == ["finally"]


def test_a_later_method_of_the_same_name_replaces_the_earlier(engine: Engine, story: list[str]) -> None:
    class Base(Job):
        @before_perform
        def check(self) -> None:
            story.append("base")

    class Derived(Base):
        @before_perform
        def check(self) -> None:
            story.append("derived")

        def perform(self) -> None:
            pass

    Derived.perform_later()
    engine.drain()

    assert story == ["derived"]


def test_callbacks_may_have_conditions(engine: Engine, story: list[str]) -> None:
    class Choosy(Job):
        @before_perform(if_=lambda job: job.arguments[0] > 1)
        def big(self) -> None:
            story.append("big")

        @before_perform(unless=lambda job: job.arguments[0] > 1)
        def small(self) -> None:
            story.append("small")

        def perform(self, number: int) -> None:
            pass

    Choosy.perform_later(1)
    Choosy.perform_later(2)
    engine.drain()

    assert story == ["small", "big"]


def test_functions_take_callbacks_as_decorators_above_or_below_job(engine: Engine, story: list[str]) -> None:
    def instrument(job: Job, proceed: Proceed) -> None:
        story.append(f"before {job.arguments}")
        proceed()
        story.append("after")

    @around_perform(instrument)
    @job
    def above(number: int) -> None:
        story.append("body")

    @job
    @around_perform(instrument)
    def below(number: int) -> None:
        story.append("body")

    above.perform_later(1)
    below.perform_later(2)
    engine.drain()

    assert story == ["before [1]", "body", "after", "before [2]", "body", "after"]


def test_enqueue_callbacks_run_around_the_push(engine: Engine, story: list[str]) -> None:
    class Told(Job):
        @before_enqueue
        def before(self) -> None:
            story.append(f"before {len(engine.enqueued)}")

        @around_enqueue
        def around(self, proceed: Proceed) -> None:
            proceed()
            story.append(f"around {len(engine.enqueued)}")

        @after_enqueue
        def after(self) -> None:
            story.append(f"after {self.successfully_enqueued}")

        def perform(self) -> None:
            pass

    Told.perform_later()

    assert story == ["before 0", "after True", "around 1"]


def test_an_abort_before_enqueue_keeps_the_job_out(engine: Engine) -> None:
    class Refused(Job):
        @before_enqueue
        def no(self) -> None:
            raise Abort

        def perform(self) -> None:
            pass

    refused = Refused.perform_later()

    assert not refused
    assert refused.successfully_enqueued is False
    assert engine.enqueued == ()
    assert [event.aborted for event in engine.history if isinstance(event, jobkit.events.Enqueue)] == [True]


def test_perform_all_later_runs_no_enqueue_callbacks_and_publishes_one_event(engine: Engine, story: list[str]) -> None:
    class Told(Job):
        @before_enqueue
        def before(self) -> None:
            story.append("before")

        def perform(self, number: int) -> None:
            pass

    jobkit.perform_all_later(Told.build(1), [Told.build(2), (Told.build(3),)])

    assert story == []
    assert len(engine.enqueued) == 3
    (event,) = engine.history
    assert (event.name, event.enqueued_count) == ("enqueue_all", 3)  # type: ignore[attr-defined]  # EnqueueAll


def test_async_jobs_take_async_callbacks_and_generators(engine: Engine, story: list[str]) -> None:
    def timed(job: Job) -> Iterator[None]:
        story.append("enter")
        yield
        story.append("leave")

    @around_perform(timed)
    class Waiting(Job):
        @before_perform
        async def before(self) -> None:
            story.append("before")

        @around_perform
        async def around(self, proceed: Proceed) -> None:
            await proceed()
            story.append("around")

        async def perform(self) -> str:
            story.append("body")
            return "done"

    Waiting.perform_later()
    result = engine.drain()

    assert story == ["enter", "before", "body", "around", "leave"]
    assert result.records[0].result == "done"


def test_a_plain_around_of_an_async_job_is_refused_with_what_to_write(engine: Engine) -> None:
    class Waiting(Job):
        @around_perform
        def around(self, proceed: Proceed) -> None:
            proceed()

        async def perform(self) -> None:
            pass

    Waiting.perform_later()
    with pytest.raises(ConfigError, match="async def"):
        engine.drain()


def test_a_decorator_on_something_that_is_no_job_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a jobkit Job"):

        @before_perform(lambda job: None)
        class NoJob:
            pass
