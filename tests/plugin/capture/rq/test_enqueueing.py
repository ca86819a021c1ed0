"""Every way of enqueueing an RQ job is captured, as the bytes that would have gone out, without any Redis."""

from __future__ import annotations

import pickle
import zlib
from datetime import timedelta
from typing import Any

import pytest
import redis
import rq.registry
import rq.utils
from rq import Queue, Repeat
from rq.decorators import job
from rq.exceptions import DuplicateJobError
from rq.group import Group
from rq.job import Job
from rq.rate_limit import RateLimit
from rq.registry import ScheduledJobRegistry
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys

from jobkit.engine import Engine
from jobkit.record import State
from pytest_jobkit import JobSession
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.capture.network import StrayConnection

ran: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def add(a: int, b: int) -> int:
    ran.append((a, b))
    return a + b


async def fetch(url: str) -> str:
    ran.append(url)
    return "body"


class Mailer:
    def __init__(self, sender: str) -> None:
        self.sender = sender

    def send(self, to: str) -> None:
        ran.append((self.sender, to))


def waits(engine: Engine) -> dict[Any, float | None]:
    now = engine.clock.now()
    return {
        record.arguments[1] if record.arguments else record.kwarguments["b"]: (
            None if record.scheduled_at is None else (record.scheduled_at - now).total_seconds()
        )
        for record in (*engine.enqueued, *engine.scheduled)
    }


def test_all_forms_are_captured_with_arguments_and_due_times(engine: Engine, queue: Queue) -> None:
    delayed = job("default", connection=queue.connection)(add)

    queue.enqueue(add, 1, 2)
    queue.enqueue(add, a=1, b=3)
    queue.enqueue(f"{__name__}.add", 1, 4)
    queue.enqueue_call(add, args=(1, 5))
    queue.enqueue_in(timedelta(seconds=60), add, 1, 6)
    queue.enqueue_at(engine.clock.now() + timedelta(hours=1), add, 1, 7)
    queue.enqueue_many([Queue.prepare_data(add, (1, 8)), Queue.prepare_data(add, (1, 9))])
    delayed.delay(1, 10)
    queue.enqueue_job(Job.create(add, (1, 11), connection=queue.connection))
    queue.enqueue(add, 1, 12, rate_limit=RateLimit("sums", concurrency=5))
    queue.enqueue(add, 1, 13, job_id="thirteen", unique=True)
    Group.create(connection=queue.connection).enqueue_many(queue, [Queue.prepare_data(add, (1, 14))])

    assert waits(engine) == {6: 60, 7: 3600, **dict.fromkeys((2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14))}
    assert {(record.name, record.queue_name, record.framework) for record in engine.enqueued} == {
        (f"{__name__}.add", "default", "rq")
    }
    assert engine.drain(only=add).succeeded == 13
    assert len(ran) == 13


def test_the_body_is_what_redis_would_have_got(engine: Engine, queue: Queue) -> None:
    enqueued = queue.enqueue(add, 1, b=2)

    (record,) = engine.enqueued
    assert isinstance(record.envelope.body, bytes)
    assert pickle.loads(zlib.decompress(record.envelope.body)) == (f"{__name__}.add", None, (1,), {"b": 2})
    assert (record.job_id, record.job) == (enqueued.id, add)


def test_what_rq_keeps_about_a_job_can_be_read(engine: Engine, queue: Queue) -> None:
    enqueued = queue.enqueue(add, 1, 2, meta={"by": "test"})
    later = queue.enqueue_in(timedelta(minutes=1), add, 3, 4)

    assert (queue.count, queue.job_ids) == (1, [enqueued.id])
    assert later.id in ScheduledJobRegistry(queue=queue)
    engine.drain()

    fetched = Job.fetch(enqueued.id, connection=redis.Redis(port=1))
    assert (fetched.get_status(), fetched.return_value(), fetched.meta) == ("finished", 3, {"by": "test"})
    assert queue.finished_job_registry.get_job_ids() == [enqueued.id, later.id]
    assert [one and one.id for one in Job.fetch_many([later.id], connection=redis.Redis(port=1))] == [later.id]
    assert Queue.all(connection=redis.Redis(port=1)) == [queue]


def test_results_go_when_their_time_is_over_on_the_engines_clock(engine: Engine, queue: Queue) -> None:
    enqueued = queue.enqueue(add, 1, 2, result_ttl=60)
    engine.drain()

    assert Job.exists(enqueued.id, connection=queue.connection)
    engine.advance(minutes=2)

    assert not Job.exists(enqueued.id, connection=queue.connection)


def test_a_pipeline_of_ones_own_enqueues_when_it_is_executed(engine: Engine, queue: Queue) -> None:
    with redis.Redis(port=1).pipeline() as pipeline:
        queue.enqueue(add, 1, 2, pipeline=pipeline)
        queue.enqueue(add, 3, 4, pipeline=pipeline)
        assert engine.enqueued == ()
        pipeline.execute()

    assert [record.arguments for record in engine.enqueued] == [(1, 2), (3, 4)]


def test_methods_and_coroutines_are_jobs_too(engine: Engine, queue: Queue) -> None:
    mailer = Mailer("shop")

    queue.enqueue(mailer.send, "ann")
    queue.enqueue(fetch, "https://example.org")
    assert engine.drain(only="Mailer.send").succeeded == 1
    assert engine.drain(only=fetch).succeeded == 1
    assert ran == [("shop", "ann"), "https://example.org"]


