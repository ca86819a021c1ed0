"""A broker that no network call of is allowed, and an engine that captures it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest
from taskiq import AsyncBroker, BrokerMessage

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


class UnreachableBroker(AsyncBroker):
    """Stands for a broker on a closed port: whatever it does is an error."""

    async def startup(self) -> None:
        raise ConnectionError("startup")

    async def kick(self, message: BrokerMessage) -> None:
        raise ConnectionError("kick")

    async def listen(self) -> AsyncGenerator[bytes, None]:
        raise ConnectionError("listen")
        yield b""


@pytest.fixture
def broker() -> AsyncBroker:
    return UnreachableBroker()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["taskiq"]):
        yield engine
