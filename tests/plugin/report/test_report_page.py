"""``--jobkit-report`` and ``--jobkit-trace``: the story of each test's jobs, of passed tests too."""

from __future__ import annotations

import pytest

PROJECT = """
from jobkit import job

@job
def greet(name): pass

def test_greets(perform_enqueued_jobs):
    greet.perform_later("<script>alert(1)</script>")
    perform_enqueued_jobs()

def test_without_jobs(): pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(PROJECT)
    pytester.makeini("[pytest]\naddopts = -p no:randomly -p no:asyncio -p no:cacheprovider")
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_the_page_holds_each_test_with_jobs_and_is_safe_against_markup(
    project: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    run = project.runpytest_subprocess("--jobkit-report=page.html", *workers)

    run.assert_outcomes(passed=2)
    page = (project.path / "page.html").read_text()
    assert "test_greets" in page
    assert "test_without_jobs" not in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_trace_is_printed_for_passed_tests_too(project: pytest.Pytester) -> None:
    run = project.runpytest_subprocess("--jobkit-trace")

    run.stdout.fnmatch_lines(["*greet(*enqueued on 'default'*", "*succeeded*"])
