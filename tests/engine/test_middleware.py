"""Middleware on both sides of the queue, as Sidekiq's."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from jobkit import Engine, Job, State, job, perform_all_later
from jobkit.envelope import Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind

story: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    story.clear()
    engine = Engine()
    with engine.active():
        yield engine


@job
def note(what: str) -> None:
    story.append(what)
    if what == "error":
        raise ValueError(what)


@job
async def note_async(what: str) -> None:
    story.append(what)


def client(name: str) -> Callable[[Envelope, Callable[[], None]], None]:
    def middleware(envelope: Envelope, proceed: Callable[[], None]) -> None:
        story.append(f"{name} before")
        proceed()
        story.append(f"{name} after")

    return middleware


def server(name: str) -> Callable[[Delivery], Generator[None, Outcome, None]]:
    def middleware(delivery: Delivery) -> Generator[None, Outcome, None]:
        story.append(f"{name} before")
        outcome = yield
        story.append(f"{name} after: {outcome.kind}")

    return middleware


class TestClientMiddleware:
    def test_the_first_is_the_outermost_around_each_push(self, engine: Engine) -> None:
        engine.client_middleware += [client("first"), client("second")]

        assert note.perform_later("x")
        assert story == ["first before", "second before", "second after", "first after"]
        assert len(engine.enqueued) == 1

    def test_one_that_does_not_proceed_keeps_the_job_out_and_is_named(self, engine: Engine) -> None:
        def keeps_out(envelope: Envelope, proceed: Callable[[], None]) -> None:
            if envelope.call.arguments[0] == "unwanted":
                return
            proceed()

        engine.client_middleware += [client("outer"), keeps_out]
        refused, taken = note.perform_later("unwanted"), note.perform_later("wanted")

        assert (refused.successfully_enqueued, taken.successfully_enqueued) == (False, True)
        assert "keeps_out did not proceed" in str(refused.enqueue_error)
        assert [record.arguments for record in engine.enqueued] == [["wanted"]]

    def test_of_many_jobs_only_those_that_it_kept_out_are_missing(self, engine: Engine) -> None:
        def without_b(envelope: Envelope, proceed: Callable[[], None]) -> None:
            if envelope.call.arguments != ["b"]:
                proceed()

        engine.client_middleware.append(without_b)
        jobs: list[Job] = [note.build(what) for what in "abc"]

        perform_all_later(jobs)

        assert [job.successfully_enqueued for job in jobs] == [True, False, True]
        assert len(engine.enqueued) == 2

    def test_it_may_change_the_message(self, engine: Engine) -> None:
        def to_low(envelope: Envelope, proceed: Callable[[], None]) -> None:
            envelope.queue = "low"
            proceed()

        engine.client_middleware.append(to_low)
        note.perform_later("x")

        assert [record.queue for record in engine.enqueued] == ["low"]

    def test_what_comes_back_from_a_delivery_does_not_pass_it_again(self, engine: Engine) -> None:
        note.perform_later("x")
        engine.client_middleware.append(lambda envelope, proceed: None)
        engine.lose_worker(engine.enqueued[0])

        assert engine.drain().succeeded == 1


class TestServerMiddleware:
    @pytest.mark.parametrize("target", [note, note_async])
    def test_the_first_is_the_outermost_around_each_delivery(self, engine: Engine, target: Any) -> None:
        engine.server_middleware += [server("first"), server("second")]
        target.perform_later("body")
        engine.drain()

        assert story == [
            "first before",
            "second before",
            "body",
            "second after: succeeded",
            "first after: succeeded",
        ]

    def test_it_sees_how_the_delivery_ended(self, engine: Engine) -> None:
        engine.server_middleware.append(server("it"))
        note.perform_later("error")
        engine.drain(errors="capture")

        assert story == ["it before", "error", "it after: failed"]

    def test_one_that_does_not_yield_drops_the_delivery_for_all_to_see(self, engine: Engine) -> None:
        def drops(delivery: Delivery) -> Generator[None, Outcome, None]:
            if delivery.number > 100:
                yield

        engine.server_middleware.append(drops)
        note.perform_later("x")
        engine.drain()

        (record,) = engine.performed
        assert story == []
        assert record.state is State.DROPPED
        assert "drops did not yield" in record.reason

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_an_error_of_its_own_fails_the_delivery(self, engine: Engine, when: str) -> None:
        def fails(delivery: Delivery) -> Generator[None, Outcome, None]:
            if when == "before":
                raise KeyError(when)
            yield
            raise KeyError(when)

        engine.server_middleware.append(fails)
        note.perform_later("x")
        with pytest.raises(KeyError):
            engine.drain()

        assert [record.error.args for record in engine.dead if record.error] == [(when,)]

    def test_a_second_yield_is_a_mistake_that_fails_the_delivery(self, engine: Engine) -> None:
        def twice(delivery: Delivery) -> Generator[None, Outcome, None]:
            yield
            yield

        engine.server_middleware.append(twice)
        note.perform_later("x")
        result = engine.drain(errors="capture")

        assert "yield once" in str(result.errors[0])
        assert result.records[0].outcome is not None
        assert result.records[0].outcome.kind is OutcomeKind.FAILED
