"""Continuations: steps, cursors, interruption and resumption (spec: H.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from jobkit import (
    Engine,
    InvalidStepError,
    Job,
    ResumeLimitError,
    job,
    retry_on,
    step,
)

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


def names(engine: Engine) -> list[str]:
    return [event.name for event in engine.history]


class Steps(Job):
    def perform(self, count: int) -> None:
        ran.append("outside")
        step("first", lambda it: ran.append("first"))

        @step("second", start=0)
        def loop(it: Any) -> None:
            while it.cursor < count:
                ran.append(it.cursor)
                it.advance()

        step("third", lambda it: ran.append("third"))


def interrupt_once(engine: Engine, name: str, cursor: object) -> None:
    left = [True]

    def question(job: Any) -> object:
        current = job.continuation.current
        return current is not None and (current.name, current.cursor) == (name, cursor) and left and left.pop()

    engine.stop_when.append(question)


class TestContinuations:
    def test_an_interrupted_job_goes_on_at_its_cursor_and_skips_what_is_done(self, engine: Engine) -> None:
        interrupt_once(engine, "second", 2)
        Steps.perform_later(3)
        start = engine.clock.now()

        result = engine.drain()

        assert (result.interrupted, result.succeeded) == (1, 1)
        assert ran == ["outside", "first", 0, 1, "outside", 2, "third"]
        assert engine.clock.now() - start == timedelta(seconds=5)
        assert "interrupt" in names(engine)
        assert names(engine).index("resume") < names(engine).index("step_skipped")

    def test_an_error_after_progress_resumes_before_any_retry_on_is_asked(self, engine: Engine) -> None:
        @retry_on(ValueError, wait=3600)
        class Stumbles(Job):
            def perform(self) -> None:
                step("first", lambda it: ran.append("first"))
                step("second", lambda it: self.stumble())

            def stumble(self) -> None:
                ran.append("second")
                if ran.count("second") == 1:
                    raise ValueError

        Stumbles.perform_later()
        result = engine.drain()

        assert ran == ["first", "second", "second"]
        assert (result.interrupted, result.retried) == (1, 0)

    def test_an_isolated_step_gets_an_execution_of_its_own(self, engine: Engine) -> None:
        class Isolating(Job):
            def perform(self) -> None:
                step("a", lambda it: ran.append(("a", self.executions)))
                step("b", lambda it: ran.append(("b", self.executions)), isolated=True)
                step("c", lambda it: ran.append(("c", self.executions)))

        Isolating.perform_later()
        engine.drain()

        assert ran == [("a", 1), ("b", 2), ("c", 3)]

    def test_resumptions_may_be_limited(self, engine: Engine) -> None:
        class Limited(Steps):
            max_resumptions = 0

        interrupt_once(engine, "second", 1)
        Limited.perform_later(3)
        result = engine.drain(errors="capture")

        assert result.dead == 1
        assert isinstance(result.errors[0], ResumeLimitError)

    async def run_async(self, it: Any) -> None:
        ran.append("async")

    def test_async_jobs_await_their_steps(self, engine: Engine) -> None:
        async def body(it: Any) -> str:
            ran.append(it.name)
            return "value"

        @job
        async def waits() -> str:
            return str(await step("waiting", body))

        waits.perform_later()

        assert engine.drain().records[0].result == "value"
        assert "step" in names(engine)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (lambda: (step("a", lambda it: None), step("a", lambda it: None)), "two steps named 'a'"),
            (lambda: step("a", lambda it: step("b", lambda it: None)), "steps do not nest"),
            (lambda: step("", lambda it: None), "a text"),
            (lambda: step("a", lambda it: it.advance(), start="x"), "no successor"),
        ],
        ids=["twice", "nested", "nameless", "no successor"],
    )
    def test_steps_that_could_not_be_resumed_are_refused(self, engine: Engine, body: Any, says: str) -> None:
        class Wrong(Job):
            resume_errors_after_advancing = False

            def perform(self) -> None:
                body()

        Wrong.perform_later()
        with pytest.raises(InvalidStepError, match=says):
            engine.drain()

    def test_another_order_of_steps_than_before_is_refused(self, engine: Engine) -> None:
        order = ["a", "b"]

        class Reordered(Job):
            resume_errors_after_advancing = False

            def perform(self) -> None:
                for name in order:
                    step(name, lambda it: it.set(1))

        interrupt_once(engine, "b", 1)
        Reordered.perform_later()
        order_seen = engine.drain(retries=False)
        order.reverse()

        assert order_seen.interrupted == 1
        with pytest.raises(InvalidStepError, match="old order"):
            engine.drain()

    def test_a_step_outside_of_a_job_is_refused(self) -> None:
        with pytest.raises(InvalidStepError, match="outside of a job"):
            step("a", lambda it: None)
