"""The forms of output for machines: what each system reads, it gets."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest


def test_json_lines_have_the_objects_of_the_json_form(project, lint):
    (project / "broken.py").write_text("from celery import task\ndef broken(:\n")

    *findings, problem = map(json.loads, lint("--format", "json-lines", ".").out.splitlines())

    assert findings == lint("--format", "json", ".").report["findings"]
    assert (problem["kind"], problem["rule"], problem["path"], problem["line"]) == ("syntax", "JK900", "broken.py", 2)


def test_github_gets_a_command_a_finding(project, lint):
    first, second = lint("--format", "github", ".").out.splitlines()

    assert first.startswith(
        "::error file=tasks.py,line=7,col=5,endColumn=56,title=JK201 unkeyed-payment::running `charge` twice"
    )
    assert second.startswith("::error file=tasks.py,line=11,col=18,endColumn=30,title=JK101 object-argument::")


def test_github_is_told_with_its_own_escapes(project, lint):
    odd = project / "100%,a:b.py"
    (project / "tasks.py").rename(odd)
    odd.write_text(odd.read_text().replace("request.user, 5", "\n        request.user, 5"))

    first, second = lint("--format", "github", ".").out.splitlines()

    assert "::error file=100%25%2Ca%3Ab.py,line=7," in first
    assert "file=100%25%2Ca%3Ab.py,line=12,col=9," in second


def test_github_gets_the_last_line_and_no_columns_of_a_long_finding(project, lint):
    tasks = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(tasks.replace("amount=amount,", "\n        amount=amount,\n        "))

    first, _ = lint("--format", "github", ".").out.splitlines()

    assert first.startswith("::error file=tasks.py,line=7,endLine=9,title=JK201")


def test_in_github_actions_that_form_is_the_usual_one(project, lint, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    assert lint(".").out.startswith("::error file=tasks.py")
    assert lint("--format", "concise", ".").out.startswith("tasks.py:7:5: JK201")


def test_gitlab_gets_a_code_quality_report(project, lint):
    issues = lint("--format", "gitlab", ".").report

    assert [set(issue) for issue in issues] == [
        {"description", "check_name", "fingerprint", "severity", "location"},
    ] * 2
    assert issues[0]["check_name"] == "JK201 unkeyed-payment"
    assert issues[0]["severity"] == "critical"
    assert issues[0]["location"] == {"path": "tasks.py", "lines": {"begin": 7, "end": 7}}


def test_gitlab_paths_begin_at_the_root_of_the_repository(project, lint, monkeypatch):
    monkeypatch.setenv("CI_PROJECT_DIR", str(project.parent))

    issues = lint("--format", "gitlab", ".").report

    assert {issue["location"]["path"] for issue in issues} == {f"{project.name}/tasks.py"}


@pytest.mark.parametrize("form", ["gitlab", "sarif"])
def test_a_fingerprint_stays_when_lines_move_and_no_two_are_alike(project, lint, form):
    twice = (project / "tasks.py").read_text() + "\n\ndef other(request):\n    charge.delay(request.user, 5)\n"
    (project / "tasks.py").write_text(twice)
    before = fingerprints(lint("--format", form, ".").report)

    (project / "tasks.py").write_text("# one line more\n\n" + twice)

    assert fingerprints(lint("--format", form, ".").report) == before
    assert len(set(before)) == 3


def fingerprints(report) -> list[str]:
    if isinstance(report, list):
        return [issue["fingerprint"] for issue in report]
    return [result["partialFingerprints"]["jobkitFinding/v1"] for result in report["runs"][0]["results"]]


def test_junit_has_a_suite_a_file_and_a_failure_a_finding(project, lint):
    (project / "broken.py").write_text("from celery import task\ndef broken(:\n")

    root = ElementTree.fromstring(lint("--format", "junit", ".").out)

    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "2", "1")
    assert [suite.get("name") for suite in root] == ["tasks.py", "broken.py"]
    case = root[0][0]
    assert (case.get("name"), case.get("classname"), case.get("line")) == ("JK201 unkeyed-payment", "tasks.py", "7")
    assert case[0].tag == "failure"
    assert "running `charge` twice may charge twice" in case[0].get("message")
    assert root[1][0][0].tag == "error"


def test_junit_without_findings_is_one_test_that_passed(project, lint):
    (project / "tasks.py").unlink()

    root = ElementTree.fromstring(lint("--format", "junit", ".").out)

    assert (root.get("tests"), root.get("failures")) == ("1", "0")
    assert len(root[0][0]) == 0


def test_junit_stays_xml_whatever_a_message_says(project, lint):
    tasks = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(tasks.replace("request.user", 'User.objects.get(pk="<&\x01\x1b>")'))

    root = ElementTree.fromstring(lint("--format", "junit", ".").out)

    assert root.get("errors") == "0"


def test_agents_get_one_line_a_finding_below_its_file(project, lint):
    lines = lint("--format", "agent", ".").out.splitlines()

    assert lines[0] == "tasks.py"
    assert lines[1].startswith("  7:5 error JK201 running `charge` twice may charge twice")
    assert lines[1].endswith("(job tasks.charge)")
    assert lines[-1] == "why and what to do: jobkit lint explain CODE"


def test_a_line_of_megabytes_is_shown_around_the_finding_only(project, lint):
    tasks = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(tasks.replace("    charge.delay(", f"    x = '{'a' * 2_000_000}'; charge.delay("))

    text = lint(".").out

    assert len(text) < 5000
    assert "charge.delay(request.user, 5)" in text
