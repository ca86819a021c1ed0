"""Nothing of a captured framework reaches a network; the user's own connections are none of its business."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures
from pytest_jobkit.capture.network import StrayConnection

CLOSED = "redis://127.0.0.1:1/0"


def celery() -> Callable[[], object]:
    from celery import Celery

    app = Celery("stray", broker=CLOSED, set_as_current=False)

    def dial() -> object:
        return app.connection().connect()

    return dial


def dramatiq() -> Callable[[], object]:
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=CLOSED)
    return lambda: broker.flush("default")


def huey() -> Callable[[], object]:
    from huey import RedisHuey

    app = RedisHuey("stray", host="127.0.0.1", port=1)
    storage = app.__dict__["storage"]
    return lambda: storage.queue_size()


def saq() -> Callable[[], object]:
    from saq import Queue

    queue = Queue.from_url(CLOSED)
    return lambda: asyncio.run(queue.info())


def procrastinate() -> Callable[[], object]:
    from procrastinate import PsycopgConnector

    connector = PsycopgConnector(conninfo="host=127.0.0.1 port=1")
    return lambda: asyncio.run(connector.open_async())


def apscheduler() -> Callable[[], object]:
    from apscheduler.jobstores.redis import RedisJobStore

    store = RedisJobStore(host="127.0.0.1", port=1)
    return lambda: store.get_all_jobs()


@pytest.mark.parametrize("framework", [celery, dramatiq, huey, saq, procrastinate, apscheduler])
def test_a_framework_that_dials_its_broker_fails_with_the_place(framework: Callable[[], Callable[[], object]]) -> None:
    pytest.importorskip(framework.__name__)
    dial = framework()
    engine = Engine()

    with (
        InstalledCaptures(engine.push, engine.clock, only=[framework.__name__]),
        pytest.raises(StrayConnection, match=r"nothing may leave the process.*test_stray_connections\.py"),
    ):
        dial()


def test_a_job_may_use_a_redis_of_its_own() -> None:
    from huey import RedisHuey

    app = RedisHuey("own", host="127.0.0.1", port=1)
    tried: list[Any] = []

    @app.task()
    def count_visitors() -> None:
        try:
            redis.Redis(port=1, host="127.0.0.1").incr("visitors")
        except redis.ConnectionError as error:
            tried.append(error)

    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["huey"]):
        count_visitors()
        engine.drain()

    assert [type(error) for error in tried] == [redis.ConnectionError]  # the client dialled, and nobody was there
