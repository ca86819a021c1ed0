"""Django's databases and mail, in a process of its own, since Django's settings can be configured only once in one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "django_project"


@pytest.mark.parametrize("file", sorted(path.name for path in PROJECT.glob("check_*.py")))
def test_the_checks_of_the_django_project_pass(file: str):
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error",
         "--import-mode=importlib", "-c", "pytest.ini", "--rootdir", str(PROJECT), file],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
