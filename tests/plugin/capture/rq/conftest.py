"""A queue on a closed port, as an application has it at import, and an engine that captures it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def client() -> redis.Redis:
    return redis.Redis(port=1, retry=Retry(NoBackoff(), 0))


@pytest.fixture
def queue(client: redis.Redis) -> Queue:
    return Queue("default", connection=client)


@pytest.fixture
def engine(queue: Queue) -> Iterator[Engine]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["rq"]):
        yield engine
