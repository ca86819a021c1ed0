"""assert_enqueued_jobs and its kin, as in ActiveJob's TestHelper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobkit import ConfigError, job
from pytest_jobkit import AssertCount, AssertWith, JobSession

done: list[int] = []


@job
def ship(order_id: int) -> None:
    done.append(order_id)


@job(queue="mail", priority=3)
def send_mail(to: str, *, subject: str = "") -> None:
    done.append(len(to))


@job
async def ship_async(order_id: int) -> None:
    done.append(order_id)


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


def test_now_it_counts_what_waits(jobs: JobSession, assert_enqueued_jobs: AssertCount) -> None:
    ship.perform_later(1)
    send_mail.perform_later("ada")

    assert_enqueued_jobs(2)
    assert_enqueued_jobs(1, only=ship)
    assert_enqueued_jobs(1, except_=ship)
    assert_enqueued_jobs(1, queue="mail")
    assert_enqueued_jobs(2, only=[ship, send_mail])
    jobs.perform_enqueued_jobs()
    assert_enqueued_jobs(0)


def test_about_a_block_it_counts_all_that_was_enqueued_there(
    jobs: JobSession, assert_enqueued_jobs: AssertCount
) -> None:
    ship.perform_later(1)

    with assert_enqueued_jobs(1) as enqueued:
        ship.perform_later(2)
        jobs.perform_enqueued_jobs()

    assert enqueued.job.arguments == [2]


def test_none_now_and_none_in_a_block(assert_no_enqueued_jobs: AssertCount) -> None:
    assert_no_enqueued_jobs()
    with assert_no_enqueued_jobs(only=ship):
        send_mail.perform_later("ada")
    with pytest.raises(AssertionError, match=r"expected no job to be enqueued\nbut 1 was enqueued:"):
        assert_no_enqueued_jobs()


def test_the_text_names_the_selection(assert_enqueued_jobs: AssertCount) -> None:
    send_mail.perform_later("ada")

    with pytest.raises(AssertionError) as error:
        assert_enqueued_jobs(2, only=[ship, "refund"], queue="mail")

    assert str(error.value).splitlines()[:2] == [
        "expected exactly 2 ship or refund jobs on queue 'mail' to be enqueued",
        "but no ship or refund job on queue 'mail' was enqueued",
    ]


def test_performed_ones_are_performed_at_the_end_of_the_block(
    jobs: JobSession, assert_performed_jobs: AssertCount
) -> None:
    ship.perform_later(1)

    with assert_performed_jobs(1, only=ship):
        ship.perform_later(2)
        send_mail.perform_later("ada")
        assert done == []

    assert done == [2]
    assert len(jobs.enqueued) == 2
    assert_performed_jobs(1)


def test_an_error_of_a_performed_job_is_raised(assert_performed_jobs: AssertCount) -> None:
    @job
    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), assert_performed_jobs(1):
        broken.perform_later()


def test_none_performed_notices_perform_now(assert_no_performed_jobs: AssertCount) -> None:
    assert_no_performed_jobs()
    with (
        pytest.raises(AssertionError, match="expected no job to be performed in the block"),
        assert_no_performed_jobs(),
    ):
        ship.perform_now(1)


@pytest.mark.asyncio
async def test_async_jobs_in_an_async_test(assert_performed_jobs: AssertCount) -> None:
    async with assert_performed_jobs(1):
        ship_async.perform_later(1)

    assert done == [1]


def test_enqueued_with(assert_enqueued_with: AssertWith) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    send_mail.perform_later("ada", subject="hello")
    send_mail.set(wait_until=soon).perform_later("bob")

    assert_enqueued_with(send_mail, args=["ada"], kwargs={"subject": "hello"}, queue="mail", priority=3)
    assert_enqueued_with(send_mail, args=["bob"], at=soon)
    assert_enqueued_with(args=lambda arguments: arguments == ["bob"])
    assert_enqueued_with(send_mail, at=lambda at: at is None, queue=str.islower, priority=lambda number: number < 4)
    assert_enqueued_with(send_mail, at=soon + timedelta(seconds=1), within=1)
    assert assert_enqueued_with(send_mail, args=["bob"]).job.scheduled_at == soon


def test_enqueued_with_says_what_differs(assert_enqueued_with: AssertWith) -> None:
    send_mail.perform_later("ada")

    with pytest.raises(AssertionError, match=r"to: +wanted 'bob', found 'ada'"):
        assert_enqueued_with(send_mail, args=["bob"])
    with (
        pytest.raises(AssertionError, match="expected at least 1 send_mail to be enqueued in the block"),
        assert_enqueued_with(send_mail, queue="mail"),
    ):
        pass


def test_performed_with(jobs: JobSession, assert_performed_with: AssertWith) -> None:
    with assert_performed_with(ship, args=[2]):
        ship.perform_later(1)
        ship.perform_later(2)

    assert_performed_with(ship, args=[1])
    assert done == [1, 2]


def test_a_number_is_needed_or_in_the_way(
    assert_enqueued_jobs: AssertCount, assert_no_enqueued_jobs: AssertCount
) -> None:
    with pytest.raises(ConfigError, match="needs a number"):
        assert_enqueued_jobs()
    with pytest.raises(ConfigError, match="takes no number"):
        assert_no_enqueued_jobs(1)
    with pytest.raises(ConfigError, match="a number of jobs is wanted"):
        assert_enqueued_jobs(-1)
    with pytest.raises(ConfigError, match="not both"):
        assert_enqueued_jobs(1, only=ship, except_=send_mail)
