"""job_clock: the engine's time and the time of the code under test are one."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from jobkit import ConfigError, job
from pytest_jobkit import JobClock, JobSession

seen: list[datetime] = []


@job
def look_at_the_clock() -> None:
    seen.append(datetime.now(UTC))


def test_the_code_under_test_sees_the_clock_of_the_engine(jobs: JobSession, job_clock: JobClock) -> None:
    assert datetime.now(UTC) == job_clock.now()
    assert time.time() == job_clock.time()

    job_clock.travel(hours=2)
    assert datetime.now(UTC) == job_clock.now() == jobs.engine.clock.now()


def test_travelling_makes_jobs_due_and_performs_none(jobs: JobSession, job_clock: JobClock) -> None:
    look_at_the_clock.set(wait=3600).perform_later()

    job_clock.travel(minutes=59)
    assert len(jobs.scheduled) == 1
    job_clock.travel(60)

    assert len(jobs.enqueued) == 1
    assert jobs.performed == ()


def test_a_drain_takes_the_code_under_test_along(jobs: JobSession, job_clock: JobClock) -> None:
    seen.clear()
    start = job_clock.now()
    look_at_the_clock.set(wait=60).perform_later()
    look_at_the_clock.set(wait=timedelta(days=3)).perform_later()

    jobs.perform_enqueued_jobs()

    assert [moment - start for moment in seen] == [timedelta(seconds=60), timedelta(days=3)]


def test_a_test_may_begin_at_any_time(jobs: JobSession, job_clock: JobClock) -> None:
    new_year = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)

    assert job_clock.travel_to(new_year) == new_year
    assert datetime.now(UTC) == new_year

    look_at_the_clock.set(wait_until=datetime(2000, 1, 1, tzinfo=UTC)).perform_later()
    assert jobs.have_enqueued_job(look_at_the_clock).delayed_by(60)


def test_once_something_is_enqueued_there_is_no_way_back(job_clock: JobClock) -> None:
    look_at_the_clock.perform_later()

    with pytest.raises(ConfigError, match="would go back by 3600 s"):
        job_clock.travel_to(job_clock.now() - timedelta(hours=1))
    with pytest.raises(ConfigError, match="would go back"):
        job_clock.travel(-1)


@pytest.mark.parametrize("wrong", [{}, {"fortnights": 2}])
def test_a_travel_without_a_duration_is_refused(job_clock: JobClock, wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        job_clock.travel(**wrong)


def test_a_naive_moment_is_refused(job_clock: JobClock) -> None:
    with pytest.raises(ConfigError, match="no time zone"):
        job_clock.travel_to(job_clock.now().replace(tzinfo=None))


def test_without_the_fixture_the_time_is_not_frozen(jobs: JobSession) -> None:
    before = time.perf_counter()
    jobs.perform_enqueued_jobs()

    assert time.perf_counter() > before
    assert not jobs.clock.is_frozen


def test_the_clock_starts_at_the_present(jobs: JobSession) -> None:
    assert abs(datetime.now(UTC) - jobs.clock.now()) < timedelta(seconds=30)


@pytest.mark.asyncio
async def test_asyncio_does_not_hang_while_the_time_is_frozen(job_clock: JobClock) -> None:
    async with asyncio.timeout(5):
        await asyncio.sleep(0.001)

    job_clock.travel(days=1)
    async with asyncio.timeout(5):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("freezer", ["freezegun", "time-machine"])
def test_either_freezer_moves_and_lets_go(freezer: str) -> None:
    pytest.importorskip("freezegun" if freezer == "freezegun" else "time_machine")
    moment = datetime(2030, 5, 1, 8, tzinfo=UTC)

    with JobSession(start=moment, freezer=freezer) as session:
        session.clock.freeze()
        assert datetime.now(UTC) == moment
        session.clock.travel(hours=1)
        assert datetime.now(UTC) == moment + timedelta(hours=1)
        assert time.time() == session.clock.time()

    assert datetime.now(UTC) < moment


def test_an_unknown_freezer_is_refused() -> None:
    with JobSession(freezer="refrigerator") as session, pytest.raises(ConfigError, match="freezegun and time-machine"):
        session.clock.freeze()


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("freezer", ["freezegun", "time-machine"])
def test_another_zone_of_the_machine_changes_no_instant(
    monkeypatch: pytest.MonkeyPatch, zone: str, freezer: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        moment = datetime(2030, 7, 1, 8, tzinfo=UTC)
        with JobSession(start=moment, freezer=freezer) as session:
            session.clock.freeze()
            look_at_the_clock.set(wait_until=datetime.now(UTC) + timedelta(minutes=1)).perform_later()
            session.clock.travel(hours=1)
            assert datetime.now(UTC) == moment + timedelta(hours=1)
            assert datetime.fromtimestamp(time.time(), UTC) == moment + timedelta(hours=1)
            assert session.have_enqueued_job(look_at_the_clock).delayed_by(60)
    finally:
        monkeypatch.undo()
        time.tzset()
