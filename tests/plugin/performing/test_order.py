"""The order in which a drain performs what is ready."""

from __future__ import annotations

import pytest

from jobkit import ConfigError, job, limits_concurrency
from pytest_jobkit import JobSession

DONE: list[int] = []


@job
def note(number: int) -> None:
    DONE.append(number)


@job
@limits_concurrency(to=1)
def one_at_a_time(number: int) -> None:
    DONE.append(number)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


def drained(seed: int, order: str) -> list[int]:
    """The order in which ten jobs are performed."""
    DONE.clear()
    with JobSession(seed=seed) as session:
        for number in range(10):
            note.perform_later(number)
        session.perform_enqueued_jobs(order=order)
    return DONE.copy()


def test_as_a_worker_fetches_unless_told_otherwise() -> None:
    assert drained(1, "queue") == list(range(10))


def test_the_newest_first() -> None:
    assert drained(1, "newest") == list(reversed(range(10)))


def test_by_chance_but_the_same_for_a_seed() -> None:
    assert sorted(drained(1, "random")) == list(range(10))
    assert drained(1, "random") == drained(1, "random")
    assert len({tuple(drained(seed, "random")) for seed in range(5)}) == 5


def test_time_comes_before_order_and_what_is_not_meant_stays(jobs: JobSession) -> None:
    note.set(wait=60).perform_later(2)
    note.perform_later(1)
    note.set(queue="other").perform_later(3)

    result = jobs.perform_enqueued_jobs(order="newest", queue="default")

    assert DONE == [1, 2]
    assert result.remaining == 1
    assert jobs.enqueued == [note.build(3)]


def test_limits_are_kept(jobs: JobSession) -> None:
    for number in range(3):
        one_at_a_time.perform_later(number)

    assert jobs.perform_enqueued_jobs(order="random").succeeded == 3


def test_other_words_are_refused(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="give one of queue, random, newest"):
        jobs.perform_enqueued_jobs(order="backwards")
    with pytest.raises(ConfigError, match="leave out order or inline"):
        jobs.perform_enqueued_jobs.block(inline=True, order="newest")
