"""`perform_one` and `requeue`: one job at a time, by hand."""

from __future__ import annotations

import pytest

from jobkit import JobkitError, job, retry_on
from pytest_jobkit import JobSession

DONE: list[object] = []


@job
def parent(number: int) -> None:
    DONE.append(("parent", number))
    child.perform_later(number)


@job
def child(number: int) -> None:
    DONE.append(("child", number))


@job
@retry_on(OSError, wait=5)
def flaky() -> None:
    raise OSError


@job
def broken() -> None:
    raise ValueError("broken")


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


def test_the_first_job_runs_and_none_that_follows(jobs: JobSession) -> None:
    parent.perform_later(1)
    parent.perform_later(2)

    record = jobs.perform_one()

    assert (record.state, DONE) == ("succeeded", [("parent", 1)])
    assert jobs.enqueued == [parent.build(2), child.build(1)]


def test_the_first_of_one_kind_runs(jobs: JobSession) -> None:
    child.perform_later(1)
    parent.perform_later(2)

    jobs.perform_one(parent)

    assert DONE == [("parent", 2)]


def test_this_very_job_runs_at_its_time(jobs: JobSession) -> None:
    child.perform_later(1)
    later = child.set(wait=60).perform_later(2)
    before = jobs.clock.time()

    jobs.perform_one(later)

    assert DONE == [("child", 2)]
    assert jobs.clock.time() - before == 60
    assert jobs.perform_one(jobs.enqueued[0].job_id).arguments == [1]


def test_attempts_run_one_by_one(jobs: JobSession) -> None:
    flaky.perform_later()

    assert [jobs.perform_one(flaky).executions for _ in range(3)] == [1, 2, 3]
    assert jobs.have_retried_job(flaky).thrice()


def test_where_nothing_waits_it_says_what_does(jobs: JobSession) -> None:
    with pytest.raises(AssertionError, match="no job waits; what waits is no job at all"):
        jobs.perform_one()
    child.perform_later(1)
    with pytest.raises(AssertionError, match=r"no parent waits; what waits is child\(1\)"):
        jobs.perform_one(parent)


def test_an_error_that_nobody_took_is_raised_and_the_job_can_be_put_back(jobs: JobSession) -> None:
    enqueued = broken.perform_later()
    with pytest.raises(ValueError, match="broken"):
        jobs.perform_one()

    jobs.requeue(enqueued)

    assert jobs.dead == []
    assert jobs.enqueued == [broken]
    with pytest.raises(JobkitError, match="dead"):
        jobs.requeue(enqueued)
