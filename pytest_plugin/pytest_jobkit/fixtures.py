"""The fixtures: thin names for the parts of one `JobSession`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_jobkit.assertions import AssertCount, AssertWith
    from pytest_jobkit.clock import JobClock
    from pytest_jobkit.matchers.matcher import HaveJob
    from pytest_jobkit.performing import PerformEnqueuedJobs
    from pytest_jobkit.retry_safety.fixture import RetrySafety
    from pytest_jobkit.session import JobSession
    from pytest_jobkit.simulation.simulate import SimulateRetries

SESSION: pytest.StashKey[JobSession] = pytest.StashKey()


@pytest.fixture
def jobs(request: pytest.FixtureRequest) -> Iterator[JobSession]:
    """The test's jobs: a fresh engine, with every imported job framework captured; nothing reaches a broker."""
    from pytest_jobkit.opening import open_session

    with open_session(request.node) as session:
        yield session


@pytest.fixture
def have_enqueued_job(jobs: JobSession) -> HaveJob:
    """Asks what was enqueued: with have_enqueued_job(job).with_args(42): ...; assert have_enqueued_job(job)."""
    return jobs.have_enqueued_job


@pytest.fixture
def have_performed_job(jobs: JobSession) -> HaveJob:
    """Asks what was performed, execution by execution, perform_now included."""
    return jobs.have_performed_job


@pytest.fixture
def have_retried_job(jobs: JobSession) -> HaveJob:
    """Asks which further attempts were enqueued, when they are due and after which error."""
    return jobs.have_retried_job


@pytest.fixture
def have_discarded_job(jobs: JobSession) -> HaveJob:
    """Asks which jobs were given up, and after which error."""
    return jobs.have_discarded_job


@pytest.fixture
def have_dead_job(jobs: JobSession) -> HaveJob:
    """Asks which jobs went to the dead set, and after which error."""
    return jobs.have_dead_job


@pytest.fixture
def perform_enqueued_jobs(jobs: JobSession) -> PerformEnqueuedJobs:
    """Performs jobs: perform_enqueued_jobs() now, with perform_enqueued_jobs(): at the end of a block."""
    return jobs.perform_enqueued_jobs


@pytest.fixture
def simulate_retries(jobs: JobSession) -> SimulateRetries:
    """Runs a job through failing attempts: run = simulate_retries(job, 42, raising=Timeout, times=4); run.waits."""
    return jobs.simulate_retries


@pytest.fixture
def job_clock(jobs: JobSession) -> JobClock:
    """The test's time, frozen for the code under test too: travel(hours=2), travel_to(moment)."""
    return jobs.clock.freeze()


@pytest.fixture
def assert_enqueued_jobs(jobs: JobSession) -> AssertCount:
    """assert_enqueued_jobs(2, only=job): what waits now; with a block, what the block enqueued."""
    return jobs.assert_enqueued_jobs


@pytest.fixture
def assert_no_enqueued_jobs(jobs: JobSession) -> AssertCount:
    """assert_no_enqueued_jobs(): nothing waits now; with a block, the block enqueued nothing."""
    return jobs.assert_no_enqueued_jobs


@pytest.fixture
def assert_performed_jobs(jobs: JobSession) -> AssertCount:
    """assert_performed_jobs(2): so many executions so far; with a block, performs what the block enqueues."""
    return jobs.assert_performed_jobs


@pytest.fixture
def assert_no_performed_jobs(jobs: JobSession) -> AssertCount:
    """assert_no_performed_jobs(): nothing was performed; with a block, nor is anything that the block enqueues."""
    return jobs.assert_no_performed_jobs


@pytest.fixture
def assert_enqueued_with(jobs: JobSession) -> AssertWith:
    """assert_enqueued_with(job, args=[42], at=..., queue=...): at least one such job waits; or a block enqueued it."""
    return jobs.assert_enqueued_with


@pytest.fixture
def assert_performed_with(jobs: JobSession) -> AssertWith:
    """assert_performed_with(job, args=[42]): at least one such job was performed; or is, from a block."""
    return jobs.assert_performed_with


@pytest.fixture
def retry_safety() -> RetrySafety:
    """Explores what faults do to a job: report = retry_safety(Charge, 1, world=shop); assert report.safe."""
    from pytest_jobkit.retry_safety.fixture import RetrySafety

    return RetrySafety()
