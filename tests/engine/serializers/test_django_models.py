"""Django model instances as arguments. The cases are in `django_cases.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_django_models_travel_as_references() -> None:
    cases = Path(__file__).with_name("django_cases.py")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", str(cases), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout
