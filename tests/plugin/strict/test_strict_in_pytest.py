"""The strict end of a test in pytest: its report, its marker, its ini key; and the story of a failed test."""

from __future__ import annotations

import pytest

SHOP = """
import jobkit
import pytest

@jobkit.job
@jobkit.discard_on(LookupError)
def ship(order_id):
    raise LookupError(f"no order {order_id}")
"""


def run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(SHOP + test)
    return pytester.runpytest("-p", "no:randomly", "-p", "no:asyncio", *options)


SILENT = """
def test_it(perform_enqueued_jobs):
    ship.perform_later(1)
    perform_enqueued_jobs()
"""


def test_a_silent_failure_is_a_failed_test_without_a_traceback(pytester: pytest.Pytester) -> None:
    result = run(pytester, SILENT)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_it _*",
            "silent failure: ship(1) was discarded after LookupError: no order 1 (discard_on(LookupError))",
            "*enqueued on 'default', at test_a_silent_failure_is_a_failed_test_without_a_traceback.py:10 in test_it",
        ],
        consecutive=False,
    )
    assert "pytest_jobkit" not in result.stdout.str()


@pytest.mark.parametrize(
    "marker",
    [
        "@pytest.mark.jobkit(allow=['discarded'])",
        "@pytest.mark.jobkit(strict=False)",
        "@pytest.mark.jobkit(allow='all')",
    ],
)
def test_a_marker_allows_it(pytester: pytest.Pytester, marker: str) -> None:
    run(pytester, f"{marker}{SILENT}", "--strict-markers").assert_outcomes(passed=1)


def test_a_marker_of_the_module_is_joined_by_that_of_the_test(pytester: pytest.Pytester) -> None:
    module = "pytestmark = pytest.mark.jobkit(allow=['discarded'])\n"
    run(pytester, f"{module}@pytest.mark.jobkit(allow=['dead']){SILENT}").assert_outcomes(passed=1)


def test_the_ini_key_turns_it_off_and_a_marker_on_again(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\njobkit_strict = false")
    run(pytester, SILENT).assert_outcomes(passed=1)
    run(pytester, f"@pytest.mark.jobkit(strict=True){SILENT}").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("marker", "text"),
    [("allow=['discard']", "no such kind 'discard'"), ("allowed=[]", "takes allow=[...] and strict=")],
)
def test_a_marker_that_says_nothing_known_is_an_error(pytester: pytest.Pytester, marker: str, text: str) -> None:
    result = run(pytester, f"@pytest.mark.jobkit({marker}){SILENT}")

    result.assert_outcomes(errors=1)
    assert text in result.stdout.str()


def test_a_failed_test_tells_the_story_of_its_jobs(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_it(jobs):
    ship.set(wait=60).perform_later(1)
    jobs.perform_enqueued_jobs()
    assert 1 == 2
""",
    )

    result.stdout.fnmatch_lines(
        [
            "*- jobs of this test -*",
            "+0 s       #1 ship(1) enqueued on 'default', due in 60 s, at *.py:10 in test_it",
            "+60 s      #1 ship(1) attempt 1 discarded: LookupError: no order 1 (discard_on(LookupError))",
        ],
        consecutive=True,
    )


def test_a_test_without_jobs_has_no_such_section(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(jobs):\n    assert 1 == 2\n")

    assert "jobs of this test" not in result.stdout.str()


def test_junit_gets_counts(pytester: pytest.Pytester) -> None:
    run(pytester, f"@pytest.mark.jobkit(allow='all'){SILENT}", "--junit-xml=junit.xml", "-o", "junit_family=xunit1")

    text = (pytester.path / "junit.xml").read_text()
    assert '<property name="jobkit_enqueued" value="1" />' in text
    assert '<property name="jobkit_performed" value="1" />' in text
    assert '<property name="jobkit_discarded" value="1" />' in text
