"""How long jobs waited in their queues, and how many later ones went before them."""

from __future__ import annotations

import pytest

from jobkit import QueueConfig, job
from pytest_jobkit import JobSession


@job(queue="critical")
def urgent() -> None:
    """Must not wait."""


@job(queue="low")
def sweep() -> None:
    """May wait."""


@pytest.mark.jobkit(config=QueueConfig(queues=["critical", "low"]))
def test_a_strict_order_starves_the_lower_queue(jobs: JobSession) -> None:
    sweep.perform_later()
    for _ in range(5):
        urgent.perform_later()

    jobs.perform_enqueued_jobs()

    waits = jobs.queue_waits()
    assert list(waits) == ["critical", "low"]
    assert (waits["low"].performed, waits["low"].overtaken) == (1, 5)
    assert (waits["critical"].performed, waits["critical"].overtaken) == (5, 0)


def test_the_wait_counts_from_when_a_job_might_have_run(jobs: JobSession) -> None:
    sweep.set(wait=60).perform_later()
    urgent.perform_later()

    jobs.clock.travel(seconds=90)
    jobs.perform_enqueued_jobs()

    assert jobs.queue_waits()["low"].longest == 30
    assert jobs.queue_waits()["critical"].longest == 90


def test_nothing_performed_is_nothing_to_tell(jobs: JobSession) -> None:
    assert jobs.queue_waits() == {}
