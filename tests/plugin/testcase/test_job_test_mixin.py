"""JobTestMixin in unittest.TestCase, run by unittest itself and by pytest."""

from __future__ import annotations

import subprocess
import sys
import unittest
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobkit import discard_on, job, retry_on
from pytest_jobkit import fixtures
from pytest_jobkit.testcase import JobTestMixin


@job(queue="mailers")
@retry_on(OSError, wait=5, attempts=3)
@discard_on(KeyError)
def send_mail(order_id: int) -> None:
    if order_id < 0:
        raise KeyError(order_id)


class TestMixin(JobTestMixin, unittest.TestCase):
    """Collected by pytest as any TestCase is."""

    def test_each_test_has_a_fresh_session(self) -> None:
        self.assert_no_enqueued_jobs()
        send_mail.perform_later(1)
        self.assert_enqueued_jobs(1)

    def test_and_so_has_the_next(self) -> None:
        self.assert_no_enqueued_jobs()
        send_mail.perform_later(1)

    def test_a_block_is_asked(self) -> None:
        with self.have_enqueued_job(send_mail).with_args(1).on_queue("mailers"):
            send_mail.perform_later(1)

    def test_retries_are_simulated(self) -> None:
        assert self.simulate_retries(send_mail, 1, raising=OSError, times=2).executions == 3

    def test_the_code_under_test_sees_the_clock(self) -> None:
        before = self.job_clock.now()

        self.job_clock.travel(hours=2)

        assert (datetime.now(UTC) - before).total_seconds() == 7200

    def test_a_discard_that_is_asked_for_is_no_failure(self) -> None:
        send_mail.perform_later(-1)
        self.perform_enqueued_jobs()

        assert self.have_discarded_job(send_mail)


class TestAsync(JobTestMixin, unittest.IsolatedAsyncioTestCase):
    async def test_jobs_are_awaited(self) -> None:
        send_mail.perform_later(1)

        result = await self.perform_enqueued_jobs()

        assert result.succeeded == 1


def outcome_of(body: Callable[[JobTestMixin], None], **settings: object) -> unittest.TestResult:
    """The result of a TestCase with this one test."""
    case = type("Case", (JobTestMixin, unittest.TestCase), {"test_body": body, **settings})("test_body")
    result = unittest.TestResult()
    case.run(result)
    return result


def discards_in_silence(self: JobTestMixin) -> None:
    send_mail.perform_later(-1)
    self.perform_enqueued_jobs()


def test_a_job_that_failed_in_silence_fails_the_test() -> None:
    result = outcome_of(discards_in_silence)

    assert len(result.failures) == 1
    assert "send_mail(-1) was discarded after KeyError: -1" in result.failures[0][1]


@pytest.mark.parametrize("settings", [{"jobkit_allow": ["discarded"]}, {"jobkit_strict": False}])
def test_a_class_can_allow_it(settings: dict[str, object]) -> None:
    assert outcome_of(discards_in_silence, **settings).wasSuccessful()


def test_a_failed_test_tells_the_story_of_its_jobs() -> None:
    def fails(self: JobTestMixin) -> None:
        send_mail.perform_later(1)
        self.fail("on purpose")

    result = outcome_of(fails)

    assert "jobs of this test:" in result.failures[0][1]
    assert "#1 send_mail(1) enqueued on 'mailers'" in result.failures[0][1]


def test_a_skipped_test_is_skipped() -> None:
    result = outcome_of(lambda self: self.skipTest("not today"))

    assert [reason for _, reason in result.skipped] == ["not today"]


def test_what_is_enqueued_in_set_up_and_clean_up_is_captured_too() -> None:
    def set_up(self: JobTestMixin) -> None:
        send_mail.perform_later(1)
        self.addCleanup(send_mail.perform_later, 2)

    def sees_one(self: JobTestMixin) -> None:
        self.assert_enqueued_jobs(1)

    result = outcome_of(sees_one, setUp=set_up)

    assert result.wasSuccessful()


def test_it_has_a_method_for_each_fixture() -> None:
    names = {name for name, value in vars(fixtures).items() if type(value).__name__ == "FixtureFunctionDefinition"}

    assert {name for name in names if not hasattr(JobTestMixin, name)} == {"jobs", "retry_safety"}
    assert "jobs" in JobTestMixin.__annotations__


def test_plain_unittest_runs_it(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(
        "import unittest\nfrom jobkit import job\nfrom pytest_jobkit.testcase import JobTestMixin\n"
        "@job\ndef ship(number: int) -> None: ...\n"
        "class ShopTest(JobTestMixin, unittest.TestCase):\n"
        "    def test_it(self):\n"
        "        ship.perform_later(1)\n"
        "        self.assertEqual(self.perform_enqueued_jobs().succeeded, 1)\n"
    )

    run = subprocess.run([sys.executable, "-m", "unittest"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert "Ran 1 test" in run.stderr
