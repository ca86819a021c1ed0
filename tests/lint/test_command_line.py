"""``jobkit lint`` as users run it: exit status, forms of output, selection, suppression, what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobkit.__main__ import main as jobkit
from jobkit_lint.cli import main

BAD = """\
import stripe
from celery import shared_task


@shared_task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=3)
def charge(order_id, amount):
    stripe.Charge.create(amount=amount, currency="eur")


def view(request):
    charge.delay(request.user, 5)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.jobkit.lint]\n")
    (tmp_path / "tasks.py").write_text(BAD)
    return tmp_path


def configure(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.jobkit.lint]\n{text}\n")


def lint_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    main([*arguments, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_findings_end_with_status_one_and_none_with_zero(project, capsys):
    assert jobkit(["lint", "."]) == 1

    (project / "tasks.py").write_text("from celery import shared_task\n\n@shared_task\ndef ship(pk): pass\n")

    assert jobkit(["lint", "."]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("All jobs passed. 1 file, 1 job, 0 enqueue sites")


def test_the_full_form_shows_source_way_and_help(project, capsys):
    main(["tasks.py"])

    text = capsys.readouterr().out
    assert "JK201 [unkeyed-payment] running `charge` twice may charge twice: it is retried after an error" in text
    assert "  --> tasks.py:7:5" in text
    assert ' 7 |     stripe.Charge.create(amount=amount, currency="eur")' in text
    assert "   |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^" in text
    assert "  job: tasks.charge" in text
    assert "jobkit lint explain JK201" in text


def test_the_concise_form_has_one_line_a_finding(project, capsys):
    main(["--format", "concise", "."])

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" [")[0] for line in lines[:2]] == ["tasks.py:7:5: JK201", "tasks.py:11:18: JK101"]


def test_the_json_form_keeps_its_shape(project, capsys):
    report = lint_json(capsys, ".")

    assert set(report) == {"findings", "errors", "summary"}
    assert report["errors"] == []
    first = report["findings"][0]
    assert set(first) == {
        "code", "name", "severity", "confidence", "path", "line", "column", "end_line", "end_column",
        "message", "job", "chain", "fix", "recipe", "help_url",
    }  # fmt: skip
    assert (first["code"], first["name"], first["severity"]) == ("JK201", "unkeyed-payment", "error")
    assert (first["path"], first["line"], first["column"], first["job"]) == ("tasks.py", 7, 5, "tasks.charge")
    assert first["recipe"]["faults"] == ["kill"]
    assert report["summary"]["jobs"] == 1


def test_the_index_keeps_its_shape(project, capsys):
    assert main(["--show-jobs", "--format", "json", "."]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "definitions": [
            {
                "name": "tasks.charge",
                "framework": "celery",
                "path": "tasks.py",
                "line": 6,
                "reason": "decorated with @shared_task (celery.shared_task)",
            }
        ],
        "sites": [{"job": "tasks.charge", "framework": "celery", "form": "delay", "path": "tasks.py", "line": 11}],
        "unresolved": [],
    }


def test_the_index_is_readable(project, capsys):
    main(["--show-jobs", "."])

    text = capsys.readouterr().out
    assert "tasks.py:6: tasks.charge [celery] decorated with @shared_task (celery.shared_task)" in text
    assert "tasks.py:11: tasks.charge by delay [celery]" in text


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select", "JK101"], ["JK101"]),
        (["--select", "JK20"], ["JK201"]),
        (["--select", "unkeyed-payment,object-argument"], ["JK201", "JK101"]),
        (["--select", "arguments"], ["JK101"]),
        (["--ignore", "JK101"], ["JK201"]),
        (["--select", "JK101", "--extend-select", "JK201"], ["JK201", "JK101"]),
        (["--isolated"], ["JK201", "JK101"]),
    ],
)
def test_rules_are_selected(project, capsys, arguments, codes):
    report = lint_json(capsys, *arguments, ".")

    assert [finding["code"] for finding in report["findings"]] == codes


def test_a_word_that_names_no_rule_is_wrong_use(project, capsys):
    assert main(["--select", "JK1O1", "."]) == 2
    assert "'JK1O1' names no rule: did you mean `JK101`?" in capsys.readouterr().err


