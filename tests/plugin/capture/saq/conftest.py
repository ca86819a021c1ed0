"""An application whose queues are on a closed port, and an engine that captures it."""

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

_NAME = "saq_worker_of_tests"


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
    with InstalledCaptures(engine.push, engine.clock, only=["saq"]) as captures:
        yield engine, captures


@pytest.fixture
def engine(installed: tuple[Engine, InstalledCaptures]) -> Engine:
    return installed[0]


@pytest.fixture
def captures(installed: tuple[Engine, InstalledCaptures]) -> InstalledCaptures:
    return installed[1]
