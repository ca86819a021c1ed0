"""A broker on a closed port, as an application has it at import, and an engine that captures it."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def broker() -> Iterator[dramatiq.Broker]:
    before = dramatiq.broker.global_broker
    broker = RedisBroker(url="redis://127.0.0.1:1")
    broker.add_middleware(CurrentMessage())
    broker.add_middleware(AsyncIO())
    dramatiq.set_broker(broker)
    yield broker
    dramatiq.broker.global_broker = before


@pytest.fixture
def engine(broker: dramatiq.Broker) -> Iterator[Engine]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["dramatiq"]):
        yield engine
