"""Every way of enqueueing a Huey task is captured, as the bytes that would have gone out, without any storage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import huey.api
import pytest
from huey import MemoryHuey, RedisHuey, SqliteHuey, crontab
from huey.api import Huey, group
from huey.exceptions import ResultTimeout, TaskException

from jobkit.engine import Engine
from jobkit.record import State
from pytest_jobkit.capture.huey import HueyCapture
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def ran() -> list[Any]:
    return []


@pytest.fixture
def add(app: Any, ran: list[Any]) -> Any:
    @app.task()
    def add(a: int, b: int) -> int:
        ran.append((a, b))
        return a + b

    return add


def waits(engine: Engine) -> dict[Any, float | None]:
    now = engine.clock.now()
    return {
        record.arguments[1] if record.arguments else record.kwarguments["b"]: (
            None if record.scheduled_at is None else (record.scheduled_at - now).total_seconds()
        )
        for record in (*engine.enqueued, *engine.scheduled)
    }


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, app: Any, add: Any, ran: Any) -> None:
    now = engine.clock.now()

    add(1, 2)
    add(a=1, b=3)
    add.schedule((1, 4), delay=60)
    add.schedule(args=(1, 5), eta=now + timedelta(hours=1))
    add.schedule(kwargs={"a": 1, "b": 6}, delay=1.5)
    add(1, 7, delay=30)
    app.enqueue(add.s(1, 8))
    add.map([(1, 9), (1, 10)])
    app.enqueue(group([add.s(1, 11), add.s(1, 12)]))

    assert waits(engine) == {4: 60, 5: 3600, 6: 1.5, 7: 30, **dict.fromkeys((2, 3, 8, 9, 10, 11, 12))}
    assert {(record.name, record.queue_name, record.framework) for record in engine.enqueued} == {
        (f"{__name__}.add", "shop", "huey")
    }
    assert engine.drain(only=add).succeeded == 11
    assert [b for _, b in ran] == [2, 3, 8, 9, 10, 11, 12, 6, 7, 4, 5]


def test_the_body_is_what_the_storage_would_have_got(engine: Engine, app: Any, add: Any) -> None:
    result = add(1, b=2)

    (record,) = engine.enqueued
    task = app.deserialize_task(record.envelope.body)
    assert (task.id, task.args, task.kwargs) == (result.id, (1,), {"b": 2})
    assert record.job_id == result.id


def test_what_huey_shows_of_its_storage_is_right(engine: Engine, app: Any, add: Any) -> None:
    add(1, 2)
    add.schedule((3, 4), delay=60)

    assert app.pending_count() == 2
    engine.drain(until=1)
    assert app.pending_count() == 1
    engine.drain()
    assert (app.pending_count(), app.scheduled_count()) == (0, 0)


def test_results_are_there_afterwards_and_nobody_waits_for_them_before(engine: Engine, app: Any, add: Any) -> None:
    @app.task()
    def broken() -> None:
        raise ValueError("no")

    result, failed = add(1, 2), broken()

    with pytest.raises(ResultTimeout):
        result.get(blocking=True)
    engine.drain(errors="capture")

    assert result.get(blocking=True, timeout=60) == 3
    with pytest.raises(TaskException, match="no"):
        failed.get()


def test_arguments_are_pickled_copies_of_what_was_given(engine: Engine, app: Any) -> None:
    seen = []

    @app.task()
    def collect(items: list[int]) -> None:
        seen.append(items)

    items = [1]
    collect(items)
    items.append(2)
    engine.drain()

    assert seen == [[1]]


def test_immediate_mode_is_off_so_what_cannot_be_pickled_fails_at_the_call(engine: Engine) -> None:
    app = MemoryHuey("immediate", immediate=True)

    @app.task(retries=1, retry_delay=5)
    def work(value: object) -> None:
        pass

    work(1)

    assert app.immediate is False
    assert len(engine.enqueued) == 1
    with pytest.raises((AttributeError, TypeError), match="pickle"):
        work(lambda: None)


def test_higher_numbers_run_first(engine: Engine, app: Any, add: Any, ran: list[Any]) -> None:
    add(1, 0)
    add(2, 0, priority=10)
    add(3, 0, priority=5)
    engine.drain()

    assert [a for a, _ in ran] == [2, 3, 1]


def test_a_storage_without_priorities_refuses_one_here_too(engine: Engine) -> None:
    app = RedisHuey("plain", host="127.0.0.1", port=1)

    @app.task(priority=3)
    def work() -> None:
        pass

    with pytest.raises(NotImplementedError, match="RedisStorage"):
        work()


def test_pipelines_hand_results_on_and_errors_have_their_handler(engine: Engine, app: Any, add: Any) -> None:
    told = []

    @app.task()
    def broken() -> None:
        raise ValueError("no")

    @app.task()
    def on_error(error: Exception) -> None:
        told.append(str(error))

    results = app.enqueue(add.s(1, 2).then(add, 10).then(add, 100))
    app.enqueue(broken.s().error(on_error))
    engine.drain(errors="capture")

    assert results.get() == [3, 13, 113]
    assert told == ["no"]


def test_a_chord_calls_back_with_all_results(engine: Engine, app: Any, add: Any) -> None:
    totals = []

    @app.task()
    def total(results: list[int]) -> None:
        totals.append(sum(results))

    app.enqueue(group([add.s(1, 1), add.s(2, 2)]).then(total))
    engine.drain()

    assert totals == [6]


def test_a_revoked_task_does_not_run(engine: Engine, app: Any, add: Any, ran: list[Any]) -> None:
    add(1, 2).revoke()
    engine.drain()

    assert ran == []
    assert (engine.performed[0].state, engine.performed[0].reason) == (State.DROPPED, "it was revoked")


def test_a_flushed_storage_runs_nothing(engine: Engine, app: Any, add: Any, ran: list[Any]) -> None:
    add(1, 2)
    app.flush()
    engine.drain()

    assert ran == []
    assert engine.performed[0].state is State.DROPPED


def test_periodic_tasks_say_when_they_fire_and_fire(engine: Engine, app: Any) -> None:
    @app.periodic_task(crontab(minute="30", hour="*/6"))
    def report() -> None:
        pass

    capture = HueyCapture()
    (entry,) = [one for one in capture.recurring() if one.name == f"{__name__}.report"]
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    first = entry.next_after(noon)
    assert first == noon + 30 * 60
    assert entry.next_after(first) == noon + 6.5 * 3600
    entry.fire()

    assert [record.name for record in engine.enqueued] == [f"{__name__}.report"]


def test_everything_is_as_it_was_after_the_test(tmp_path: Any) -> None:
    app = SqliteHuey("file", filename=str(tmp_path / "huey.db"))
    real = app.storage

    @app.task()
    def work() -> None:
        pass

    def state() -> dict[str, Any]:
        return {**vars(Huey), **{f"api.{name}": value for name, value in vars(huey.api).items()}}

    before = state()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["huey"]):
        work()

    assert state() == before
    assert app.storage is real
    assert app.pending_count() == 0
    app.storage.close()
