"""Jobs in their order: lists of records compared with lists of jobs, and enqueued_in_order."""

from __future__ import annotations

import pytest

from jobkit import Job, job
from pytest_jobkit import JobSession


@job
def send_mail(order_id: int, gift: bool = False) -> None:
    """Ends the story."""


@job
def ship(order_id: int) -> None:
    send_mail.perform_later(order_id)


class Refund(Job):
    def perform(self, order_id: int) -> None: ...


def test_a_chain_is_compared_with_the_jobs_wanted(jobs: JobSession) -> None:
    ship.perform_later(1)
    jobs.perform_enqueued_jobs()

    assert jobs.performed == [ship, send_mail]
    assert jobs.performed == (ship, "send_mail")
    assert [ship, send_mail] == jobs.performed
    assert jobs.performed != [send_mail, ship]
    assert jobs.performed != [ship]


def test_arguments_count_where_they_are_given(jobs: JobSession) -> None:
    send_mail.perform_later(1)
    Refund.perform_later(2)

    assert jobs.enqueued == [send_mail.build(1), Refund]
    assert jobs.enqueued == [send_mail.build(order_id=1, gift=False), Refund.build(2)]
    assert jobs.enqueued != [send_mail.build(2), Refund]


def test_a_record_stands_for_itself(jobs: JobSession) -> None:
    send_mail.perform_later(1)
    send_mail.perform_later(1)
    first, second = jobs.enqueued

    assert jobs.enqueued == [first, second]
    assert jobs.enqueued != [second, first]


def test_nothing_equals_an_empty_list(jobs: JobSession) -> None:
    assert jobs.performed == []
    assert jobs.dead == jobs.retries == jobs.scheduled == []


def test_what_differs_is_shown_side_by_side(jobs: JobSession) -> None:
    ship.perform_later(1)
    Refund.perform_later(2)

    with pytest.raises(AssertionError) as failure:
        assert jobs.enqueued == [send_mail, ship.build(1), ship.build(3)]

    shown = [line.strip() for line in str(failure.value).splitlines()]
    assert shown[:5] == [
        "assert 2 jobs == 3 wanted; side by side:",
        "- send_mail(...)   (wanted, is not there)",
        "ship(1)",
        "- ship(3)   (wanted, is not there)",
        "+ Refund(2)   (is there, not wanted)",
    ]


def test_an_order_may_have_gaps(jobs: JobSession) -> None:
    ship.perform_later(1)
    Refund.perform_later(2)
    send_mail.perform_later(1)

    assert jobs.enqueued_in_order(ship, send_mail)
    assert jobs.enqueued_in_order(ship.build(1), Refund, send_mail.build(1))
    assert not jobs.enqueued_in_order(send_mail, ship)
    assert not jobs.enqueued_in_order(ship, ship)


def test_an_order_within_a_block(jobs: JobSession) -> None:
    send_mail.perform_later(1)

    with jobs.enqueued_in_order(ship, send_mail):
        ship.perform_later(1)
        send_mail.perform_later(1)


def test_a_wrong_order_is_told_with_all_that_was_enqueued(jobs: JobSession) -> None:
    send_mail.perform_later(1)
    ship.perform_later(1)

    with pytest.raises(AssertionError) as failure:
        assert jobs.enqueued_in_order(ship, send_mail).verify()

    assert str(failure.value).splitlines() == [
        "expected ship(...), send_mail(...) to be enqueued in this order; there were",
        "  - ship(...)   (wanted, is not there)",
        "    send_mail(1)",
        "  + ship(1)   (is there, not wanted)",
    ]
