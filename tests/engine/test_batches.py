"""Batches on the engine: complete, success and death, nested and added to (spec: H.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from jobkit import (
    Batch,
    Engine,
    current_batch,
    current_job,
    job,
    retry_on,
)
from jobkit.events import BatchEvent

ran: list[Any] = []


@pytest.fixture
def engine() -> Iterator[Engine]:
    ran.clear()
    engine = Engine()
    with engine.active():
        yield engine


@job
def note(what: Any) -> None:
    ran.append(what)


@job
@retry_on(ValueError, wait=60, attempts=2, jitter=0)
def fails(times: int) -> None:
    if current_job().executions <= times:
        raise ValueError


class TestBatches:
    def test_complete_comes_when_each_has_run_once_and_success_when_all_have_succeeded(self, engine: Engine) -> None:
        with Batch(
            on_complete=lambda status: ran.append(("complete", status.pending, status.failures)),
            on_success=lambda status: ran.append(("success", status.pending)),
            on_death=lambda status: ran.append("death"),
        ):
            note.perform_later("a")
            fails.perform_later(1)
            assert engine.enqueued == ()
        engine.drain()

        assert ran == ["a", ("complete", 1, 1), ("success", 0)]

    def test_a_death_is_told_once_and_the_batch_never_succeeds(self, engine: Engine) -> None:
        with Batch(on_death=lambda status: ran.append(len(status.dead_ids)), on_success=note) as batch:
            fails.perform_later(9)
            fails.perform_later(9)
        engine.drain(errors="capture")

        assert ran == [1]
        assert (len(batch.dead_ids), batch.status.pending) == (2, 2)

    def test_a_dead_job_that_is_put_back_and_succeeds_completes_the_batch(self, engine: Engine) -> None:
        healed: list[bool] = []

        @job
        def heals() -> None:
            if not healed:
                raise ValueError

        with Batch(on_success=lambda status: ran.append("success")):
            heals.perform_later()
        engine.drain(errors="capture")
        healed.append(True)
        engine.requeue(engine.dead[0])
        engine.drain()

        assert ran == ["success"]

    def test_callbacks_may_be_jobs_that_get_the_status(self, engine: Engine) -> None:
        with Batch(on_success=note):
            note.perform_later("a")
        engine.drain()

        assert ran[0] == "a"
        assert (ran[1]["total"], ran[1]["complete"]) == (1, True)

    def test_an_empty_batch_succeeds_at_once(self, engine: Engine) -> None:
        with Batch(on_success=lambda status: ran.append(status.total)):
            pass

        assert ran == [0]

    def test_an_error_in_the_block_enqueues_nothing(self, engine: Engine) -> None:
        with suppress(KeyError), Batch(on_complete=note):
            note.perform_later("a")
            raise KeyError

        assert engine.drain().performed == 0

    def test_a_job_may_add_to_its_batch(self, engine: Engine) -> None:
        @job
        def adds() -> None:
            batch = current_batch()
            assert batch is not None
            with batch:
                note.perform_later("added")

        with Batch(on_success=lambda status: ran.append(status.total)):
            adds.perform_later()
        engine.drain()

        assert ran == ["added", 2]

    def test_a_parent_succeeds_after_its_children(self, engine: Engine) -> None:
        with Batch(on_success=lambda status: ran.append("parent")):
            note.perform_later("of the parent")
            with Batch(on_success=lambda status: ran.append("child")):
                note.set(wait=60).perform_later("of the child")
        engine.drain()

        assert ran == ["of the parent", "of the child", "child", "parent"]
        assert [event.what for event in engine.history if isinstance(event, BatchEvent)] == [
            "complete", "complete", "success", "success",
        ]  # fmt: skip
