"""Locks, schedules, batches, events, transactions and interruptions, as a test asks for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobkit import Batch, ConfigError, Job, Schedule, job, retry_on, step, unique
from jobkit.continuation import Step
from jobkit.recurring.entry import Entry
from pytest_jobkit import JobSession


@unique(lock="until_executed", key=lambda user_id: user_id, ttl=600)
@job
def sync_user(user_id: int) -> None:
    """Brings a user up to date."""


@job
@retry_on(OSError, wait=5, attempts=2)
def ship(order_id: int) -> None:
    """Sends an order out."""


seen: list[object] = []


class Import(Job):
    def perform(self) -> None:
        def rows(step: Step) -> None:
            for row in range(step.cursor, 3):
                seen.append(row)
                step.set(row + 1)

        step("rows", rows, start=0)
        step("report", lambda _: seen.append("report"))


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def test_a_lock_has_a_holder_and_a_time_to_live(jobs: JobSession) -> None:
    first = sync_user.perform_later(1)

    assert jobs.lock_of(sync_user.build(1)).holders == (first.job_id,)
    assert jobs.lock_of(sync_user.build(1)).ttl == 600
    assert not jobs.lock_of(sync_user.build(2)).is_held
    jobs.clock.travel(minutes=4)
    assert jobs.lock_of(first).ttl == 360
    jobs.clock.travel(minutes=6)
    assert not jobs.lock_of(first).is_held


def test_a_lock_is_let_go_when_the_job_is_done(jobs: JobSession) -> None:
    first = sync_user.perform_later(1)

    jobs.perform_enqueued_jobs()

    assert not jobs.lock_of(first).is_held


def test_a_job_without_a_lock_has_none_to_ask_about(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="ship has no @unique lock"):
        jobs.lock_of(ship.build(1))


@pytest.mark.jobkit(
    start=datetime(2026, 3, 2, 5, tzinfo=UTC),
    schedule=Schedule([Entry("early", "mechanisms.test_mechanisms.ship", cron="0 6 * * *", args=[1])]),
)
def test_a_schedule_fires_at_its_times(jobs: JobSession) -> None:
    assert jobs.next_fire_times(2, "early") == [
        datetime(2026, 3, 2, 6, tzinfo=UTC),
        datetime(2026, 3, 3, 6, tzinfo=UTC),
    ]
    assert len(jobs.next_fire_times()) == 5

    jobs.clock.travel(days=2)

    assert jobs.enqueued == [ship.build(1), ship.build(1)]


@pytest.mark.jobkit(
    schedule=Schedule([Entry("early", "mechanisms.test_mechanisms.ship", cron="0 6 * * *", args=[1])]),
)
def test_a_schedule_fires_at_a_moment_or_says_when_it_does(jobs: JobSession) -> None:
    assert jobs.assert_fires_at(datetime(2026, 3, 2, 6, tzinfo=UTC), "early").entry.name == "early"

    with pytest.raises(AssertionError) as failure:
        jobs.assert_fires_at(datetime(2026, 3, 2, 7, tzinfo=UTC))

    assert str(failure.value).splitlines() == [
        "expected the schedule to fire at 2026-03-02T07:00:00+00:00, but it does not. It fires at",
        "  2026-03-02T06:00:00+00:00, before that",
        "  2026-03-03T06:00:00+00:00",
        "  2026-03-04T06:00:00+00:00",
        "  2026-03-05T06:00:00+00:00",
    ]
    with pytest.raises(ConfigError, match="aware"):
        jobs.assert_fires_at(datetime(2026, 3, 2, 6))  # noqa: DTZ001


def test_without_a_schedule_nothing_fires(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="no schedule"):
        jobs.next_fire_times()


def test_a_batch_is_asked_how_far_it_is(jobs: JobSession) -> None:
    with Batch(on_success=sync_user):
        ship.perform_later(1)
        ship.perform_later(2)

    (batch,) = jobs.batches
    assert (batch.status.total, batch.status.pending) == (2, 2)
    assert jobs.jobs_of(batch) == [ship.build(1), ship.build(2)]
    jobs.perform_enqueued_jobs(only=ship)
    assert batch.status.complete
    assert [moment.text for moment in jobs.timeline() if moment.what == "batch"] == [
        "batch of 2 jobs, complete",
        "batch of 2 jobs, success",
    ]
    assert jobs.have_enqueued_job(sync_user)


def test_a_job_of_a_batch_is_enqueued_once_where_the_block_says_so(jobs: JobSession) -> None:
    with jobs.have_enqueued_job(ship).once() as enqueued, Batch():
        ship.perform_later(1)
        assert not jobs.have_enqueued_job(ship)

    assert enqueued.job.arguments == [1]
    assert [moment.place.partition(":")[2] for moment in jobs.timeline() if moment.what == "enqueued"] == [
        f"{test_a_job_of_a_batch_is_enqueued_once_where_the_block_says_so.__code__.co_firstlineno + 2} in "
        "test_a_job_of_a_batch_is_enqueued_once_where_the_block_says_so"
    ]


def test_a_batch_whose_block_fails_enqueues_nothing(jobs: JobSession) -> None:
    def fill() -> None:
        with Batch():
            ship.perform_later(1)
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        fill()

    assert not jobs.have_enqueued_job(ship)


def test_the_events_of_one_job_come_in_order(jobs: JobSession) -> None:
    other = ship.perform_later(1)
    enqueued = ship.perform_later(2)

    jobs.perform_enqueued_jobs()

    assert [event.name for event in jobs.events(job=enqueued)] == ["enqueue", "perform_start", "perform"]
    assert [event.job_id for event in jobs.events("perform")] == [other.job_id, enqueued.job_id]


def test_a_rolled_back_transaction_enqueues_nothing(jobs: JobSession) -> None:
    class AfterCommit(Job):
        enqueue_after_commit = True

        def perform(self) -> None: ...

    with jobs.transaction():
        AfterCommit.perform_later()
        assert not jobs.have_enqueued_job(AfterCommit)
    assert jobs.have_enqueued_job(AfterCommit).once()
    with jobs.transaction() as transaction:
        AfterCommit.perform_later()
        transaction.rollback()
    assert jobs.have_enqueued_job(AfterCommit).once()


def test_a_job_is_interrupted_within_a_step_and_goes_on_there(jobs: JobSession) -> None:
    Import.perform_later()

    with jobs.interrupt(Import, during="rows", cursor=2):
        result = jobs.perform_enqueued_jobs()

    assert (result.interrupted, result.succeeded) == (1, 1)
    assert seen == [0, 1, 2, "report"]


def test_a_job_is_interrupted_between_two_steps(jobs: JobSession) -> None:
    enqueued = Import.perform_later()

    with jobs.interrupt(enqueued, after="rows", reason="a deploy"):
        jobs.perform_enqueued_jobs()

    (interruption,) = jobs.events("interrupt")
    assert "rows completed" in interruption.description  # type: ignore[attr-defined]  # an Interrupt has one
    assert seen == [0, 1, 2, "report"]


def test_an_interruption_that_never_came_is_told(jobs: JobSession) -> None:
    Import.perform_later()

    with (
        pytest.raises(AssertionError, match="Import was to be interrupted during step 'colums', but no checkpoint"),
        jobs.interrupt(Import, during="colums"),
    ):
        jobs.perform_enqueued_jobs()


def test_an_interruption_is_said_in_one_way(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="either during='step' or after='step'"), jobs.interrupt(Import):
        pass
    with pytest.raises(ConfigError, match="has no cursor"), jobs.interrupt(Import, after="rows", cursor=1):
        pass
