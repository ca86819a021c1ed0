"""An app whose database is on a closed port, and an engine that captures it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from procrastinate import App, PsycopgConnector

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures


@pytest.fixture
def app() -> App:
    return App(connector=PsycopgConnector(conninfo="host=127.0.0.1 port=1"))


@pytest.fixture
def engine(app: App) -> Iterator[Engine]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["procrastinate"]):
        yield engine
