"""``--since REF``: only what a branch has changed."""

from __future__ import annotations

import pytest

from jobkit_lint.since import changes_since


@pytest.fixture
def committed(git, project):
    """``tasks.py`` is in the last commit of the branch main."""
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    return project / "tasks.py"


def test_nothing_has_changed_and_nothing_is_told(committed, lint):
    assert lint("--since", "HEAD", ".").status == 0


def test_a_changed_line_is_told_and_the_rest_is_not(committed, lint):
    committed.write_text("# a line more\n\n" + committed.read_text().replace("request.user, 5", "request.user, 6"))

    ran = lint("--since", "HEAD", "--format", "json", ".")

    assert [(one["code"], one["line"]) for one in ran.report["findings"]] == [("JK101", 13)]


def test_a_new_file_is_told_as_a_whole(committed, project, lint):
    (project / "größe neu.py").write_text(committed.read_text())

    ran = lint("--since", "main", "--format", "json", ".")

    assert {one["path"] for one in ran.report["findings"]} == {"größe neu.py"}
    assert len(ran.codes) == 2


def test_a_file_with_a_strange_name_that_git_knows(committed, git, project, lint):
    odd = project / 'a "b"\tc.py'
    odd.write_text("x = 1\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "odd")
    odd.write_text(committed.read_text())

    assert len(lint("--since", "HEAD", "--format", "json", ".").codes) == 2


def test_a_changed_helper_tells_of_the_job_that_calls_it(committed, git, project, lint):
    committed.write_text(
        "from celery import shared_task\nfrom pay import pay\n\n\n"
        "@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=3)\n"
        "def bill(amount):\n    pay(amount)\n"
    )
    (project / "pay.py").write_text("import stripe\n\ndef pay(amount):\n    log(amount)\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "second")
    (project / "pay.py").write_text("import stripe\n\ndef pay(amount):\n    stripe.Charge.create(amount=amount)\n")

    ran = lint("--since", "HEAD", "--format", "json", "tasks.py")

    assert [(one["code"], one["path"], one["line"]) for one in ran.report["findings"]] == [("JK201", "tasks.py", 7)]


def test_the_comparison_is_with_the_point_where_the_branch_left(committed, git, lint):
    git("checkout", "--quiet", "-b", "feature")
    git("checkout", "--quiet", "main")
    committed.write_text(committed.read_text().replace("request.user, 5", "request.user.pk, 5"))
    git("commit", "--quiet", "-am", "mended on main")
    git("checkout", "--quiet", "feature")

    assert lint("--since", "main", ".").status == 0


def test_a_commit_that_is_not_there_is_wrong_use(committed, lint):
    ran = lint("--since", "nowhere", ".")

    assert ran.status == 2
    assert "--since nowhere: git knows no such commit; name a branch, tag or commit" in ran.err
    assert lint("--since=--output=x", ".").status == 2


def test_a_folder_without_git_is_wrong_use(project, lint, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))

    ran = lint("--since", "HEAD", ".")

    assert ran.status == 2
    assert "--since: " in ran.err


def test_the_baseline_is_compared_before(committed, lint):
    lint("--write-baseline", "--baseline", "known.json", ".")
    committed.write_text(committed.read_text() + "\n\ndef more(request):\n    charge.delay(request.user, 7)\n")

    ran = lint("--since", "HEAD", "--baseline", "known.json", "--format", "json", ".")

    assert [(one["code"], one["line"]) for one in ran.report["findings"]] == [("JK101", 15)]


def test_a_rule_can_ask_what_a_file_was(committed, project):
    before = committed.read_bytes()
    committed.write_text("x = 1\n")

    changes = changes_since("HEAD", project)

    assert changes.content_before(str(committed)) == before
    assert changes.content_before(str(project / "new.py")) is None
