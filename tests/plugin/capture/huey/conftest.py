"""A Huey on a closed port, as an application has it at import, and an engine that captures it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huey import PriorityRedisHuey

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def app() -> Any:
    return PriorityRedisHuey("shop", host="127.0.0.1", port=1)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["huey"]):
        yield engine
