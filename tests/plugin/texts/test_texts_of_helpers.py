"""Failure texts of everything but the matchers: helpers, sequences, silent failures, wrong use."""

# ruff: noqa: E501  # the texts stand here as they are printed
from __future__ import annotations

import asyncio

from inline_snapshot import snapshot
from reading_of_texts import text_of
from shop_of_texts import Import, charge, poll, send_mail, ship, sync_user

from pytest_jobkit import JobSession


def test_another_number_of_jobs() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.assert_enqueued_jobs(2, only=[ship, send_mail]):
            ship.perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 2 ship or send_mail jobs to be enqueued in the block
but only 1 was enqueued:

  ship(1) on queue 'orders', at once\
""")


def test_jobs_where_none_were_wanted() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        jobs.assert_no_enqueued_jobs()

    assert text_of(test) == snapshot("""\
expected no job to be enqueued
but 1 was enqueued:

  ship(1) on queue 'orders', at once
      enqueued at FILE:LINE in test_jobs_where_none_were_wanted.<locals>.test\
""")


def test_fewer_were_performed() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.assert_performed_jobs(2):
            ship.perform_later(1)

    assert text_of(test) == snapshot("""\
expected exactly 2 jobs to be performed in the block
but only 1 was performed:

  ship(1) on queue 'orders', succeeded\
""")


def test_none_with_these_arguments() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        jobs.assert_enqueued_with(ship, args=[2], queue="low")

    assert text_of(test) == snapshot("""\
expected at least 1 ship to be enqueued
    with_args(2)
    on_queue('low')
but none was like that. The nearest:

  ship(1) on queue 'orders', at once
      order_id: wanted 2, found 1
      queue:    wanted 'low', found 'orders'
      enqueued at FILE:LINE in test_none_with_these_arguments.<locals>.test\
""")


def test_not_in_this_order() -> None:
    def test(jobs: JobSession) -> None:
        with jobs.enqueued_in_order(ship, send_mail.build(1), ship):
            send_mail.perform_later(1)
            ship.perform_later(1)

    assert text_of(test) == snapshot("""\
expected ship(...), send_mail(1), ship(...) to be enqueued in this order; there were
  - ship(...)   (wanted, is not there)
    send_mail(1)
    ship(1)\
""")


def test_a_list_that_is_not_equal() -> None:
    def test(jobs: JobSession) -> None:
        send_mail.perform_later(1)
        ship.perform_later(1)
        raise AssertionError("\n".join(jobs.enqueued.explain([ship, send_mail, ship.build(2)])))

    assert text_of(test) == snapshot("""\
2 jobs == 3 wanted; side by side:
  - ship(...)   (wanted, is not there)
    send_mail(1)
  - ship(2)   (wanted, is not there)
  + ship(1)   (is there, not wanted)\
""")


def test_discarded_without_a_word() -> None:
    def test(jobs: JobSession) -> None:
        charge.perform_later(1)
        jobs.perform_enqueued_jobs()

    assert text_of(test) == snapshot("""\
silent failure: charge(1) was discarded after CardExpired: card 4242 expired in 2024 (discard_on(CardExpired))
      +0 s       #1 charge(1) enqueued on 'payments', at FILE:LINE in test_discarded_without_a_word.<locals>.test
      +0 s       #1 charge(1) attempt 1 discarded: CardExpired: card 4242 expired in 2024 (discard_on(CardExpired))
      If that is right: assert have_discarded_job(charge)

Nothing that the test asserts failed, and it never speaks of this.
To allow it unspoken: @pytest.mark.jobkit(allow=['discarded'])\
""")


def test_dead_without_a_word() -> None:
    def test(jobs: JobSession) -> None:
        charge.perform_later(2)
        jobs.perform_enqueued_jobs(errors="capture")

    assert text_of(test) == snapshot("""\
silent failure: charge(2) died after ConnectionError: gateway.example.org: no route to host (retry_on(ConnectionError): all 2 attempts have failed)
      +0 s       #1 charge(2) enqueued on 'payments', at FILE:LINE in test_dead_without_a_word.<locals>.test
      +0 s       #1 charge(2) attempt 1 retried: ConnectionError: gateway.example.org: no route to host (retry_on(ConnectionError): failure 1 of 2, again in 31.5596 s)
      +0 s       #1 charge(2) enqueued again on 'payments', due in 31.56 s
      +31.56 s   #1 charge(2) attempt 2 dead: ConnectionError: gateway.example.org: no route to host (retry_on(ConnectionError): all 2 attempts have failed)
      If that is right: assert have_dead_job(charge)

Nothing that the test asserts failed, and it never speaks of this.
To allow it unspoken: @pytest.mark.jobkit(allow=['dead'])\
""")


def test_refused_without_a_word() -> None:
    def test(jobs: JobSession) -> None:
        sync_user.perform_later(1)
        for _ in range(3):
            sync_user.perform_later(1)

    assert text_of(test) == snapshot("""\
silent failure: sync_user(1) was not enqueued: sync_user(1) is a duplicate: job #1 holds its lock (until_executed, key unique:221463a3feb609f9a917b08a557f42b0)
      3 jobs; the first:
      +0 s       #2 sync_user(1) met the lock 'unique:221463a3feb609f9a917b08a557f42b0', on_conflict='none'
      +0 s       #2 sync_user(1) not enqueued: sync_user(1) is a duplicate: job #1 holds its lock (until_executed, key unique:221463a3feb609f9a917b08a557f42b0), at FILE:LINE in test_refused_without_a_word.<locals>.test
      If that is right: look at job.successfully_enqueued, or assert not have_enqueued_job(sync_user)

