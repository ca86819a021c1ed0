"""JobSession by itself, and what its fixtures are."""

from __future__ import annotations

import threading
from typing import assert_type

import pytest

import pytest_jobkit
from jobkit import Engine, JobRecord, job
from jobkit.current import current_backend
from pytest_jobkit import (
    AssertCount,
    AssertWith,
    HaveJob,
    JobClock,
    JobMatcher,
    JobSession,
    Performed,
    PerformEnqueuedJobs,
    RetryRun,
    SimulateRetries,
)
from pytest_jobkit.matchers.question import Joined


@job
def ship(order_id: int) -> None:
    """Ships an order."""


def test_it_works_without_pytest() -> None:
    with JobSession() as jobs:
        ship.perform_later(1)

        assert jobs.have_enqueued_job(ship).with_args(1)
        jobs.perform_enqueued_jobs()
        assert [record.arguments for record in jobs.performed] == [[1]]


def test_what_is_enqueued_after_it_goes_where_it_went_before() -> None:
    engine = Engine()
    with engine.active():
        with JobSession():
            ship.perform_later(1)
        ship.perform_later(2)

        assert [record.arguments for record in engine.enqueued] == [[2]]
        assert current_backend() is engine


def test_threads_of_the_code_under_test_enqueue_into_it(jobs: JobSession) -> None:
    thread = threading.Thread(target=ship.perform_later, args=(1,))
    thread.start()
    thread.join()

    assert jobs.have_enqueued_job(ship)


def test_the_same_seed_gives_the_same_ids() -> None:
    def id_of_first(seed: int) -> str:
        with JobSession(seed=seed):
            return ship.perform_later(1).job_id

    assert id_of_first(1) == id_of_first(1) != id_of_first(2)


def test_it_says_in_a_word_where_it_stands(jobs: JobSession) -> None:
    ship.perform_later(1)

    assert repr(jobs).startswith("<JobSession 1 waiting, 0 performed, at 20")


def test_perform_now_is_performed_too(jobs: JobSession) -> None:
    ship.perform_now(1)

    assert jobs.have_performed_job(ship).with_args(1)
    assert not jobs.have_enqueued_job(ship)


def test_every_public_name_is_there_and_no_other() -> None:
    for name in pytest_jobkit.__all__:
        assert getattr(pytest_jobkit, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Jobs'"):
        _ = pytest_jobkit.Jobs


def test_the_fixtures_have_types(
    jobs: JobSession,
    have_enqueued_job: HaveJob,
    perform_enqueued_jobs: PerformEnqueuedJobs,
    simulate_retries: SimulateRetries,
    job_clock: JobClock,
    assert_enqueued_jobs: AssertCount,
    assert_enqueued_with: AssertWith,
) -> None:
    ship.perform_later(1)

    assert assert_type(have_enqueued_job(ship), JobMatcher)
    assert assert_type(have_enqueued_job(ship).with_args(1).once() & have_enqueued_job(ship), Joined)
    with have_enqueued_job(ship).never() as enqueued:
        assert_type(enqueued, JobMatcher)
    assert_type(enqueued.jobs, tuple[JobRecord, ...])
    assert_type(perform_enqueued_jobs(), Performed)
    with perform_enqueued_jobs() as performed:
        assert_type(performed, Performed)
    assert_type(simulate_retries(ship, 1, raising=OSError), RetryRun)
    assert_type(job_clock, JobClock)
    assert_type(assert_enqueued_jobs(0), JobMatcher)
    assert_type(jobs.performed, tuple[JobRecord, ...])
    assert assert_enqueued_with
