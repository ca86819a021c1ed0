"""A pool on a closed port and an engine that captures it.

arq asks for redis-py below 6, which other frameworks are past; the tests are skipped where it is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

_NAME = "arq_worker_of_tests"


@pytest.fixture(scope="session")
def application() -> Iterator[ModuleType]:
    """The module with the worker settings, imported under a name of its own."""
    spec = spec_from_file_location(_NAME, Path(__file__).with_name("worker_of_tests.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[_NAME]


@pytest.fixture
def app(application: ModuleType) -> Iterator[Any]:
    application.log.clear()
    yield application
    application.deaths.clear()


@pytest.fixture
def installed() -> Iterator[tuple[Engine, InstalledCaptures]]:
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["arq"]) as captures:
        yield engine, captures


@pytest.fixture
def engine(installed: tuple[Engine, InstalledCaptures]) -> Engine:
    return installed[0]


@pytest.fixture
def captures(installed: tuple[Engine, InstalledCaptures]) -> InstalledCaptures:
    return installed[1]


@pytest.fixture
def pool(engine: Engine) -> Any:
    from arq.connections import ArqRedis

    return ArqRedis(host="127.0.0.1", port=1)
