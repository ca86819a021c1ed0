"""What a run would do, with which settings, and where its time goes."""

from __future__ import annotations

import re
import time
import tomllib

import pytest

from jobkit_lint.rules.registry import all_rules
from jobkit_lint.timings import Timings


def test_the_files_that_would_be_looked_at(project, lint):
    (project / "venv").mkdir()
    (project / "venv" / "x.py").write_text("")
    (project / "shop").mkdir()
    (project / "shop" / "jobs.py").write_text("")
    (project / "shop" / "old.py").write_text("")
    (project / "shop" / "notes.txt").write_text("")
    (project / "pyproject.toml").write_text('[tool.jobkit.lint]\nexclude = ["old.py"]\n')

    ran = lint("--show-files", ".")

    assert (ran.status, ran.out) == (0, "tasks.py\nshop/jobs.py\n")


def test_the_settings_of_a_file_can_be_pasted(project, lint):
    text = '[tool.jobkit.lint]\nmax-sleep = 9.5\n[tool.jobkit.lint.per-file-ignores]\n"a b/*" = ["JK1"]\n'
    (project / "pyproject.toml").write_text(text + '[tool.jobkit.lint.facts]\npayment = ["shop.pay"]\n')

    ran = lint("--show-settings", "tasks.py", "--ignore", "JK101")

    assert ran.status == 0
    assert ran.out.startswith(f"# tasks.py: from {project}/pyproject.toml\n")
    shown = tomllib.loads(ran.out)["tool"]["jobkit"]["lint"]
    assert shown["max-sleep"] == 9.5
    assert shown["per-file-ignores"] == {"a b/*": ["JK1"]}
    assert shown["facts"] == {"payment": ["shop.pay"]}
    assert "max-sleep = 9.5  # set" in ran.out
    assert "JK201 unkeyed-payment" in ran.out
    assert "JK101" not in ran.out


def test_the_settings_of_a_file_deeper_down(project, lint):
    (project / "inner").mkdir()
    (project / "inner" / "pyproject.toml").write_text("[tool.jobkit.lint]\npedantic = true\n")

    assert "pedantic = true  # set" in lint("--show-settings", "inner").out
    assert "pedantic = false" in lint("--show-settings", "inner", "--isolated").out
    assert lint("--show-settings", "gone.py").status == 2


def test_timings_tell_phases_and_rules_on_the_error_stream(project, lint):
    ran = lint("--timings", "--format", "json", ".")

    assert ran.report["findings"]
    assert re.search(r"^ +\d+\.\d{3} s +\d+ %  read files, find jobs$", ran.err, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d{3} s +\d+ %  judge$", ran.err, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d{3} s +\d+ %  (JK\d+|\d+ more)$", ran.err, re.MULTILINE)


def test_the_rules_are_listed_for_people_and_for_programs(project, lint):
    listed = lint("rules", "--format", "json").report

    assert [rule["code"] for rule in listed] == [rule.code for rule in all_rules()]
    assert {"JK900", "JK901", "JK902", "JK903", "JK904"} <= {rule["code"] for rule in listed}
    for rule in listed:
        assert set(rule) == {"code", "name", "summary", "severity", "default", "fix", "group", "frameworks", "since"}
    lines = lint("rules").out.splitlines()
    assert len(lines) == len(listed)


def test_a_rule_tells_which_settings_it_reads(lint):
    assert "- `max-sleep`: seconds that a job may sleep (default: `5.0`)" in lint("explain", "JK502").out
    assert "## Settings" not in lint("explain", "JK103").out


def test_the_help_names_every_option_and_verb(lint):
    text = lint("--help").out

    for word in ("explain CODE", "rules", "schema", "test [CODE ...]", "--since REF", "--write-baseline", "--diff"):
        assert word in text


def test_each_rule_has_its_share_of_the_time():
    timings = Timings()

    with timings.rule("JK201"), timings.rule("JK101"):
        time.sleep(0.002)

    assert set(timings.rules) == {"JK101", "JK201"}
    assert timings.table().index("JK201") < timings.table().index("JK101")


@pytest.mark.parametrize(
    ("arguments", "offer"),
    [
        (["--fx", "."], "unrecognized arguments: --fx; did you mean --fix?"),
        (["--outputfile=x", "."], "did you mean --output-file?"),
        (["expalin", "JK101"], "expalin: there is no such file, folder or verb; did you mean `jobkit lint explain`?"),
        (["explain", "JK1O1"], "'JK1O1' is no rule: did you mean `JK101`?"),
    ],
)
def test_a_slip_of_the_pen_gets_the_nearest_word(project, lint, arguments, offer):
    ran = lint(*arguments)

    assert ran.status == 2
    assert offer in ran.err
