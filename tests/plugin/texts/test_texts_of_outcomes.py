"""Failure texts of the matchers: what became of a job, and several expectations in one."""

from __future__ import annotations

from inline_snapshot import snapshot
from reading_of_texts import text_of
from shop_of_texts import CardExpired, charge, pack, send_mail, ship

from pytest_jobkit import JobSession


def test_it_was_before_the_block() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        with jobs.have_enqueued_job(ship):
            pass

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
but no job was enqueued at all

Before the block 1 was enqueued.\
""")


def test_it_was_enqueued_and_not_performed() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        jobs.have_performed_job(ship).verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be performed
but no job was performed at all

1 ship waits in a queue: perform_enqueued_jobs() performs what waits.\
""")


def test_it_was_performed_and_not_discarded() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        jobs.perform_enqueued_jobs()
        jobs.have_discarded_job(ship).verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be discarded
but no job was discarded at all

ship was performed once and ended as: succeeded.\
""")


def test_it_died_of_something_else() -> None:
    def test(jobs: JobSession) -> None:
        charge.perform_later(3)
        jobs.perform_enqueued_jobs(errors="capture")
        jobs.have_dead_job(charge).with_error(ConnectionError).verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 charge to be dead
    with_error(ConnectionError)
but none was like that. The nearest:

  charge(3) on queue 'payments', dead, KeyError: 'currency'
      error: wanted ConnectionError, found KeyError: 'currency'\
""")


def test_it_was_discarded_with_another_text() -> None:
    def test(jobs: JobSession) -> None:
        charge.perform_later(1)
        jobs.perform_enqueued_jobs()
        jobs.have_discarded_job(charge).with_error(CardExpired, match="card 1111").verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 charge to be discarded
    with_error(CardExpired, match='card 1111')
but none was like that. The nearest:

  charge(1) on queue 'payments', discarded, CardExpired: card 4242 expired in 2024
      error: wanted a text that matches 'card 1111', found CardExpired: card 4242 expired in 2024\
""")


def test_it_was_retried_later_than_wanted() -> None:
    def test(jobs: JobSession) -> None:
        charge.perform_later(2)
        jobs.perform_enqueued_jobs(retries=False)
        jobs.have_retried_job(charge).delayed_by(10).verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 charge to be retried
    delayed_by(10)
but none was like that. The nearest:

  charge(2) on queue 'payments', in 31.56 s, ConnectionError: gateway.example.org: no route to host
      delay: wanted 10 s, found 31.56 s
      enqueued at FILE:LINE in test_it_was_retried_later_than_wanted.<locals>.test\
""")


def test_one_of_two_is_wrong() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship) & jobs.have_enqueued_job(send_mail).with_args(42):
            ship.perform_later(42)
            send_mail.perform_later(41)

    assert text_of(test) == snapshot("""\
expected exactly 1 send_mail to be enqueued in the block
    with_args(42)
but none was like that. The nearest:

  send_mail(41) on queue 'mailers', priority 5, at once
      order_id: wanted 42, found 41
      enqueued at FILE:LINE in test_one_of_two_is_wrong.<locals>.test

The other jobs:
  ship(42) on queue 'orders', at once\
""")


def test_neither_of_two_is_there() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.have_enqueued_job(ship) | jobs.have_enqueued_job(send_mail):
            pass

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued in the block
but no job was enqueued at all

and neither

expected exactly 1 send_mail to be enqueued in the block
but no job was enqueued at all\
""")


def test_another_job_enqueued_it() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(42)
        jobs.have_enqueued_job(ship).enqueued_by(pack).verify()

    assert text_of(test) == snapshot("""\
expected exactly 1 ship to be enqueued
    enqueued_by(pack)
but none was like that. The nearest:

  ship(42) on queue 'orders', at once
      enqueued by: wanted pack, found no job
      enqueued at FILE:LINE in test_another_job_enqueued_it.<locals>.test\
""")
