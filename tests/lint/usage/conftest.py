"""``jobkit lint`` as users run it: a small project on the disk, and the command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jobkit_lint.cli import main

TASKS = """\
import stripe
from celery import shared_task


@shared_task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=3)
def charge(order_id, amount):
    stripe.Charge.create(amount=amount, currency="eur")


def view(request):
    charge.delay(request.user, 5)
"""


class Ran(NamedTuple):
    """What a run left behind."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        """The output, read as JSON."""
        return json.loads(self.out)

    @property
    def codes(self) -> list[str]:
        """The codes of the findings of a JSON report, in order."""
        return [finding["code"] for finding in self.report["findings"]]


Lint = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: settings, and ``tasks.py`` with a JK201 in line 7 and a JK101 in line 11."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.jobkit.lint]\n")
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


@pytest.fixture
def lint(capsys: pytest.CaptureFixture[str]) -> Lint:
    """``lint("--fix", ".")`` gives status, output and errors."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        status = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def git(project: Path) -> Callable[..., str]:
    """Git in the project, under a name that no configuration has to provide; the project is a repository."""

    def run(*arguments: str) -> str:
        author = ["-c", "user.name=jobkit", "-c", "user.email=jobkit@localhost", "-c", "commit.gpgsign=false"]
        command = ["git", *author, *arguments]
        return subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout

    run("init", "--quiet", "--initial-branch=main")
    return run
