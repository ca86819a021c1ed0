"""The baseline: old findings are not told, new ones are, and it survives what does not change the code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def accepted(project, lint):
    """The two findings of ``tasks.py`` are in the baseline."""
    assert lint("--write-baseline", "--baseline", "known.json", ".").status == 0
    return project / "known.json"


def test_what_is_in_it_is_not_told(accepted, lint):
    ran = lint("--baseline", "known.json", ".")

    assert ran.status == 0
    assert "2 in the baseline" in ran.out


def test_a_new_finding_is_told(accepted, project, lint):
    (project / "new.py").write_text((project / "tasks.py").read_text())

    ran = lint("--baseline", "known.json", "--format", "json", ".")

    assert {finding["path"] for finding in ran.report["findings"]} == {"new.py"}


def test_it_holds_no_line_numbers(accepted):
    entries = json.loads(accepted.read_text())["findings"]

    assert [set(entry) for entry in entries] == [{"path", "code", "job", "source", "count"}] * 2


def test_it_survives_moved_lines_and_other_indentation(accepted, project, lint):
    text = (project / "tasks.py").read_text()
    moved = "# first\n\n\n" + text.replace("    charge.delay(", "    if request:\n        charge.delay(")
    (project / "tasks.py").write_text(moved)

    assert lint("--baseline", "known.json", ".").status == 0


def test_it_is_the_same_from_another_folder(accepted, project, lint, monkeypatch):
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")

    assert lint("--baseline", "../known.json", "..").status == 0


def test_changed_code_is_told_again(accepted, project, lint):
    text = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(text.replace("charge.delay(request.user, 5)", "charge.delay(request.user, 6)"))

    ran = lint("--baseline", "known.json", "--format", "json", ".")

    assert ran.codes == ["JK903", "JK101"]


def test_equal_findings_are_counted(accepted, project, lint):
    text = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(text + "    charge.delay(request.user, 5)\n")

    assert lint("--baseline", "known.json", "--format", "json", ".").codes == ["JK101"]


def test_an_entry_without_its_finding_is_told_and_pruned(accepted, project, lint):
    text = (project / "tasks.py").read_text()
    (project / "tasks.py").write_text(text.replace("request.user", "request.user.pk"))

    ran = lint("--baseline", "known.json", "--format", "json", ".")
    (stale,) = ran.report["findings"]
    assert (ran.status, stale["code"], stale["path"], stale["line"]) == (1, "JK903", "known.json", 4)
    assert stale["message"].startswith("tasks.py: JK101 is not found there any more")

    pruned = lint("--prune-baseline", "--baseline", "known.json", ".")

    assert pruned.out == "known.json: removed 1 that were not found any more; 0 findings are not in it\n"
    assert [entry["code"] for entry in json.loads(accepted.read_text())["findings"]] == ["JK201"]
    assert lint("--baseline", "known.json", ".").status == 0


def test_pruning_adds_nothing(accepted, project, lint):
    before = accepted.read_text()
    (project / "new.py").write_text((project / "tasks.py").read_text())

    assert "2 findings are not in it" in lint("--prune-baseline", "--baseline", "known.json", ".").out
    assert accepted.read_text() == before


def test_a_file_that_is_gone_takes_its_entries_with_it(accepted, project, lint):
    (project / "tasks.py").unlink()

    assert lint("--baseline", "known.json", "--format", "json", ".").codes == ["JK903", "JK903"]


def test_what_was_not_looked_at_is_not_stale(accepted, project, lint):
    (project / "other.py").write_text("x = 1\n")
    (project / "tasks.py").write_text("x = 1\n")

    assert lint("--baseline", "known.json", "other.py").status == 0
    assert lint("--baseline", "known.json", "--select", "JK1,JK903", "--format", "json", ".").codes == ["JK903"]


def test_the_settings_may_name_it(project, lint, monkeypatch):
    (project / "pyproject.toml").write_text('[tool.jobkit.lint]\nbaseline = "ci/known.json"\n')
    (project / "ci").mkdir()
    assert lint("--write-baseline", ".").status == 0
    assert (project / "ci" / "known.json").exists()

    assert lint(".").status == 0
    monkeypatch.chdir(project / "ci")
    assert lint("..").status == 0


def test_comments_without_effect_are_findings_like_others(project, lint):
    (project / "tasks.py").write_text("from celery import shared_task\nx = 1  # jobkit: ignore[JK101]\n")
    lint("--write-baseline", "--baseline", "known.json", ".")

    assert lint("--baseline", "known.json", ".").status == 0


def test_two_writings_are_alike(accepted, lint):
    before = accepted.read_bytes()

    lint("--write-baseline", "--baseline", "known.json", ".")

    assert accepted.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "gone.json: the baseline cannot be read: No such file or directory; write one with --write-baseline"),
        ("{", "gone.json: is no baseline: "),
        ('{"version": 1, "findings": [{"path": 1}]}', "gone.json: is no baseline: Expected `str`, got `int`"),
        ('{"version": 9, "findings": []}', "gone.json: is a baseline of version 9; this linter reads version 1"),
    ],
)
def test_what_is_no_baseline_is_told(project, lint, content, words):
    if content is not None:
        (project / "gone.json").write_text(content)

    ran = lint("--baseline", "gone.json", ".")

    assert ran.status == 2
    assert words in ran.err


def test_without_a_name_it_is_in_the_root_of_the_project_and_used_from_then_on(project, lint, monkeypatch):
    (project / "inner").mkdir()
    (project / "inner" / "tasks.py").write_text((project / "tasks.py").read_text())
    monkeypatch.chdir(project / "inner")

    ran = lint("--write-baseline", "tasks.py")

    assert ran.out == "../jobkit-baseline.json: wrote 2 findings. Commit it; they are not told any more\n"
    assert lint("tasks.py").status == 0
    assert lint("--isolated", "tasks.py").status == 1
    monkeypatch.chdir(project)
    assert {one["path"] for one in lint("--format", "json", ".").report["findings"]} == {"tasks.py"}


def test_another_file_is_not_overwritten(project, lint):
    ran = lint("--write-baseline", "--baseline", "tasks.py", ".")

    assert ran.status == 2
    assert "tasks.py: is no baseline: " in ran.err
    assert (project / "tasks.py").read_text().startswith("import stripe")


def test_pruning_what_is_not_there_is_wrong_use(project, lint):
    ran = lint("--prune-baseline", ".")

    assert ran.status == 2
    assert "jobkit-baseline.json: the baseline cannot be read" in ran.err


def test_writing_and_pruning_at_once_is_wrong_use(project, lint):
    assert lint("--prune-baseline", "--write-baseline", ".").status == 2
