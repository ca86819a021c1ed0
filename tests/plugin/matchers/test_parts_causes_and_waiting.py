"""`containing`, `enqueued_by` and `eventually`: parts of arguments, which job enqueued it, jobs of other threads."""

from __future__ import annotations

import asyncio
import threading
from unittest.mock import ANY

import pytest

from jobkit import ConfigError, job
from pytest_jobkit import HaveJob, JobSession, containing


@job
def ship(order: dict[str, object]) -> None:
    send_mail.perform_later("shipped")


@job
def send_mail(text: str) -> None:
    """Sends a mail."""


ORDER = {"id": 42, "items": [{"sku": "a", "count": 1}], "note": None}


def test_parts_of_an_argument_are_enough(have_enqueued_job: HaveJob) -> None:
    ship.perform_later(ORDER)

    assert have_enqueued_job(ship).with_args(containing({"id": 42, "items": [{"sku": "a"}]}))
    assert have_enqueued_job(ship).with_args(containing({"note": ANY}))
    assert not have_enqueued_job(ship).with_args(containing({"id": 42, "gift": ANY}))


def test_what_is_missing_is_told_with_its_path(jobs: JobSession) -> None:
    ship.perform_later(ORDER)
    wanted = containing({"id": 43, "gift": ANY, "items": [{"sku": "b"}]})

    with pytest.raises(AssertionError) as failure:
        jobs.have_enqueued_job(ship).with_args(wanted).verify()

    assert "['id'] is 42, 43 is wanted" in str(failure.value)
    assert "['gift'] is missing" in str(failure.value)
    assert "['items'][0]['sku'] is 'a', 'b' is wanted" in str(failure.value)


def test_lists_contain_as_many_items() -> None:
    assert containing([1, ANY]) == [1, 2]
    assert containing([1]) != [1, 2]
    assert list(containing([1]).missing([1, 2])) == ["the whole: 1 items are wanted, 2 are there"]


def test_a_child_is_known_by_the_job_that_enqueued_it(jobs: JobSession) -> None:
    send_mail.perform_later("by hand")
    ship.perform_later(ORDER)
    jobs.perform_enqueued_jobs()

    assert jobs.have_enqueued_job(send_mail).enqueued_by(ship).with_args("shipped")
    assert jobs.have_enqueued_job(send_mail).enqueued_by(None).with_args("by hand")
    assert not jobs.have_enqueued_job(ship).enqueued_by(send_mail)


def test_another_cause_is_a_difference(jobs: JobSession) -> None:
    send_mail.perform_later("by hand")

    with pytest.raises(AssertionError, match="enqueued by: wanted ship, found no job"):
        jobs.have_enqueued_job(send_mail).enqueued_by(ship).verify()


def test_a_single_job_is_no_cause(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="name the kind of job"):
        jobs.have_enqueued_job(send_mail).enqueued_by(ship.build({}))


def enqueue_when(go: threading.Event) -> threading.Thread:
    def run() -> None:
        go.wait(10)
        send_mail.perform_later("later")

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_thread_that_enqueues_later_is_waited_for(have_enqueued_job: HaveJob) -> None:
    go = threading.Event()
    thread = enqueue_when(go)
    assert not have_enqueued_job(send_mail)
    threading.Timer(0.05, go.set).start()

    assert have_enqueued_job(send_mail).with_args("later").eventually(20)

    thread.join()


def test_a_block_waits_too(have_enqueued_job: HaveJob) -> None:
    go = threading.Event()

    with have_enqueued_job(send_mail).eventually(20):
        thread = enqueue_when(go)
        threading.Timer(0.05, go.set).start()

    thread.join()


def test_waiting_ends(jobs: JobSession) -> None:
    with pytest.raises(AssertionError, match="no job was enqueued at all"):
        jobs.have_enqueued_job(send_mail).eventually(0.05).verify()
    assert not jobs.have_enqueued_job(send_mail).eventually(0.05)
    with jobs.have_enqueued_job(send_mail).never().eventually(0.05):
        pass


def test_waiting_ends_early_when_what_must_not_come_comes(jobs: JobSession) -> None:
    send_mail.perform_later("now")

    with pytest.raises(AssertionError, match="expected no send_mail to be enqueued"):
        jobs.have_enqueued_job(send_mail).never().eventually(3600).verify()


def test_the_event_loop_goes_on_while_an_async_test_waits(jobs: JobSession) -> None:
    async def enqueue_later() -> None:
        await asyncio.sleep(0.05)
        send_mail.perform_later("later")

    async def test() -> None:
        task = asyncio.create_task(enqueue_later())
        assert await jobs.have_enqueued_job(send_mail).eventually(20)
        await task

        async with jobs.have_enqueued_job(send_mail).eventually(20):
            task = asyncio.create_task(enqueue_later())
        await task

    asyncio.run(test())


def test_it_waits_under_a_frozen_clock_as_well(jobs: JobSession) -> None:
    jobs.clock.freeze()
    go = threading.Event()
    thread = enqueue_when(go)
    go.set()

    assert jobs.have_enqueued_job(send_mail).eventually(20)

    thread.join()


def test_a_time_to_wait_is_positive(jobs: JobSession) -> None:
    with pytest.raises(ConfigError, match="in seconds above 0"):
        jobs.have_enqueued_job(send_mail).eventually(0)
