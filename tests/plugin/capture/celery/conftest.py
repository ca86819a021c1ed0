"""A Celery app on a broker that nobody answers at, and the engine under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from celery import Celery

from jobkit.engine import Engine
from pytest_jobkit.capture.celery import CeleryCapture
from pytest_jobkit.capture.installed import InstalledCaptures

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("shop", broker=NOBODY, backend=NOBODY, set_as_current=False)
    yield app
    app.close()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def captures(engine: Engine) -> Iterator[InstalledCaptures]:
    with InstalledCaptures(engine.push, engine.clock, only=["celery"], chance=engine.chance) as captures:
        yield captures


@pytest.fixture
def capture(captures: InstalledCaptures) -> CeleryCapture:
    found = next(iter(captures))
    assert isinstance(found, CeleryCapture)
    return found


@pytest.fixture
def seconds(engine: Engine) -> Callable[[], float]:
    """Seconds of virtual time since the start of the test."""
    start = engine.clock.time()
    return lambda: engine.clock.time() - start
