"""A scheduler as an application has it, and an engine that captures it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

pytest.importorskip("apscheduler", reason="APScheduler is not installed")

from apscheduler.schedulers.background import BackgroundScheduler


@pytest.fixture
def installed() -> Iterator[tuple[Engine, InstalledCaptures]]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["apscheduler"]) as captures:
        yield engine, captures


@pytest.fixture
def engine(installed: tuple[Engine, InstalledCaptures]) -> Engine:
    return installed[0]


@pytest.fixture
def captures(installed: tuple[Engine, InstalledCaptures]) -> InstalledCaptures:
    return installed[1]


@pytest.fixture
def scheduler(engine: Engine) -> Any:
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.start()
    return scheduler