Nothing that the test asserts failed, and it never speaks of this.
To allow it unspoken: @pytest.mark.jobkit(allow=['refused'])\
""")


def test_a_matcher_that_was_never_asked() -> None:
    def test(jobs: JobSession) -> None:
        ship.perform_later(1)
        jobs.have_enqueued_job(ship).with_args(1)

    assert text_of(test) == snapshot("""\
silent failure: have_enqueued_job(ship).with_args(1) was written and never asked: put assert or with before it

Nothing that the test asserts failed, and it never speaks of this.
To allow it unspoken: @pytest.mark.jobkit(allow=['unasked'])\
""")


def test_a_job_without_end() -> None:
    def test(jobs: JobSession) -> None:
        poll.perform_later(1)
        jobs.perform_enqueued_jobs(limit=5)

    assert text_of(test) == snapshot(
        "the drain performed 5 jobs and did not come to an end. Next would be look_again(1), enqueued by: shop_of_texts.poll -> shop_of_texts.look_again -> shop_of_texts.poll -> shop_of_texts.look_again -> shop_of_texts.poll -> shop_of_texts.look_again. 1 jobs are pending. If this many are meant, give limit=N or limit=None; to leave out what jobs enqueue, children=False; to stop at a time, until="
    )


def test_no_such_job_waits() -> None:
    def test(jobs: JobSession) -> None:
        send_mail.perform_later(1)
        jobs.perform_one(ship)

    assert text_of(test) == snapshot("perform_one: no ship waits; what waits is send_mail(1)")


def test_contradictory_modifiers() -> None:
    assert text_of(lambda jobs: jobs.have_enqueued_job(ship).on_queue("a").on_queue("b")) == snapshot(
        "on_queue('b') contradicts on_queue('a') before it: keep one of the two"
    )
    assert text_of(lambda jobs: jobs.have_enqueued_job(ship).immediately().delayed_by(5)) == snapshot(
        "delayed_by(5) contradicts immediately() before it: keep one of the two"
    )
    assert text_of(lambda jobs: jobs.have_enqueued_job(ship).once().at_least(2)) == snapshot(
        "at_least(2) contradicts the count that was given before it, exactly 1: keep one of the two"
    )
    assert text_of(lambda jobs: jobs.assert_enqueued_jobs(1, only=ship, except_=send_mail)) == snapshot(
        "give only= or except_=, not both: they contradict each other"
    )


def test_arguments_that_the_job_cannot_have() -> None:
    assert text_of(lambda jobs: jobs.have_enqueued_job(ship).with_args(1, wrapping="gold")) == snapshot(
        "with_args(1, wrapping='gold'): ship(order_id: int, gift: bool = False) cannot be called like this: got an unexpected keyword argument 'wrapping'"
    )
    assert text_of(lambda jobs: jobs.have_enqueued_job(ship).with_args()) == snapshot(
        "with_args(): ship(order_id: int, gift: bool = False) cannot be called like this: missing a required argument: 'order_id'. with_args() means: no arguments; leave it out to allow any"
    )


def test_something_that_is_no_job() -> None:
    assert text_of(lambda jobs: jobs.have_enqueued_job(["greet"])) == snapshot(
        "['greet'] is not a job: a Job class, a @job function, a job of a framework that is captured, or a job's name is wanted. If a decorator is missing add it; if the framework was imported under another name, import it"
    )


def test_a_matcher_that_was_not_called() -> None:
    assert text_of(lambda jobs: bool(jobs.have_enqueued_job)) == snapshot(
        "assert have_enqueued_job: it was not called; write assert have_enqueued_job(job), or () for any job"
    )


def test_an_async_test_that_does_not_await() -> None:
    async def body(jobs: JobSession) -> None:
        from jobkit import job

        @job
        async def ping() -> None: ...

        ping.perform_later()
        jobs.perform_enqueued_jobs()

    assert text_of(lambda jobs: asyncio.run(body(jobs))) == snapshot("""\
an async job is to be performed, but an event loop is running here: use the async form, 'await engine.adrain(...)'
In this test: await perform_enqueued_jobs(...), or async with perform_enqueued_jobs(...)\
""")


def test_going_back_in_time() -> None:
    assert text_of(lambda jobs: jobs.clock.travel(hours=-1)) == snapshot(
        "travel(-3600 s) would go back; travel_to() can do that, at the start of a test"
    )


def test_a_step_that_never_came() -> None:
    def test(jobs: JobSession) -> None:
        Import.perform_later()
        with jobs.interrupt(Import, during="report"):
            jobs.perform_enqueued_jobs()

    assert text_of(test) == snapshot(
        "Import was to be interrupted during step 'report', but no checkpoint came there in the block; a checkpoint is step.advance(), step.set(), step.checkpoint() or the beginning of the next step"
    )


def test_retries_that_contradict_themselves() -> None:
    assert text_of(lambda jobs: jobs.simulate_retries(ship, 1, raising=[OSError], times=2)) == snapshot(
        "times= and a list in raising= contradict each other: the list has one entry an attempt"
    )
    assert text_of(lambda jobs: jobs.simulate_retries(ship, 1, raising=5)) == snapshot(
        "raising=5: an exception or its class is wanted, or None to let an attempt run"
    )  # type: ignore[arg-type]