def test_a_path_that_is_not_there_is_wrong_use(project, capsys):
    assert main(["gone.py"]) == 2
    assert "gone.py: there is no such file or folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# jobkit: ignore[JK201] the test gateway", 1),
        ("# jobkit: ignore[unkeyed-payment]", 1),
        ("# jobkit: ignore", 1),
        ("# noqa: JK201", 1),
        ("# noqa", 1),
        ("# jobkit: ignore[JK101]", 2),
        ("# noqa: E501", 2),
    ],
)
def test_a_comment_suppresses_what_it_names(project, capsys, comment, left):
    (project / "tasks.py").write_text(BAD.replace('currency="eur")', f'currency="eur")  {comment}'))

    report = lint_json(capsys, "--ignore", "JK901", ".")

    assert len(report["findings"]) == left
    assert report["summary"]["suppressed"] == 2 - left


def test_a_comment_on_any_line_of_the_statement_counts(project, capsys):
    call = "    charge.delay(\n        request.user,\n        5,\n    )  # jobkit: ignore[JK101] by pickle\n"
    (project / "tasks.py").write_text(BAD.replace("    charge.delay(request.user, 5)\n", call))

    assert [finding["code"] for finding in lint_json(capsys, ".")["findings"]] == ["JK201"]


def test_a_comment_may_hold_for_the_file(project, capsys):
    (project / "tasks.py").write_text("# jobkit: ignore-file[JK101, JK201] generated\n" + BAD)

    assert main(["."]) == 0


def test_a_text_that_looks_like_a_comment_suppresses_nothing(project, capsys):
    (project / "tasks.py").write_text(BAD.replace('"eur"', '"# jobkit: ignore[JK201]"'))

    assert len(lint_json(capsys, ".")["findings"]) == 2


def test_status_follows_the_least_severity(project):
    assert main(["--exit-zero", "."]) == 0
    assert main(["--fail-on", "error", "--select", "JK202,JK204", "."]) == 0
    assert main(["--fail-on", "error", "."]) == 1


def test_output_goes_to_a_file(project, capsys):
    assert main(["--format", "json", "--output-file", "report.json", "."]) == 1

    assert capsys.readouterr().out == ""
    assert len(json.loads((project / "report.json").read_text())["findings"]) == 2


def test_standard_input_is_linted_with_the_project_around_it(project, capsys, monkeypatch):
    class Input:
        class buffer:
            @staticmethod
            def read() -> bytes:
                return b"from tasks import charge\n\ndef view(request):\n    charge.delay(request.user, 1)\n"

    monkeypatch.setattr("sys.stdin", Input)

    assert main(["--format", "concise", "--stdin-filename", "views.py", "-"]) == 1
    assert capsys.readouterr().out.startswith("views.py:4:18: JK101")


def test_a_file_that_cannot_be_parsed_is_told_and_the_rest_is_linted(project, capsys):
    (project / "broken.py").write_text("from celery import shared_task\n\ndef broken(:\n    pass\n")

    status = main(["--format", "json", "."])

    report = json.loads(capsys.readouterr().out)
    assert status == 2
    assert len(report["findings"]) == 2
    assert [(error["kind"], error["path"], error["line"]) for error in report["errors"]] == [("syntax", "broken.py", 3)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x = '\xff\xfe'\n", "cannot be decoded"),
        (b"# coding: klingon\nx = 1\n", "cannot be decoded"),
        (b"from celery import shared_task\n\x00\n", "cannot be parsed"),
        (b"print 'old'\n", "cannot be parsed"),
        (b"x = " + b"(" * 5000 + b"1" + b")" * 5000, "cannot be parsed"),
        (b"from celery import Celery\nx = " + b"-" * 50_000 + b"1", "nested too deeply"),
    ],
)
def test_a_strange_file_is_told_and_never_crashes(project, capsys, content, words):
    (project / "strange.py").write_bytes(content)

    status = main(["--format", "json", "."])

    report = json.loads(capsys.readouterr().out)
    assert status == 2
    assert [error["path"] for error in report["errors"]] == ["strange.py"]
    assert words in report["errors"][0]["message"]
    assert len(report["findings"]) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"\xef\xbb\xbf" + BAD.encode(), BAD.replace("\n", "\r\n").encode(), b"\x0c\n" + BAD.encode()],
    ids=["empty", "byte order mark", "windows lines", "form feed"],
)
def test_a_harmless_oddity_is_no_problem(project, capsys, content):
    (project / "odd.py").write_bytes(content)

    report = lint_json(capsys, ".")

    assert report["errors"] == []
    assert len(report["findings"]) == (2 if not content else 4)


