"""JK111 against a real repository: what the working tree makes of jobs whose messages are still queued."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jobkit_lint.rules.registry import find_rule
from jobkit_lint.runner import Outcome, Request, run
from jobkit_lint.settings import Settings
from jobkit_lint.since import changes_since

TASKS = """\
from celery import shared_task


@shared_task
def bill(invoice_id, currency="eur"):
    print(invoice_id, currency)


@shared_task
def remind(invoice_id):
    print(invoice_id)
"""


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit of two jobs."""
    git(tmp_path, "init", "-q")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "tasks.py").write_text(TASKS)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "jobs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(folder: Path) -> Outcome:
    rule = find_rule("JK111")
    assert rule is not None
    since = changes_since("HEAD", folder)
    return run(Request([str(folder)], Settings(), folder, [rule], 1, since=since, use_cache=False))


def found(folder: Path) -> list[tuple[str, str]]:
    outcome = judged(folder)
    assert outcome.problems == []
    return [(finding.path, finding.message) for finding in outcome.findings]


def test_an_unchanged_tree_has_no_finding(repository):
    assert found(repository) == []


def test_a_new_required_parameter_is_found_in_the_working_tree(repository):
    (repository / "shop" / "tasks.py").write_text(TASKS.replace("remind(invoice_id)", "remind(invoice_id, text)"))

    [(path, message)] = found(repository)

    assert path == "shop/tasks.py"
    assert "`text` is new and has no default (was `remind(invoice_id)`)" in message


def test_a_job_that_moved_to_a_new_file_is_found_although_its_old_file_is_gone(repository):
    (repository / "shop" / "tasks.py").rename(repository / "shop" / "billing.py")

    messages = [message for _, message in found(repository)]

    assert any("was `shop.tasks.bill`, and is now `shop.billing.bill`" in message for message in messages)
    assert len(messages) == 2


def test_a_change_that_old_messages_survive_has_no_finding(repository):
    text = TASKS.replace('currency="eur"', 'currency="eur", copies=1').replace("print(invoice_id)", "return invoice_id")
    (repository / "shop" / "tasks.py").write_text(text)

    assert found(repository) == []
