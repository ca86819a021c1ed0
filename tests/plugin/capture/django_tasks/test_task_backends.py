"""Django Tasks, of Django itself and of the backport: one journey, in a process of its own for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).with_name("project")


@pytest.mark.slow
@pytest.mark.parametrize("package", ["django_tasks", "django.tasks"])
def test_the_journey_of(package: str) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed (django.tasks comes with Django 6)")

    journey = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "journey_of_task_backends.py"],
        cwd=PROJECT,
        env={**os.environ, "TASKS_PACKAGE": package},
        capture_output=True,
        text=True,
        check=False,
    )

    assert journey.returncode == 0, journey.stdout + journey.stderr
