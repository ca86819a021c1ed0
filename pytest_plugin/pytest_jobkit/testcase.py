"""`JobTestMixin`: the fixtures as methods of a `unittest.TestCase`, under unittest's runner and under pytest's."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_jobkit.session import JobSession
from pytest_jobkit.strict import SilentFailure
from pytest_jobkit.timeline import story

if TYPE_CHECKING:
    from pytest_jobkit.assertions import AssertCount, AssertWith
    from pytest_jobkit.clock import JobClock
    from pytest_jobkit.matchers.matcher import HaveJob
    from pytest_jobkit.performing import PerformEnqueuedJobs
    from pytest_jobkit.simulation.simulate import SimulateRetries

    _TestCase = unittest.TestCase
else:
    _TestCase = object


class JobTestMixin(_TestCase):
    """A fresh `JobSession` under each test, from before `setUp` to after `tearDown` and its clean-ups::

        class CheckoutTest(JobTestMixin, unittest.TestCase):
            def test_it_enqueues(self):
                with self.have_enqueued_job(process_order).with_args(42):
                    checkout(42)

    It goes before `TestCase` in the bases. Works with `IsolatedAsyncioTestCase` and Django's test cases too. A test
    that fails gets the story of its jobs as a note; one that passes over a job that came to nothing fails.

    Attributes:
        jobkit_allow: kinds of bad ends that need no word of the test, as ``@pytest.mark.jobkit(allow=[...])``.
        jobkit_strict: False allows all of them.
        jobkit_frameworks: the frameworks to capture; None captures every imported one.
    """

    jobkit_allow: ClassVar[Iterable[str]] = ()
    jobkit_strict: ClassVar[bool] = True
    jobkit_frameworks: ClassVar[Sequence[str] | None] = None

    jobs: JobSession
    #: the pytest item, where pytest runs the test
    jobkit_item: Any = None

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test with its session open."""
        self.jobs = JobSession(strict=self.jobkit_strict, allow=self.jobkit_allow, frameworks=self.jobkit_frameworks)
        if self.jobkit_item is not None:
            from pytest_jobkit.opening import adopt

            adopt(self.jobkit_item, self.jobs)
        with self.jobs:
            try:
                return super().run(result)
            finally:
                self.jobs.is_checked = True  # the test method has said it, see below

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        """Call the test; afterwards nothing may have failed silently."""
        try:
            super()._callTestMethod(method)  # type: ignore[misc]  # typeshed leaves it out
        except unittest.SkipTest:
            raise
        except BaseException as error:
            lines = story(self.jobs.timeline())
            if lines and self.jobkit_item is None:  # pytest's own report has it in a section
                error.add_note("\n".join(["jobs of this test:", *lines]))
            raise
        text = self.jobs.silent_failure()
        if text is not None:
            raise SilentFailure(text)

    @property
    def have_enqueued_job(self) -> HaveJob:
        """Asks what was enqueued."""
        return self.jobs.have_enqueued_job

    @property
    def have_performed_job(self) -> HaveJob:
        """Asks what was performed, execution by execution."""
        return self.jobs.have_performed_job

    @property
    def have_retried_job(self) -> HaveJob:
        """Asks which further attempts were enqueued."""
        return self.jobs.have_retried_job

    @property
    def have_discarded_job(self) -> HaveJob:
        """Asks which jobs were given up."""
        return self.jobs.have_discarded_job

    @property
    def have_dead_job(self) -> HaveJob:
        """Asks which jobs went to the dead set."""
        return self.jobs.have_dead_job

    @property
    def perform_enqueued_jobs(self) -> PerformEnqueuedJobs:
        """Performs jobs, now or at the end of a block."""
        return self.jobs.perform_enqueued_jobs

    @property
    def simulate_retries(self) -> SimulateRetries:
        """Runs a job through failing attempts."""
        return self.jobs.simulate_retries

    @property
    def job_clock(self) -> JobClock:
        """The test's time; asking for it freezes the time of the code under test."""
        return self.jobs.clock.freeze()

    @property
    def assert_enqueued_jobs(self) -> AssertCount:
        """So many jobs wait now; with a block, so many it enqueued."""
        return self.jobs.assert_enqueued_jobs

    @property
    def assert_no_enqueued_jobs(self) -> AssertCount:
        """Nothing waits now; with a block, it enqueued nothing."""
        return self.jobs.assert_no_enqueued_jobs

    @property
    def assert_performed_jobs(self) -> AssertCount:
        """So many executions so far; with a block, performs what it enqueues."""
        return self.jobs.assert_performed_jobs

    @property
    def assert_no_performed_jobs(self) -> AssertCount:
        """Nothing was performed; with a block, nor is what it enqueues."""
        return self.jobs.assert_no_performed_jobs

    @property
    def assert_enqueued_with(self) -> AssertWith:
        """At least one such job waits; or a block enqueued it."""
        return self.jobs.assert_enqueued_with

    @property
    def assert_performed_with(self) -> AssertWith:
        """At least one such job was performed; or is, from a block."""
        return self.jobs.assert_performed_with
