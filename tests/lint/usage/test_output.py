"""Exit status, statistics, colours, files and pipes to write to."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

JOBKIT = [sys.executable, "-m", "jobkit", "lint"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 1),
        (["--exit-zero"], 0),
        (["--max-findings", "1"], 1),
        (["--max-findings", "2"], 0),
        (["--fail-on", "error"], 1),
        (["--select", "JK202"], 0),
        (["--unknown"], 2),
        (["--max-findings", "-1"], 2),
        (["--format", "html"], 2),
        (["--unsafe-fixes"], 2),
    ],
)
def test_the_exit_status(project, lint, arguments, status):
    assert lint(*arguments, ".").status == status


def test_a_setting_may_raise_the_severity_that_fails(project, lint):
    (project / "tasks.py").write_text("from celery import shared_task\nx = 1  # jobkit: ignore[JK999]\n")
    assert lint(".").status == 1

    (project / "pyproject.toml").write_text('[tool.jobkit.lint]\nfail-on = "error"\n')

    assert lint(".").status == 0
    assert lint("--fail-on", "info", ".").status == 1


def test_statistics_count_by_rule_and_by_folder(project, lint):
    (project / "shop").mkdir()
    (project / "shop" / "more.py").write_text((project / "tasks.py").read_text())

    ran = lint("--statistics", ".")

    assert ran.status == 1
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0][:3] == ["2", "JK101", "object-argument"]
    assert lines[1][:3] == ["2", "JK201", "unkeyed-payment:"]
    assert lines[-2:] == [["2", "."], ["2", "shop"]]


def test_statistics_as_json(project, lint):
    report = lint("--statistics", "--format", "json", ".").report

    assert [(rule["code"], rule["count"]) for rule in report["rules"]] == [("JK101", 1), ("JK201", 1)]
    assert report["packages"] == {".": 2}


def test_colours_follow_the_option_then_the_surroundings(project, lint, monkeypatch):
    assert "\x1b" in lint("--color", "always", ".").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in lint(".").out
    assert "\x1b" not in lint("--color", "never", ".").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in lint(".").out
    assert "\x1b" in lint("--color", "always", ".").out


def test_the_output_goes_to_a_file_in_a_new_folder(project, lint):
    ran = lint("--format", "sarif", "--output-file", "reports/lint.sarif", ".")

    assert (ran.status, ran.out) == (1, "")
    assert '"version": "2.1.0"' in (project / "reports" / "lint.sarif").read_text()
    assert [path.name for path in (project / "reports").iterdir()] == ["lint.sarif"]


def test_a_file_that_cannot_be_written_is_told(project, lint):
    (project / "taken").write_text("")

    ran = lint("--output-file", "taken/report.txt", ".")

    assert ran.status == 2
    assert "--output-file taken/report.txt: cannot be written: " in ran.err


@pytest.mark.slow
def test_a_reader_that_has_gone_hears_no_complaint(project):
    reader, writer = os.pipe()
    os.close(reader)

    run = subprocess.run([*JOBKIT, "."], cwd=project, stdout=writer, stderr=subprocess.PIPE, check=False)

    os.close(writer)
    assert (run.returncode, run.stderr) == (2, b"")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
def test_an_output_that_is_full_or_closed_is_told_in_one_line(project):
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run([*JOBKIT, "."], cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    shell = ["sh", "-c", f"{shlex.join(JOBKIT)} . >&-"]
    closed = subprocess.run(shell, cwd=project, stderr=subprocess.PIPE, text=True, check=False)

    assert run.returncode == 2
    assert run.stderr == "jobkit lint: standard output cannot be written: No space left on device\n"
    assert closed.returncode == 2
    assert closed.stderr == "jobkit lint: standard output is closed; name a file with --output-file\n"


@pytest.mark.slow
def test_a_terminal_that_knows_only_ascii_gets_all_the_same_a_report(project):
    (project / "größe.py").write_text((project / "tasks.py").read_text())
    surroundings = {**os.environ, "PYTHONIOENCODING": "ascii"}

    run = subprocess.run([*JOBKIT, "."], cwd=project, env=surroundings, capture_output=True, check=False)

    assert run.returncode == 1, run.stderr
    assert rb"gr\xf6\xdfe.py:7:5" in run.stdout


@pytest.mark.slow
def test_a_terminal_gets_colours_and_nothing_of_the_bar_stays(project):
    ours, theirs = pty.openpty()
    with subprocess.Popen([*JOBKIT, "."], cwd=project, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:  # Linux tells the end of a terminal so
            pass
        os.close(ours)

    assert run.returncode == 1
    assert b"\x1b[1;31mJK201 [unkeyed-payment]\x1b[0m" in text
    assert text.rstrip().endswith(b" s.\x1b[0m")
