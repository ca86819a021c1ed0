"""What a queue and its workers may do to a job at any time: deliver it twice, lose its worker."""

from __future__ import annotations

import pytest

from jobkit import Job, JobkitError, job
from pytest_jobkit import JobSession

charges: list[int] = []


@job
def charge(order_id: int) -> None:
    charges.append(order_id)


@pytest.fixture(autouse=True)
def _no_charges() -> None:
    charges.clear()


def test_a_job_that_was_performed_can_come_again(jobs: JobSession) -> None:
    enqueued = charge.perform_later(1)
    jobs.perform_enqueued_jobs()

    duplicate = jobs.redeliver(enqueued)

    assert isinstance(enqueued, Job)
    assert duplicate.job_id == enqueued.job_id
    assert jobs.enqueued == (duplicate,)
    jobs.perform_enqueued_jobs()
    assert charges == [1, 1]


def test_a_duplicate_is_no_enqueue_of_the_test(jobs: JobSession) -> None:
    enqueued = charge.perform_later(1)

    jobs.redeliver(enqueued)

    assert jobs.have_enqueued_job(charge).once()


def test_a_job_whose_worker_is_lost_before_it_acknowledged_comes_back(jobs: JobSession) -> None:
    enqueued = charge.perform_later(1)

    lost = jobs.lose_worker(enqueued)

    assert lost.state == "lost"
    assert charges == []
    jobs.perform_enqueued_jobs()
    assert charges == [1]


def test_a_job_is_named_by_its_id_or_its_record_too(jobs: JobSession) -> None:
    enqueued = charge.perform_later(1)

    jobs.lose_worker(jobs.enqueued[0])
    jobs.lose_worker(enqueued.job_id)

    assert len(jobs.have_enqueued_job(charge).jobs) == 1
    assert [record.state for record in jobs.performed] == ["lost", "lost"]


def test_what_never_was_enqueued_cannot_come_again(jobs: JobSession) -> None:
    with pytest.raises(JobkitError, match="has never seen job 'nobody'"):
        jobs.redeliver("nobody")
    with pytest.raises(JobkitError, match="is not pending"):
        jobs.lose_worker("nobody")
