"""django-q2 with a broker that has receipts and with one that has none: one journey, in a process of its own each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).with_name("project")
BROKERS = {"orm": {"orm": "default"}, "redis": {"redis": {"host": "127.0.0.1", "port": 1}}}


@pytest.mark.slow
@pytest.mark.parametrize("broker", BROKERS.values(), ids=list(BROKERS))
def test_the_journey_with_broker(broker: dict[str, Any]) -> None:
    pytest.importorskip("django_q", reason="django-q2 is not installed")

    journey = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "journey_of_django_q.py"],
        cwd=PROJECT,
        env={**os.environ, "Q_BROKER": json.dumps(broker)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert journey.returncode == 0, journey.stdout + journey.stderr