def test_another_serializer_is_kept(engine: Engine) -> None:
    queue = Queue("json", connection=redis.Redis(port=1), serializer=JSONSerializer)

    queue.enqueue(add, 1, 2)
    engine.drain()

    assert ran == [(1, 2)]


def test_arguments_are_copies_of_what_was_enqueued(engine: Engine, queue: Queue) -> None:
    items = [1]
    queue.enqueue(add, items, [2])
    items.append(2)
    engine.drain()

    assert ran == [([1], [2])]


def test_what_cannot_be_pickled_fails_at_enqueue(engine: Engine, queue: Queue) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        queue.enqueue(add, 1, lambda: 2)

    assert engine.enqueued == ()


def test_jobs_at_the_front_run_first_the_last_of_them_before_all(engine: Engine, queue: Queue) -> None:
    queue.enqueue(add, 1, 0)
    queue.enqueue(add, 2, 0, at_front=True)
    queue.enqueue(add, 3, 0, at_front=True)
    engine.drain()

    assert [a for a, _ in ran] == [3, 2, 1]


def test_a_unique_job_is_refused_the_second_time(engine: Engine, queue: Queue) -> None:
    queue.enqueue(add, 1, 2, job_id="one", unique=True)

    with pytest.raises(DuplicateJobError):
        queue.enqueue(add, 1, 2, job_id="one", unique=True)

    assert len(engine.enqueued) == 1


def test_a_rate_limit_lets_jobs_in_one_by_one(engine: Engine, queue: Queue) -> None:
    limit = RateLimit("one", concurrency=1)
    for number in range(3):
        queue.enqueue(add, number, 0, rate_limit=limit)

    assert len(engine.enqueued) == 1
    assert engine.drain().succeeded == 3
    assert ran[0] == (0, 0)
    assert sorted(ran) == [(0, 0), (1, 0), (2, 0)]  # RQ orders those that wait by the second, then by id


def test_a_cancelled_or_deleted_job_does_not_run(engine: Engine, queue: Queue) -> None:
    queue.enqueue(add, 1, 0).cancel()
    queue.enqueue(add, 2, 0).delete()
    queue.enqueue_in(timedelta(seconds=9), add, 3, 0).cancel()
    result = engine.drain()

    assert ran == []
    assert result.dropped == 3
    assert "canceled" in engine.performed[0].reason


def test_an_emptied_queue_runs_nothing(engine: Engine, queue: Queue) -> None:
    queue.enqueue(add, 1, 0)
    queue.empty()
    result = engine.drain()

    assert (ran, result.dropped) == ([], 1)


def test_a_job_past_its_ttl_is_gone(engine: Engine, queue: Queue) -> None:
    queue.enqueue(add, 1, 0, ttl=60)
    engine.advance(minutes=2)
    engine.drain()

    assert ran == []
    assert engine.performed[0].state is State.DROPPED
    assert "expired" in engine.performed[0].reason


def test_repeats_come_at_their_interval(engine: Engine, queue: Queue) -> None:
    start = engine.clock.time()
    queue.enqueue(add, 1, 0, repeat=Repeat(times=2, interval=30))
    engine.drain()

    assert [(record.started or 0) - start for record in engine.performed] == [0, 30, 60]
    assert [record.executions for record in engine.performed] == [1, 1, 1]
    assert {record.state for record in engine.performed} == {State.SUCCEEDED}


def test_a_connection_that_rq_would_open_fails_with_the_job_and_the_place(engine: Engine, queue: Queue) -> None:
    with pytest.raises(StrayConnection, match=r"RQ is captured .* called from .*test_enqueueing\.py:"):
        get_keys(connection=redis.Redis(port=1))


def test_ones_own_use_of_the_client_is_left_alone(engine: Engine, client: redis.Redis) -> None:
    Queue("default", connection=client).enqueue(add, 1, 2)

    with pytest.raises(redis.ConnectionError, match="refused"):
        client.get("cached")


def test_everything_is_as_it_was_after_the_test(queue: Queue) -> None:
    owners: list[Any] = [Queue, Job, rq.registry, rq.utils, rq.registry.BaseRegistry, rq.group.Group]

    def state() -> dict[str, Any]:
        return {f"{owner.__name__}.{name}": value for owner in owners for name, value in vars(owner).items()}

    before = state()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["rq"]):
        queue.enqueue(add, 1, 2)

    assert state() == before
    with pytest.raises(redis.ConnectionError, match="refused"):
        queue.enqueue(add, 1, 2)


class Till:
    def charge(self, order: int) -> None:
        pass

    @classmethod
    def close(cls, day: str) -> None:
        pass


def test_a_method_is_checked_against_its_signature_without_self() -> None:
    queue = Queue(connection=redis.Redis(port=1))
    till = Till()

    with JobSession(frameworks=["rq"]) as jobs:
        with jobs.have_enqueued_job(till.charge).with_args(42):
            queue.enqueue(till.charge, 42)
        with jobs.have_enqueued_job(Till.close).with_args("monday"):
            queue.enqueue(Till.close, "monday")
        jobs.perform_enqueued_jobs()

        assert jobs.have_performed_job(till.charge).with_args(42)
