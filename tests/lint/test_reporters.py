"""Every form of report, of the same two findings and one problem."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from jobkit_lint.diagnostic import Confidence, Finding, Link, Problem, Recipe, Severity
from jobkit_lint.errors import UsageError
from jobkit_lint.fingerprint import fingerprints
from jobkit_lint.reporters import form_names, renderer
from jobkit_lint.reporters.report import Report, RuleText

SOURCE = ["from tasks import charge", "", "def checkout(order):", "\tcharge.delay(order)  # <&>", ""]
FINDING = Finding(
    "JK101", "object-argument", Severity.ERROR, Confidence.CERTAIN, "shop/a.py", 4, 15, 4, 20,
    "Pass the id of `order`, not the object.", job="tasks.charge", chain=(Link("charge", "shop/tasks.py", 7),),
    recipe=Recipe(("kill",), "after", 4, "lost"),
)  # fmt: skip
WARNING = Finding(
    "JK204", "unguarded-notification", Severity.WARNING, Confidence.LIKELY, "shop/b, c.py", 1, 1, 1, 5, "A retry: 100%"
)
PROBLEM = Problem("syntax-error", "shop/broken.py", "cannot be parsed: expected ':'", 3)
REPORT = Report(
    findings=(FINDING, WARNING),
    problems=(PROBLEM,),
    summary={"files": 3, "jobs": 1, "findings": 2},
    rules={"JK101": RuleText("JK101", "object-argument", "error", "An object travels.", "# JK101\n\nLong.")},
    lines=lambda path: SOURCE if path == "shop/a.py" else [],
    version="0.1.0",
)
EMPTY = Report(findings=())


def test_the_forms_are_those_that_the_help_promises() -> None:
    assert form_names() == ["concise", "full", "github", "gitlab", "json", "json-lines", "junit", "sarif"]


def test_an_unknown_form_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="concise, full, github"):
        renderer("yaml")


def test_concise_is_one_line_a_finding() -> None:
    assert renderer("concise")(REPORT).splitlines() == [
        "shop/broken.py:3: syntax-error: cannot be parsed: expected ':'",
        "shop/a.py:4:15: error JK101 Pass the id of `order`, not the object.",
        "shop/b, c.py:1:1: warning JK204 A retry: 100%",
    ]


def test_full_draws_the_place_under_the_line_tabs_included() -> None:
    text = renderer("full")(REPORT)

    assert "shop/a.py:4:15: error JK101 Pass the id of `order`, not the object. [object-argument]" in text
    line = next(line for line in text.splitlines() if "charge.delay(order)" in line)
    mark = next(line for line in text.splitlines() if "^" in line)
    assert line[mark.index("^") : mark.rindex("^") + 1] == "order"
    assert "reached by: charge (shop/tasks.py:7)" in text
    assert "jobkit lint explain JK101" in text
    assert text.endswith("1 error, 1 warning in 3 files, 1 job.\n")
    assert "\x1b[" not in text


def test_full_without_findings_says_so() -> None:
    assert renderer("full")(EMPTY) == "nothing found.\n"


def test_json_has_the_stable_shape() -> None:
    document = json.loads(renderer("json")(REPORT))

    assert set(document) == {"findings", "errors", "summary"}
    assert set(document["findings"][0]) == {
        "code", "name", "severity", "confidence", "path", "line", "column", "end_line", "end_column", "message", "job",
        "chain", "fix", "recipe", "help_url",
    }  # fmt: skip
    assert document["findings"][0]["severity"] == "error"
    assert document["errors"][0]["path"] == "shop/broken.py"
    assert document["summary"]["files"] == 3


def test_json_lines_tell_findings_errors_and_the_summary_apart() -> None:
    rows = [json.loads(line) for line in renderer("json-lines")(REPORT).splitlines()]

    assert [row["type"] for row in rows] == ["finding", "finding", "error", "summary"]


def test_github_escapes_what_its_commands_would_take_apart() -> None:
    lines = renderer("github")(REPORT).splitlines()

    assert lines[0] == "::error file=shop/broken.py,line=3,title=jobkit::cannot be parsed: expected ':'"
    assert lines[1].startswith("::error file=shop/a.py,line=4,col=15,endLine=4,endColumn=20,title=jobkit JK101")
    assert lines[2].startswith("::warning file=shop/b%2C c.py,line=1")
    assert lines[2].endswith("::A retry: 100%25")


def test_gitlab_issues_have_fingerprints_that_differ() -> None:
    issues = json.loads(renderer("gitlab")(REPORT))

    assert [issue["severity"] for issue in issues] == ["major", "minor"]
    assert len({issue["fingerprint"] for issue in issues}) == 2
    assert issues[0]["location"]["positions"]["begin"] == {"line": 4, "column": 15}


def test_junit_is_well_formed_with_markup_in_it() -> None:
    marked = Report(findings=(Finding(*[*msg_fields(FINDING)[:9], "<&> \x00 \" '"]),))

    suites = ElementTree.fromstring(renderer("junit")(marked).encode())

    assert suites.get("failures") == "1"
    failure = suites.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "<&> ? \" '"


def test_junit_of_a_clean_run_has_one_test_that_passed() -> None:
    assert ElementTree.fromstring(renderer("junit")(EMPTY).encode()).get("tests") == "1"


def test_sarif_names_rule_place_and_fingerprint() -> None:
    run = json.loads(renderer("sarif")(REPORT))["runs"][0]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["JK101", "JK204"]
    result = run["results"][0]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "shop/a.py", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 4
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/b%2C%20c.py"


def test_a_fingerprint_stays_when_lines_above_move_and_tells_equal_lines_apart() -> None:
    moved = Finding(*[*msg_fields(FINDING)[:5], 5, 15, 5, 20, *msg_fields(FINDING)[9:]])

    before = fingerprints([FINDING], lambda path: SOURCE)
    after = fingerprints([moved], lambda path: ["# new", *SOURCE])
    twice = fingerprints([FINDING, FINDING], lambda path: SOURCE)

    assert before == after
    assert len(set(twice)) == 2


def msg_fields(finding: Finding) -> list[object]:
    return [getattr(finding, name) for name in finding.__struct_fields__]
