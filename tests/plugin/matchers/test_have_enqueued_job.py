"""have_enqueued_job: what it matches, what it counts, what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from dirty_equals import IsPartialDict, IsPositiveInt

from jobkit import ConfigError, Job, JobRecord, job, perform_all_later
from pytest_jobkit import HaveJob, JobSession


@job
def ship(order_id: int, gift: bool = False) -> None:
    """Ships an order."""


@job(queue="mail", priority=5)
def send_mail(to: Any, **details: Any) -> None:
    """Sends a mail."""


class Refund(Job):
    def perform(self, order_id: int | None) -> None:
        """Pays back."""


def test_a_block_sees_what_it_enqueued_and_nothing_from_before(have_enqueued_job: HaveJob) -> None:
    ship.perform_later(1)

    with have_enqueued_job(ship).with_args(2).once():
        ship.perform_later(2)


def test_the_boolean_form_sees_the_whole_test(have_enqueued_job: HaveJob) -> None:
    ship.perform_later(1)
    Refund.perform_later(1)

    assert have_enqueued_job(ship).with_args(1)
    assert have_enqueued_job(Refund)
    assert not have_enqueued_job(send_mail)
    assert not have_enqueued_job(ship).with_args(2)


def test_a_job_that_was_performed_meanwhile_was_enqueued_all_the_same(jobs: JobSession) -> None:
    with jobs.have_enqueued_job(ship) as enqueued:
        ship.perform_later(1)
        jobs.perform_enqueued_jobs()

    assert enqueued.job.arguments == [1]


def test_without_a_count_one_is_wanted_so_two_fail_the_block(have_enqueued_job: HaveJob) -> None:
    with (
        pytest.raises(AssertionError, match=r"expected exactly 1 ship to be enqueued in the block\nbut 2 were"),
        have_enqueued_job(ship),
    ):
        perform_all_later(ship.build(1), ship.build(2))


def test_without_a_count_two_are_neither_yes_nor_no(have_enqueued_job: HaveJob) -> None:
    ship.perform_later(1)
    ship.perform_later(2)

    with pytest.raises(AssertionError, match=r"Say how many are right: \.exactly\(2\)"):
        assert have_enqueued_job(ship)
    with pytest.raises(AssertionError, match="Say how many are right"):
        assert not have_enqueued_job(ship)


@pytest.mark.parametrize(
    ("count", "enqueued"),
    [
        ("exactly(2)", 2),
        ("once()", 1),
        ("twice()", 2),
        ("thrice()", 3),
        ("never()", 0),
        ("at_least(2)", 2),
        ("at_least(2)", 3),
        ("at_most(2)", 2),
        ("at_most(2)", 0),
        ("at_least(1).at_most(3)", 3),
        ("at_most(3).at_least(1)", 1),
    ],
)
def test_counts_that_are_met(have_enqueued_job: HaveJob, count: str, enqueued: int) -> None:
    for number in range(enqueued):
        ship.perform_later(number)

    assert eval(f"matcher.{count}", {"matcher": have_enqueued_job(ship)})


@pytest.mark.parametrize(
    ("count", "enqueued"),
    [
        ("exactly(2)", 1),
        ("once()", 0),
        ("once()", 2),
        ("never()", 1),
        ("at_least(2)", 1),
        ("at_most(1)", 2),
        ("at_least(1).at_most(2)", 3),
    ],
)
def test_counts_that_are_not_met(have_enqueued_job: HaveJob, count: str, enqueued: int) -> None:
    for number in range(enqueued):
        ship.perform_later(number)

    assert not eval(f"matcher.{count}", {"matcher": have_enqueued_job(ship)})


@pytest.mark.parametrize(
    "sentence",
    [
        "once().twice()",
        "never().at_least(1)",
        "at_least(2).once()",
        "at_least(3).at_most(2)",
        "at_least(1).at_least(2)",
        "immediately().delayed_by(3)",
        "at(noon).immediately()",
        "at(noon).delayed_by(1)",
        "on_queue('a').on_queue('b')",
        "with_args(1).with_args(2)",
        "with_priority(1).with_priority(1)",
        "exactly(-1)",
        "exactly(True)",
        "delayed_by(3, within=-1)",
        "at(naive)",
        "with_error(ValueError)",
    ],
)
def test_what_contradicts_itself_is_refused_when_it_is_written(have_enqueued_job: HaveJob, sentence: str) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    with pytest.raises(ConfigError):
        eval(
            f"matcher.{sentence}",
            {"matcher": have_enqueued_job(ship), "noon": noon, "naive": noon.replace(tzinfo=None)},
        )


def test_an_argument_by_name_equals_the_same_by_position_and_one_left_out_its_default(
    have_enqueued_job: HaveJob,
) -> None:
    ship.perform_later(order_id=1, gift=False)

    assert have_enqueued_job(ship).with_args(1)
    assert have_enqueued_job(ship).with_args(1, gift=False)
    assert not have_enqueued_job(ship).with_args(1, gift=True)


def test_none_as_an_argument_constrains(have_enqueued_job: HaveJob) -> None:
    Refund.perform_later(7)

    assert not have_enqueued_job(Refund).with_args(None)

    Refund.perform_later(None)
    assert have_enqueued_job(Refund).with_args(None)


def test_objects_that_equal_many_values_work(have_enqueued_job: HaveJob) -> None:
    send_mail.perform_later({"name": "Ada", "id": 3}, subject="hello")

    assert have_enqueued_job(send_mail).with_args(ANY, subject=ANY)
    assert have_enqueued_job(send_mail).with_args(IsPartialDict(id=IsPositiveInt), subject="hello")
    assert not have_enqueued_job(send_mail).with_args(IsPartialDict(id=4), subject="hello")


def test_arguments_that_the_job_cannot_take_are_refused_when_written(have_enqueued_job: HaveJob) -> None:
    with pytest.raises(TypeError, match=r"ship\(order_id: int, gift: bool = False\).*too many positional"):
        have_enqueued_job(ship).with_args(1, True, 3)
    with pytest.raises(TypeError, match=r"with_args\(\) means: no arguments"):
        have_enqueued_job(ship).with_args()


def test_a_predicate_always_gets_a_job_record(jobs: JobSession) -> None:
    ship.perform_later(1)
    jobs.perform_enqueued_jobs()

    assert jobs.have_enqueued_job(ship).where(lambda job: isinstance(job, JobRecord) and job.arguments == [1])
    assert jobs.have_performed_job(ship).where(lambda job: isinstance(job, JobRecord) and job.arguments == [1])
    assert not jobs.have_enqueued_job(ship).where(lambda job: job.arguments[0] > 1)


def test_queue_and_priority(have_enqueued_job: HaveJob) -> None:
    send_mail.perform_later("ada")
    send_mail.set(queue="slow", priority=1).perform_later("bob")
    ship.perform_later(1)

    assert have_enqueued_job(send_mail).on_queue("mail").with_priority(5)
    assert have_enqueued_job(send_mail).on_queue("slow").with_priority(1)
    assert have_enqueued_job(ship).with_priority(None)
    assert not have_enqueued_job(send_mail).with_priority(None)


def test_times(jobs: JobSession, have_enqueued_job: HaveJob) -> None:
    noon = datetime(2100, 3, 1, 12, tzinfo=UTC)
    ship.set(wait_until=noon).perform_later(1)
    ship.set(wait=60).perform_later(2)
    ship.perform_later(3)

    assert have_enqueued_job(ship).at(noon).with_args(1)
    assert not have_enqueued_job(ship).at(noon + timedelta(seconds=1))
    assert have_enqueued_job(ship).at(noon + timedelta(seconds=1), within=1).with_args(1)
    assert have_enqueued_job(ship).delayed_by(60).with_args(2)
    assert have_enqueued_job(ship).delayed_by(timedelta(minutes=1)).with_args(2)
    assert have_enqueued_job(ship).delayed_by(61, within=1).with_args(2)
    assert not have_enqueued_job(ship).delayed_by(61, within=0.5)
    assert have_enqueued_job(ship).immediately().with_args(3)


def test_a_job_may_be_named(have_enqueued_job: HaveJob) -> None:
    ship.perform_later(1)

    assert have_enqueued_job("ship").with_args(1)
    assert have_enqueued_job(f"{__name__}.ship")
    assert not have_enqueued_job("hip")


def test_this_very_job_may_be_meant(have_enqueued_job: HaveJob) -> None:
    first = ship.perform_later(1)
    second = ship.build(1)

    assert have_enqueued_job(first)
    assert not have_enqueued_job(second)


def test_without_a_job_any_is_meant(have_enqueued_job: HaveJob) -> None:
    with have_enqueued_job().never():
        pass
    with have_enqueued_job().on_queue("mail"):
        send_mail.perform_later("ada")


def test_something_that_is_no_job_is_refused(have_enqueued_job: HaveJob) -> None:
    # A plain function would not do: where RQ is loaded it is a job.
    with pytest.raises(ConfigError, match=r"<object object.*> is not a job"):
        have_enqueued_job(object())


def test_a_retry_is_no_enqueue_but_a_retry(jobs: JobSession) -> None:
    from jobkit import retry_on

    @job
    @retry_on(OSError, wait=5, jitter=0, queue="slow")
    def flaky() -> None:
        if len(jobs.performed) < 2:
            raise OSError("down")

    flaky.perform_later()
    jobs.perform_enqueued_jobs()

    assert jobs.have_enqueued_job(flaky)
    assert jobs.have_retried_job(flaky).with_error(OSError, match="down").delayed_by(5).on_queue("slow").twice()
    assert jobs.have_performed_job(flaky).exactly(3)


def test_both_or_either(have_enqueued_job: HaveJob) -> None:
    with have_enqueued_job(ship) & have_enqueued_job(send_mail):
        ship.perform_later(1)
        send_mail.perform_later("ada")
    with have_enqueued_job(ship) | have_enqueued_job(send_mail):
        ship.perform_later(2)
    with (
        pytest.raises(AssertionError, match="expected exactly 1 send_mail"),
        have_enqueued_job(ship) & have_enqueued_job(send_mail),
    ):
        ship.perform_later(3)
    with (
        pytest.raises(AssertionError, match=r"(?s)1 ship.*and.*1 send_mail"),
        have_enqueued_job(ship) | have_enqueued_job(send_mail),
    ):
        pass


def test_the_jobs_that_matched_are_there_to_go_on_with(have_enqueued_job: HaveJob) -> None:
    with have_enqueued_job(ship).twice() as enqueued:
        ship.perform_later(1)
        ship.perform_later(2)

    assert [record.arguments for record in enqueued.jobs] == [[1], [2]]
    with pytest.raises(AssertionError, match="but 2 were"):
        _ = enqueued.job


def test_an_error_in_the_block_is_not_hidden_by_the_expectation(have_enqueued_job: HaveJob) -> None:
    with pytest.raises(ZeroDivisionError), have_enqueued_job(ship):
        raise ZeroDivisionError


def test_forgotten_parentheses_are_noticed(have_enqueued_job: HaveJob) -> None:
    with pytest.raises(ConfigError, match="it was not called"):
        assert have_enqueued_job
