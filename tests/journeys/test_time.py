"""Time in a project: another time zone, the other freezer, a freezer of the user's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

LATER = """
import time
from datetime import UTC, datetime, timedelta

import pytest
from shop import send_mail


def test_a_mail_three_days_later(job_clock, jobs):
    job_clock.travel_to(datetime(2027, 3, 27, 22, tzinfo=UTC))
    send_mail.set(wait=timedelta(days=3)).perform_later(42, "Reminder")

    job_clock.travel(days=2)
    assert jobs.enqueued == []
    job_clock.travel(days=1)

    assert jobs.perform_one().result == "Reminder: order 42, 2027-03-30"
    assert datetime.now(UTC) == datetime(2027, 3, 30, 22, tzinfo=UTC)
    assert time.time() == datetime(2027, 3, 30, 22, tzinfo=UTC).timestamp()


def test_a_drain_takes_the_time_along(job_clock, jobs):
    before = datetime.now(UTC)
    send_mail.set(wait=3600).perform_later(42, "Reminder")

    jobs.perform_enqueued_jobs()

    assert datetime.now(UTC) - before == timedelta(hours=1)


def test_time_of_day_elsewhere(job_clock):
    job_clock.travel_to(datetime.fromisoformat("2027-07-01T09:00:00+05:30"))

    assert datetime.now(UTC).hour == 3
    assert job_clock.now() == datetime(2027, 7, 1, 3, 30, tzinfo=UTC)
"""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
@pytest.mark.parametrize("freezer", ["freezegun", "time-machine"])
def test_in_any_zone_with_either_freezer(
    project: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, freezer: str, zone: str
) -> None:
    pytest.importorskip(freezer.replace("-", "_"))
    monkeypatch.setenv("TZ", zone)
    project.makepyfile(test_shop=LATER)

    run("-W", "error", "-o", f"jobkit_freezer={freezer}").assert_outcomes(passed=3)


def test_a_freezer_that_there_is_not(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(test_shop="def test_it(job_clock): ...")

    result = run("-o", "jobkit_freezer=freezer")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*jobkit_freezer = 'freezer': no such freezer; there are freezegun and time-machine"])


def test_a_naive_time_is_refused(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from datetime import datetime

        def test_it(job_clock):
            job_clock.travel_to(datetime(2027, 1, 1))
        """
    )

    result = run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*travel_to()*aware*"])


def test_the_users_own_freeze_goes_on(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        test_shop="""
        from datetime import UTC, datetime
        from freezegun import freeze_time
        from shop import send_mail

        @freeze_time("2025-05-05 12:00")
        def test_it(jobs):
            send_mail.perform_later(42, "Hello")
            jobs.perform_enqueued_jobs()
            assert jobs.performed[0].result == "Hello: order 42, 2025-05-05"
            assert datetime.now(UTC).year == 2025
        """
    )

    run("-W", "error").assert_outcomes(passed=1)
