"""Nothing fails silently: a job that came to nothing fails its test, unless the test spoke of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import jobkit
from jobkit import Job, discard_on, job, perform_all_later, retry_on, simulated_transaction, unique
from pytest_jobkit import JobSession, Performed
from pytest_jobkit.strict import SilentFailure


@job
@discard_on(LookupError)
def discarded() -> None:
    raise LookupError("no order 1")


@job
def broken() -> None:
    raise ValueError("no")


class Halted(Job):
    @jobkit.before_perform
    def not_today(self) -> None:
        raise jobkit.Abort

    def perform(self) -> None: ...


class Refused(Job):
    @jobkit.before_enqueue
    def not_today(self) -> None:
        raise jobkit.Abort

    def perform(self) -> None: ...


@unique(lock="until_executed")
@job
def sync_user(user_id: int) -> None: ...


@job(enqueue_after_commit=True)
def after_commit() -> None: ...


class OnlyOnce(Job):
    """Keeps its own retry out of the queue."""

    @jobkit.before_enqueue
    def once(self) -> None:
        if self.executions:
            raise jobkit.Abort

    def perform(self) -> None:
        raise OSError("down")


retry_on(OSError)(OnlyOnce)


def run(test: Callable[[JobSession], object], **options: object) -> None:
    with JobSession(**options) as jobs:  # type: ignore[arg-type]  # the options of each test
        test(jobs)


def failure_of(test: Callable[[JobSession], object]) -> str:
    with pytest.raises(SilentFailure) as failure:
        run(test)
    return str(failure.value)


def discard(jobs: JobSession) -> Performed:
    discarded.perform_later()
    return jobs.perform_enqueued_jobs()


def die(jobs: JobSession) -> Performed:
    broken.perform_later()
    return jobs.perform_enqueued_jobs(errors="capture")


def halt(jobs: JobSession) -> Performed:
    Halted.perform_later()
    return jobs.perform_enqueued_jobs()


def test_a_discarded_job_fails_the_test_with_its_story() -> None:
    lines = failure_of(discard).splitlines()

    assert (
        lines[0] == "silent failure: discarded() was discarded after LookupError: no order 1 (discard_on(LookupError))"
    )
    assert "#1 discarded() enqueued on 'default', at " in lines[1]
    assert lines[1].endswith(" in discard")
    assert lines[2].endswith("#1 discarded() attempt 1 discarded: LookupError: no order 1 (discard_on(LookupError))")
    assert lines[3] == "      If that is right: assert have_discarded_job(discarded)"
    assert lines[-1] == "To allow it unspoken: @pytest.mark.jobkit(allow=['discarded'])"


def test_a_dead_job_fails_the_test() -> None:
    assert "broken() died after ValueError: no" in failure_of(die)


def test_a_halted_job_fails_the_test() -> None:
    assert "Halted() was halted (before_perform 'not_today' aborted)" in failure_of(halt)


def test_a_retry_that_was_swallowed_fails_the_test() -> None:
    def swallow(jobs: JobSession) -> None:
        OnlyOnce.perform_later()
        jobs.perform_enqueued_jobs()

    assert "the retry was kept out of the queue, the job is lost" in failure_of(swallow)


def test_a_job_that_a_callback_kept_out_fails_the_test() -> None:
    assert "Refused() was not enqueued: a before_enqueue callback aborted" in failure_of(
        lambda jobs: Refused.perform_later()
    )


def test_a_job_that_a_lock_kept_out_fails_the_test() -> None:
    def enqueue_twice(jobs: JobSession) -> None:
        sync_user.perform_later(1)
        sync_user.perform_later(1)

    text = failure_of(enqueue_twice)

    assert "sync_user(1) was not enqueued:" in text
    assert "If that is right: look at job.successfully_enqueued, or assert not have_enqueued_job(sync_user)" in text


def test_jobs_that_were_kept_out_of_a_bulk_fail_the_test() -> None:
    text = failure_of(lambda jobs: perform_all_later(sync_user.build(1), sync_user.build(1)))

    assert text.count("sync_user(1) was not enqueued") == 1


def test_a_job_that_waits_for_a_commit_that_never_comes_fails_the_test() -> None:
    def roll_back(jobs: JobSession) -> None:
        with simulated_transaction() as transaction:
            after_commit.perform_later()
            transaction.rollback()

    assert "after_commit() was never enqueued: the transaction that it waits for did not commit" in failure_of(
        roll_back
    )


def test_a_question_that_was_never_asked_fails_the_test() -> None:
    def forget_the_assert(jobs: JobSession) -> None:
        jobs.have_enqueued_job(discarded).once()  # no assert before it

    text = failure_of(forget_the_assert)

    assert "have_enqueued_job(discarded).once() was written and never asked: put assert or with before it" in text


SPOKEN: dict[str, Callable[[JobSession], object]] = {
    "asked whether it was discarded": lambda jobs: (discard(jobs), jobs.have_discarded_job(discarded).verify()),
    "read how many were discarded": lambda jobs: discard(jobs).discarded,
    "asked whether it is dead": lambda jobs: (die(jobs), jobs.have_dead_job(broken).verify()),
    "read how many died": lambda jobs: die(jobs).dead,
    "read the captured errors": lambda jobs: die(jobs).errors,
    "looked at the dead set": lambda jobs: (die(jobs), jobs.dead),
    "read how many were halted": lambda jobs: halt(jobs).halted,
    "looked whether it is truthy": lambda jobs: bool(Refused.perform_later()),
    "looked whether it was enqueued": lambda jobs: Refused.perform_later().successfully_enqueued,
    "looked why it was not enqueued": lambda jobs: Refused.perform_later().enqueue_error,
    "wanted none to be enqueued": lambda jobs: (
        Refused.perform_later(),
        jobs.have_enqueued_job(Refused).never().verify(),
    ),
    "asserted that nothing is enqueued": lambda jobs: (Refused.perform_later(), jobs.assert_no_enqueued_jobs()),
    "simulated it": lambda jobs: jobs.simulate_retries(broken, raising=OSError),
}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)
def test_whatever_the_test_spoke_of_is_right(spoken: Callable[[JobSession], object]) -> None:
    run(spoken)


def test_an_error_that_the_drain_raised_was_seen() -> None:
    def expect_the_error(jobs: JobSession) -> None:
        broken.perform_later()
        with pytest.raises(ValueError, match="no"):
            jobs.perform_enqueued_jobs()

    run(expect_the_error)


def test_what_perform_now_tells_its_caller_is_not_silent() -> None:
    def perform_now(jobs: JobSession) -> None:
        with pytest.raises(LookupError):
            discarded.perform_now()
        assert Halted.perform_now() is False

    run(perform_now)


def test_speaking_of_another_job_is_not_enough() -> None:
    def ask_about_another(jobs: JobSession) -> None:
        discard(jobs)
        assert not jobs.have_discarded_job(broken)

    assert "discarded() was discarded" in failure_of(ask_about_another)


def test_a_dead_job_that_was_requeued_was_noticed() -> None:
    def requeue(jobs: JobSession) -> None:
        die(jobs)
        jobs.engine.requeue(jobs.engine.dead[0])

    run(requeue)


def test_a_failing_test_is_not_blamed_twice() -> None:
    def fail_anyway(jobs: JobSession) -> None:
        discard(jobs)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fail_anyway)


def test_kinds_may_be_allowed() -> None:
    run(discard, allow=["discarded"])
    run(die, allow="all")
    run(halt, strict=False)
    with pytest.raises(SilentFailure):
        run(die, allow="discarded")
    with pytest.raises(jobkit.ConfigError, match="no such kind 'discard'; there are discarded, dead"):
        run(discard, allow="discard")
