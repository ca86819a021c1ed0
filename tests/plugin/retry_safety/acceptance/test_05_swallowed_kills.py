"""Acceptance 5: whatever Python code does with the error of a kill, the attempt counts as killed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_jobkit.retry_safety import RetrySafety, effect, world


class Desk:
    """A database and a log of the calls that took place."""

    db: sqlite3.Connection
    calls: list[str]


@world
def desk() -> Iterator[type[Desk]]:
    Desk.db = sqlite3.connect(":memory:", isolation_level=None)
    Desk.db.execute("create table marks(id text)")
    Desk.calls = []
    yield Desk


def call(name: str) -> None:
    with effect("api", name):
        Desk.calls.append(name)


async def call_async(name: str) -> None:
    async with effect("api", name):
        await asyncio.sleep(0)
        Desk.calls.append(name)


def bare_except():
    try:
        call("first")
        call("second")
    except:  # noqa: E722  # the point of the test
        pass
    with contextlib.suppress(BaseException):
        call("third")


def finally_block():
    try:
        call("first")
        call("second")
    finally:
        call("third")


def suppress_everything():
    for name in ("first", "second", "third"):
        with contextlib.suppress(BaseException):
            call(name)


async def task_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(call_async("first"))
        group.create_task(call_async("second"))
    await call_async("third")


async def waiting():
    await asyncio.wait([asyncio.create_task(call_async(name)) for name in ("first", "second")])
    await call_async("third")


async def gathering():
    await asyncio.gather(call_async("first"), call_async("second"), return_exceptions=True)
    await call_async("third")


def executor():
    with ThreadPoolExecutor(1) as pool:
        futures = [pool.submit(call, name) for name in ("first", "second")]
    for future in futures:
        with contextlib.suppress(BaseException):
            future.result()
    with contextlib.suppress(BaseException):
        call("third")


JOBS = [bare_except, finally_block, suppress_everything, task_group, waiting, gathering, executor]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_killed_attempt_has_no_effect_after_its_death_and_is_delivered_again(job, gap, retry_safety: RetrySafety):
    from pytest_jobkit.retry_safety.check import replay_schedule
    from pytest_jobkit.retry_safety.exploring.faults import decode
    from pytest_jobkit.retry_safety.face import make_setup

    report = replay_schedule(make_setup(job, (), world=desk), decode(f"rs1:1.kill{gap}"))

    assert report.run is not None
    killed, again = report.run.deliveries
    assert [effect.operation.name for effect in killed.effects if effect.took_place] == ["first", "second"][:gap]
    assert not killed.acknowledged
    assert again.acknowledged


def test_clean_up_code_of_a_terminated_worker_still_acts(retry_safety: RetrySafety):
    report = retry_safety(finally_block, world=desk, kinds="term", faults=1)

    assert report.schedule == "rs1:1.term0"
    first = report.run.deliveries[0]
    assert [(effect.operation.name, effect.state) for effect in first.effects] == [("third", "clean-up")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_way_to_swallow_a_kill_is_found_unsafe_by_its_repeated_call(retry_safety: RetrySafety):
    for job in JOBS:
        report = retry_safety(job, world=desk, kinds="kill")

        assert report.findings[0].kind == "duplicate", job
