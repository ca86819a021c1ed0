"""The hook of .pre-commit-hooks.yaml, as pre-commit runs it in a project that uses Celery."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BAD_JOB = """\
from celery import shared_task
from django.contrib.auth.models import User


@shared_task
def welcome(user_id: int) -> None:
    print(user_id)


def register(name: str) -> None:
    user = User.objects.create(username=name)
    welcome.delay(user)
"""

GOOD_JOB = """\
from celery import shared_task


@shared_task
def ship(order_id: int) -> None:
    print(order_id)


def checkout(order_id: int) -> None:
    ship.delay(order_id)
"""


CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks: [{{ id: jobkit-lint, verbose: true }}]
"""
PARTS = ("jobkit", "lint", "pytest_plugin", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command in `folder`, under a name that no configuration has to provide."""
    author = ["-c", "user.name=jobkit", "-c", "user.email=jobkit@localhost", "-c", "commit.gpgsign=false"]
    run = subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@pytest.fixture
def hooks(checkout: Path, tmp_path: Path) -> Path:
    """A repository with the checkout's present files, committed: pre-commit takes hooks only from such."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    for part in PARTS:
        if (checkout / part).is_dir():
            shutil.copytree(checkout / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(checkout / part, folder)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "The checkout as it is")
    return folder


@pytest.fixture
def project(hooks: Path, tmp_path: Path) -> Path:
    """A repository whose pre-commit configuration names the hook."""
    folder = tmp_path / "project"
    folder.mkdir()
    configuration = CONFIGURATION.format(repository=hooks, revision=git(hooks, "rev-parse", "HEAD"))
    (folder / ".pre-commit-config.yaml").write_text(configuration)
    git(folder, "init", "--quiet")
    return folder


def run_hook(project: Path) -> subprocess.CompletedProcess[str]:
    """Run pre-commit on all files of `project`; its environments are kept beside it, not at home."""
    git(project, "add", ".")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=project,
        env=os.environ | {"PRE_COMMIT_HOME": str(project.parent / "pre-commit"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_hook_installs_itself_and_finds_what_the_linter_finds(project: Path) -> None:
    (project / "shop.py").write_text(BAD_JOB)
    bad = run_hook(project)
    (project / "shop.py").write_text(GOOD_JOB)
    good = run_hook(project)

    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "JK101" in bad.stdout
    assert "shop.py:12" in bad.stdout
    assert good.returncode == 0, good.stdout + good.stderr
