"""What every test of the repository shares: hypothesis' settings and the word on which services answer."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]


SERVICES = {"redis": 6379, "postgresql": 5432, "rabbitmq": 5672}

# A run of the suite in CI finds the same examples every time; at the desk each run looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def answers(port: int) -> bool:
    """Whether something on this machine takes a connection on `port` within half a second."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def pytest_report_header(config: pytest.Config) -> str:
    """One line in the head of the run: which services answer, hence which tests will be skipped."""
    words = [
        f"{name} {'answers' if answers(port) else 'does not answer (its tests skip)'}"
        for name, port in SERVICES.items()
    ]
    return f"services on 127.0.0.1: {', '.join(words)}"
