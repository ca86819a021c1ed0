"""Locks of a process, file locks and sleeping, while two deliveries run by turns: nothing may stop the whole check."""

from __future__ import annotations

import fcntl
import sys
import threading
import time
from pathlib import Path

import pytest
from sample_shop import shop, shop_world

from pytest_jobkit.retry_safety import RetrySafety, effect
from pytest_jobkit.retry_safety.exploring.concurrent import hand_over

lock = threading.Lock()
reentrant = threading.RLock()


class Guard:
    lock = threading.Lock()


def count():
    if shop.db.execute("select 1 from processed where id='counted'").fetchone():
        return
    shop.db.execute("update balance set value = value + 1")
    shop.db.execute("insert or ignore into processed values ('counted')")
    shop.db.commit()


def under_a_lock():
    with lock:
        count()


def under_a_lock_of_a_class():
    with Guard.lock:
        count()


def under_a_reentrant_lock():
    with reentrant, reentrant:
        count()


JOBS = [under_a_lock, under_a_lock_of_a_class, under_a_reentrant_lock]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_a_lock_of_the_process_does_not_keep_two_workers_apart(job, retry_safety: RetrySafety):
    report = retry_safety(job, world=shop_world, copies=2)

    assert [str(finding) for finding in report.findings] == ["state balance[id=1].value: 1 -> 2"]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_it_keeps_threads_of_one_process_apart(job, retry_safety: RetrySafety):
    report = retry_safety(job, world=shop_world, copies=2, preemptions=None, one_process=True)

    assert report.safe, str(report)


def test_the_program_has_its_own_locks_back_after_the_check(retry_safety: RetrySafety):
    before = (lock, reentrant, Guard.lock)

    retry_safety(under_a_lock, world=shop_world, copies=2)

    assert (lock, reentrant, Guard.lock) == before
    assert lock.acquire(blocking=False)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="file locks of POSIX")
@pytest.mark.parametrize("take", [fcntl.flock, fcntl.lockf], ids=["flock", "lockf"])
def test_a_file_lock_keeps_two_workers_apart(take, tmp_path: Path, retry_safety: RetrySafety):
    name = take.__name__

    def job():
        with (tmp_path / "lock").open("w") as file:
            getattr(fcntl, name)(file, fcntl.LOCK_EX)
            count()

    report = retry_safety(job, world=shop_world, copies=2, preemptions=None)

    assert report.safe, str(report)


def test_sleeping_lets_the_other_delivery_go_on_and_costs_no_time(retry_safety: RetrySafety):
    def take():
        with effect("cache", "take lock", resource="lock", ttl=3600):
            free = not shop.unhooked
            if free:
                shop.unhooked.append("taken")
            return free

    def polls():
        while not take():
            time.sleep(60)
        count()
        with effect("cache", "release lock", resource="lock"):
            shop.unhooked.clear()

    report = retry_safety(polls, world=shop_world, copies=2, preemptions=1, channels={"cache": "ignore"})

    assert report.safe, str(report)


def test_threads_and_greenlets_find_the_same(monkeypatch: pytest.MonkeyPatch, retry_safety: RetrySafety):
    pytest.importorskip("greenlet")
    orders = []
    for kind in (hand_over.GreenletTurns, hand_over.ThreadTurns):
        monkeypatch.setattr(
            "pytest_jobkit.retry_safety.exploring.concurrent.run.turns_of",
            lambda bodies, awaited, kind=kind: kind(bodies),
        )
        report = retry_safety(under_a_lock, world=shop_world, copies=2)
        orders.append((report.schedule, report.orders.runs))

    assert orders[0] == orders[1]


def test_without_greenlet_threads_take_their_place(monkeypatch: pytest.MonkeyPatch, retry_safety: RetrySafety):
    monkeypatch.setitem(sys.modules, "greenlet", None)

    turns = hand_over.turns_of([lambda: None], awaited=False)
    turns.step(0)

    assert isinstance(turns, hand_over.ThreadTurns)
    assert not turns.is_alive(0)
    assert retry_safety(under_a_lock, world=shop_world, copies=2).schedule is not None