def test_columns_count_characters(project, capsys):
    (project / "tasks.py").write_text(BAD.replace("    charge.delay", '    "größer"; charge.delay'), encoding="utf-8")

    finding = lint_json(capsys, "--select", "JK101", ".")["findings"][0]

    assert (finding["line"], finding["column"], finding["end_column"]) == (11, 28, 40)


def test_what_git_ignores_and_environments_are_left_out(project, capsys):
    for folder in ("venv2", "generated", "node_modules"):
        (project / folder).mkdir()
        (project / folder / "tasks.py").write_text(BAD)
    (project / "venv2" / "pyvenv.cfg").write_text("")
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("generated/\n")

    assert {finding["path"] for finding in lint_json(capsys, ".")["findings"]} == {"tasks.py"}


def test_a_loop_of_links_ends(project, capsys):
    (project / "loop").symlink_to(project)

    assert len(lint_json(capsys, ".")["findings"]) == 2


def test_test_files_are_left_alone_unless_asked(project, capsys):
    (project / "test_tasks.py").write_text(BAD)

    assert len(lint_json(capsys, ".")["findings"]) == 2

    configure(project, "lint-tests = true")
    assert len(lint_json(capsys, ".")["findings"]) == 4


def test_one_rule_that_fails_is_named_and_the_rest_goes_on(project, capsys, monkeypatch):
    def fail(self, job, analysis):
        raise KeyError("surprise")
        yield

    monkeypatch.setattr("jobkit_lint.rules.idempotency.unkeyed_payment.UnkeyedPayment.check_job", fail)

    status = main(["--format", "json", "."])

    report = json.loads(capsys.readouterr().out)
    assert status == 2
    assert [finding["code"] for finding in report["findings"]] == ["JK101"]
    assert [(error["rule"], error["path"]) for error in report["errors"]] == [("JK201", "tasks.py")]


def test_one_or_many_processes_give_the_same(project, capsys):
    for number in range(230):
        (project / f"module_{number}.py").write_text(BAD if number % 40 == 0 else "x = 1\n")

    one, two = (lint_json(capsys, "--jobs", jobs, ".")["findings"] for jobs in ("1", "2"))

    assert one == two
    assert len(one) == 2 + 2 * 6


def test_explain_prints_the_rule(capsys):
    assert main(["explain", "jk101"]) == 0
    by_verb = capsys.readouterr().out
    assert main(["--explain", "object-argument"]) == 0

    assert by_verb == capsys.readouterr().out
    assert by_verb.startswith("# object-argument (JK101)\n")
    for heading in ("What it does", "Why is this bad", "What to do instead", "When to ignore", "Examples"):
        assert f"\n## {heading}\n" in by_verb


def test_rules_are_listed(capsys):
    assert main(["rules", "--format", "json"]) == 0

    rules = {rule["code"]: rule for rule in json.loads(capsys.readouterr().out)}
    assert rules["JK101"]["name"] == "object-argument"
    assert rules["JK101"]["fix"] is True
    assert {"JK101", "JK105", "JK201", "JK202", "JK204"} <= set(rules)


def test_colour_only_where_it_is_wanted(project, capsys, monkeypatch):
    main(["."])
    assert "\x1b" not in capsys.readouterr().out

    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["."])
    assert "\x1b[" in capsys.readouterr().out

    monkeypatch.setenv("NO_COLOR", "1")
    main(["."])
    assert "\x1b" not in capsys.readouterr().out
