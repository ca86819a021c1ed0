"""Comments that keep findings back, those that keep nothing back, and those that name no rule."""

from __future__ import annotations

import pytest

JOB = "from celery import shared_task\n\n\n@shared_task\ndef ship(order_id):\n    print(order_id)\n\n\n"


def unused(ran) -> list[tuple[int, str]]:
    return [(one["line"], one["message"]) for one in ran.report["findings"] if one["code"] == "JK901"]


@pytest.fixture
def tasks(project):
    """Writes lines below a harmless job."""

    def write(*lines: str) -> None:
        (project / "tasks.py").write_text(JOB + "".join(f"{line}\n" for line in lines))

    return write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # jobkit: ignore[JK101]", "x = 1"),
        ("x = 1  # jobkit: ignore[object-argument] by pickle", "x = 1"),
        ("x = 1  # jobkit: ignore[JK101]  # noqa: E501", "x = 1  # noqa: E501"),
        ("x = 1  # noqa: E501  # jobkit: ignore[JK101]", "x = 1  # noqa: E501"),
        ("x = 1  # noqa: JK101", "x = 1"),
        ("x = 1  # noqa: E501, JK101", "x = 1  # noqa: E501"),
        ("x = 1  # noqa:JK101,E501", "x = 1  # noqa: E501"),
        ("x = 1  # noqa: JK101 as it was", "x = 1  # as it was"),
        ("x = 1  # type: ignore  # jobkit: ignore[JK101, JK201] twice", "x = 1  # type: ignore"),
        ("x = 1  # jobkit: ignore", "x = 1"),
    ],
)
def test_a_comment_that_keeps_nothing_back_is_told_and_removed(tasks, project, lint, before, after):
    tasks(before)
    assert [line for line, _ in unused(lint("--format", "json", "."))] == [9]

    assert lint("--fix", ".").status == 0

    assert (project / "tasks.py").read_text() == JOB + after + "\n"


def test_a_line_of_its_own_goes_as_a_whole(tasks, project, lint):
    tasks("# jobkit: ignore-file[JK101] generated", "x = 1")

    lint("--fix", ".")

    assert (project / "tasks.py").read_text() == JOB + "x = 1\n"


def test_one_code_of_two_goes(project, lint):
    text = (project / "tasks.py").read_text()
    line = "charge.delay(request.user, 5)  # jobkit: ignore[{}] by pickle"
    before, after = "JK201, JK101", "JK101"
    (project / "tasks.py").write_text(text.replace("charge.delay(request.user, 5)", line.format(before)))

    ran = lint("--fix", "--ignore", "JK201", "--extend-select", "JK201", "--format", "json", ".")
    assert ran.status == 0

    lint("--fix", ".")

    assert (project / "tasks.py").read_text() == text.replace("charge.delay(request.user, 5)", line.format(after))


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # jobkit: ignore[JK211] only in the preset strict",
        "x = 1  # jobkit: ignore[JK901]",
        "x = 1  # jobkit: ignore[JK101, JK901] left for old branches",
        "x = '# jobkit: ignore[JK101]'",
    ],
)
def test_what_may_keep_something_back_elsewhere_is_left_alone(tasks, lint, line):
    tasks(line)

    assert unused(lint("--format", "json", ".")) == []


def test_a_rule_that_did_not_run_may_have_something_to_say(tasks, lint):
    tasks("x = 1  # jobkit: ignore[JK101]", "y = 1  # jobkit: ignore")

    assert unused(lint("--select", "JK201,JK901", "--format", "json", ".")) == []


def test_a_rule_that_failed_may_have_something_to_say(tasks, lint, monkeypatch):
    tasks("x = 1  # jobkit: ignore[JK101]", "ship.delay(1)")

    def fail(self, site, analysis):
        raise KeyError("surprise")
        yield

    monkeypatch.setattr("jobkit_lint.rules.arguments.object_argument.ObjectArgument.check_site", fail)

    assert unused(lint("--format", "json", ".")) == []


def test_test_files_are_judged_by_few_rules_and_their_comments_too(project, lint):
    (project / "test_tasks.py").write_text(JOB + "x = 1  # jobkit: ignore[JK101]\n")

    assert unused(lint("--format", "json", "test_tasks.py")) == []


def test_a_comment_without_any_job_in_the_file_is_seen(project, lint):
    (project / "settings.py").write_text("x = 1  # jobkit: ignore[JK101]\n")

    assert [line for line, _ in unused(lint("--format", "json", "settings.py"))] == [1]


def test_a_name_that_no_rule_has_is_told_with_the_nearest(tasks, project, lint):
    tasks(
        "x = 1  # jobkit: ignore[JK1O1, JK901]",
        "y = 1  # noqa: E501, JK999",
        "z = 1  # jobkit: ignore[objct-argument]",
    )

    ran = lint("--select", "JK902", "--format", "json", ".")

    messages = [finding["message"] for finding in ran.report["findings"]]
    assert messages[0] == "`JK1O1` is no rule: did you mean `JK101`?"
    assert messages[1].startswith("`JK999` is no rule: did you mean `JK")
    assert messages[2] == "`objct-argument` is no rule: did you mean `object-argument`?"

    lint("--select", "JK902", "--fix", "--unsafe-fixes", ".")
    assert "x = 1  # jobkit: ignore[JK101, JK901]\n" in (project / "tasks.py").read_text()


def test_a_reason_may_be_demanded(tasks, lint):
    tasks("x = 1  # jobkit: ignore[JK901]", "y = 1  # jobkit: ignore[JK901] old branches")

    assert lint("--select", "JK904", "--format", "json", ".").codes == ["JK904"]
    assert lint(".").status == 0


def test_per_file_ignores_hold_for_patterns_below_the_project(project, lint, monkeypatch):
    (project / "scripts").mkdir()
    (project / "tasks.py").rename(project / "scripts" / "tasks.py")
    (project / "pyproject.toml").write_text('[tool.jobkit.lint.per-file-ignores]\n"scripts/*" = ["JK2", "JK901"]\n')

    assert lint("--format", "json", ".").codes == ["JK101"]
    monkeypatch.chdir(project / "scripts")
    assert lint("--format", "json", "tasks.py").codes == ["JK101"]


@pytest.mark.parametrize("where", ["command line", "settings", "file"])
def test_a_file_that_cannot_be_parsed_may_be_ignored_by_its_code(project, lint, where):
    (project / "broken.py").write_text("def broken(:\n")
    ran = lint(".")
    assert ran.status == 2
    assert "broken.py:1: error: JK900 [parse-error] cannot be parsed" in ran.out

    settings = {
        "command line": "",
        "settings": '[tool.jobkit.lint]\nignore = ["parse-error"]\n',
        "file": '[tool.jobkit.lint.per-file-ignores]\n"broken.py" = ["JK900"]\n',
    }
    (project / "pyproject.toml").write_text(settings[where])
    arguments = ["--ignore", "JK900"] if where == "command line" else []

    assert lint(*arguments, ".").status == 1
