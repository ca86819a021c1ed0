"""perform_enqueued_jobs: now, as a block, inline, async; and its policy."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest

from jobkit import ConfigError, DrainLimitError, job, retry_on
from pytest_jobkit import JobSession, PerformEnqueuedJobs

done: list[str] = []


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


@job
def work(name: str) -> None:
    done.append(name)


@job(queue="slow")
def parent(name: str) -> None:
    done.append(name)
    work.perform_later(f"child of {name}")


@job
def endless() -> None:
    endless.perform_later()


@job
@retry_on(OSError, wait=60, jitter=0)
def flaky() -> None:
    done.append("try")
    if len(done) < 3:
        raise OSError("down")


@job
async def async_work(name: str) -> None:
    done.append(name)


def test_alone_it_performs_at_once_children_and_retries_included(
    jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs
) -> None:
    parent.perform_later("a")
    flaky.set(wait=3600).perform_later()
    start = jobs.clock.now()

    result = perform_enqueued_jobs()

    assert done[:2] == ["a", "child of a"]
    assert (result.performed, result.succeeded, result.retried, result.remaining) == (3, 3, 0, 0)
    assert jobs.clock.now() - start == timedelta(seconds=3600)


def test_as_a_block_it_performs_at_the_end_what_the_block_enqueued(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    work.perform_later("before")

    with perform_enqueued_jobs() as result:
        parent.perform_later("in the block")
        assert done == []

    assert done == ["in the block", "child of in the block"]
    assert (result.performed, result.remaining) == (2, 1)


def test_the_result_of_a_block_is_not_there_inside_it(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    with perform_enqueued_jobs() as result, pytest.raises(ConfigError, match="has not ended"):
        _ = result.performed


def test_after_an_error_in_the_block_nothing_is_performed(
    jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs
) -> None:
    def fail_after_enqueueing() -> None:
        work.perform_later("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), perform_enqueued_jobs():
        fail_after_enqueueing()

    assert done == []
    assert len(jobs.enqueued) == 1


def test_inline_performs_inside_each_call_whatever_is_due(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    with perform_enqueued_jobs(inline=True) as result:
        parent.set(wait=60).perform_later("a")
        assert done == ["a", "child of a"]

    assert result.performed == 2


def test_inline_chooses_too(jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    with perform_enqueued_jobs(inline=True, only=parent):
        parent.perform_later("a")

    assert done == ["a"]
    assert jobs.have_enqueued_job(work)


def test_a_block_that_was_passed_on_has_its_own_form(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    with ExitStack() as stack:
        stack.enter_context(perform_enqueued_jobs.block(only=work))
        work.perform_later("a")
        assert done == []

    assert done == ["a"]


def test_a_call_that_has_performed_already_cannot_open_a_block(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    performed = perform_enqueued_jobs()

    with pytest.raises(ConfigError, match="has performed already"), performed:
        pass


def test_the_policy_of_a_drain(jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    parent.perform_later("a")
    work.perform_later("b")
    work.set(wait=7200).perform_later("late")

    assert perform_enqueued_jobs(queue="slow", children=False).remaining == 3
    assert perform_enqueued_jobs(until=timedelta(hours=1), except_=parent).performed == 2
    assert perform_enqueued_jobs(only=lambda record: record.arguments == ["late"]).performed == 1
    assert done == ["a", "b", "child of a", "late"]


def test_retries_may_be_left_waiting(jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    flaky.perform_later()

    result = perform_enqueued_jobs(retries=False)

    assert (result.retried, result.remaining) == (1, 1)
    assert jobs.have_retried_job(flaky).delayed_by(60)


def test_a_job_that_never_ends_fails_with_the_chain_of_its_causes(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    endless.perform_later()

    with pytest.raises(DrainLimitError, match=r"endless -> .*endless"):
        perform_enqueued_jobs(limit=5)


def test_errors_are_raised_unless_they_are_to_be_captured(
    jobs: JobSession, perform_enqueued_jobs: PerformEnqueuedJobs
) -> None:
    @job
    def broken() -> None:
        raise ValueError("no")

    broken.perform_later()
    broken.perform_later()

    with pytest.raises(ValueError, match="no"):
        perform_enqueued_jobs()
    result = perform_enqueued_jobs(errors="capture")

    assert result.dead == 1
    assert [str(error) for error in result.errors] == ["no"]
    assert jobs.have_dead_job(broken).with_error(ValueError).twice()


@pytest.mark.parametrize("useless", ["until", "children", "retries", "limit"])
def test_inline_has_no_use_for_what_is_about_a_queue(perform_enqueued_jobs: PerformEnqueuedJobs, useless: str) -> None:
    with pytest.raises(ConfigError, match=rf"inline=True, {useless}=.*leave out"):
        perform_enqueued_jobs.block(inline=True, **{useless: 1})  # type: ignore[arg-type]  # the mistake under test


def test_what_is_no_job_cannot_be_chosen(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    with pytest.raises(ConfigError, match="is not a job"):
        perform_enqueued_jobs(only=object())
    with pytest.raises(ConfigError, match="not both"):
        perform_enqueued_jobs(only=work, except_=parent)
    with pytest.raises(ConfigError, match="it was not called"), perform_enqueued_jobs:
        pass
    with pytest.raises(ConfigError, match="is for a block"):
        perform_enqueued_jobs(inline=True)


def test_async_jobs_run_in_a_plain_test(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    async_work.perform_later("a")

    perform_enqueued_jobs()

    assert done == ["a"]


@pytest.mark.asyncio
async def test_in_an_async_test_it_is_awaited(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    async_work.perform_later("a")

    result = await perform_enqueued_jobs()

    assert (done, result.performed) == (["a"], 1)


@pytest.mark.asyncio
async def test_in_an_async_test_a_block_may_be_async(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    async with perform_enqueued_jobs() as result:
        async_work.perform_later("a")
        assert done == []

    assert (done, result.performed) == (["a"], 1)


@pytest.mark.asyncio
async def test_an_async_job_performed_without_await_says_what_to_write(
    perform_enqueued_jobs: PerformEnqueuedJobs,
) -> None:
    async_work.perform_later("a")

    with pytest.raises(ConfigError) as error:
        perform_enqueued_jobs()

    assert error.value.__notes__[0].startswith("In this test: await perform_enqueued_jobs(...)")


@pytest.mark.asyncio
async def test_sync_jobs_need_no_await_in_an_async_test(perform_enqueued_jobs: PerformEnqueuedJobs) -> None:
    work.perform_later("a")

    perform_enqueued_jobs()

    assert done == ["a"]
