"""Run by test_django_q in a process of its own: Django's settings are of the whole process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from shop_cluster import BROKER, Boom, add, deaths, failing, log

from jobkit.engine import Engine
from jobkit.envelope import WorkerLost
from pytest_jobkit.capture.installed import InstalledCaptures

from django_q.conf import Conf  # isort: skip  # needs the settings
from django_q.models import Schedule, Success, Task  # isort: skip
from django_q.signals import post_execute, pre_enqueue, pre_execute  # isort: skip
from django_q.tasks import AsyncTask, Chain, async_chain, async_iter, async_task, result, schedule  # isort: skip

HAS_RECEIPTS = "orm" in BROKER


@pytest.fixture(scope="module", autouse=True)
def _tables() -> None:
    call_command("migrate", verbosity=0)


@pytest.fixture
def captures() -> Iterator[InstalledCaptures]:
    log.clear()
    Task.objects.all().delete()
    Schedule.objects.all().delete()
    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["django_q.tasks"]) as captures:
        captures.engine = engine  # type: ignore[attr-defined]  # for the fixture below
        yield captures


@pytest.fixture
def engine(captures: InstalledCaptures) -> Engine:
    engine: Engine = captures.engine  # type: ignore[attr-defined]
    return engine


def test_all_forms_are_captured_and_no_broker_is_asked(engine: Engine) -> None:
    async_task(add, 1, 2)
    async_task("shop_cluster.add", 3, b=4)
    async_task(add, 5, q_options={"cluster": "slow", "group": "sums"})
    AsyncTask(add, 7, 8).run()
    async_iter(add, [(1, 1), (2, 2)])

    assert log == []
    assert [(record.name, record.arguments, record.kwarguments, record.queue_name) for record in engine.enqueued] == [
        ("shop_cluster.add", (1, 2), {}, "shop"),
        ("shop_cluster.add", (3,), {"b": 4}, "shop"),
        ("shop_cluster.add", (5,), {}, "slow"),
        ("shop_cluster.add", (7, 8), {}, "shop"),
        ("shop_cluster.add", (1, 1), {}, "shop"),
        ("shop_cluster.add", (2, 2), {}, "shop"),
    ]
    assert engine.enqueued[0].job is add


def test_the_result_is_saved_as_a_cluster_saves_it(engine: Engine) -> None:
    key = async_task(add, 1, 2, hook="shop_cluster.announce")
    assert result(key) is None

    drained = engine.drain()

    assert (drained.succeeded, result(key), Success.objects.count()) == (1, 3, 1)
    assert log == [(1, 2), ("hook", 3)]


def test_a_chain_enqueues_its_next_member_when_one_is_done(engine: Engine) -> None:
    async_chain([("shop_cluster.add", (1, 1)), ("shop_cluster.add", (2, 2))])
    chain = Chain()
    chain.append("shop_cluster.add", 3, 3)
    chain.run()

    assert len(engine.enqueued) == 2
    engine.drain()

    assert log == [(1, 1), (3, 3), (2, 2)]


def test_the_signals_of_client_worker_and_monitor_are_sent(engine: Engine) -> None:
    seen: list[str] = []
    receivers = {
        signal: lambda name=name, **_: seen.append(name)
        for signal, name in ((pre_enqueue, "enqueue"), (pre_execute, "execute"), (post_execute, "executed"))
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver)

    async_task(add, 1)
    engine.drain()

    for signal, receiver in receivers.items():
        signal.disconnect(receiver)
    assert seen == ["enqueue", "execute", "executed"]


@pytest.mark.skipif(not HAS_RECEIPTS, reason="this broker never hands a package out again")
def test_a_failure_comes_back_when_the_retry_time_is_over_up_to_max_attempts(engine: Engine) -> None:
    start = engine.clock.now()
    async_task(failing, 7)
    assert engine.enqueued[0].attempts_max == 3

    drained = engine.drain(errors="capture")

    assert log == [7, 7, 7]
    assert [record.started_at - start for record in engine.performed] == [
        timedelta(0),
        timedelta(seconds=120),
        timedelta(seconds=240),
    ]
    assert (drained.retried, drained.dead) == (2, 1)
    assert isinstance(engine.dead[0].error, Boom)
    assert engine.dead[0].reason == "max_attempts=3 is reached"
    assert Task.objects.get().attempt_count == 3


@pytest.mark.skipif(HAS_RECEIPTS, reason="this broker hands a failed package out again")
def test_a_failure_is_final_without_receipts(engine: Engine) -> None:
    async_task(failing, 7)
    assert engine.enqueued[0].attempts_max == 1

    engine.drain(errors="capture")

    assert log == [7]
    assert engine.dead[0].reason == "the Redis broker has no receipts: it never hands a package out again"


def test_a_failure_that_is_acknowledged_is_final(engine: Engine) -> None:
    async_task(failing, 7, ack_failure=True)

    drained = engine.drain(errors="capture")

    assert (log, drained.dead) == ([7], 1)


def test_a_lost_worker_loses_the_package_only_without_receipts(engine: Engine) -> None:
    start = engine.clock.time()
    key = async_task(add, 1, 2)

    engine.lose_worker(key)
    engine.drain()

    assert log == ([(1, 2)] if HAS_RECEIPTS else [])
    assert engine.clock.time() - start == (120 if HAS_RECEIPTS else 0)


def test_a_worker_that_dies_in_the_body_is_no_failed_task(engine: Engine) -> None:
    deaths.append(WorkerLost())
    async_task(add, 1, 2)

    drained = engine.drain()

    assert drained.lost == 1
    assert log == [(1, 2)] * (2 if HAS_RECEIPTS else 1)


def test_the_same_package_delivered_twice_runs_twice(engine: Engine) -> None:
    key = async_task(add, 1, 2)

    engine.drain()
    engine.redeliver(key)
    engine.drain()

    assert log == [(1, 2), (1, 2)]
    assert Task.objects.count() == 1


def test_sync_in_the_settings_does_not_run_tasks_in_place(engine: Engine, captures: InstalledCaptures) -> None:
    assert Conf.SYNC is False
    captures.uninstall()
    Conf.SYNC = True
    captures.install()
    try:
        async_task(add, 1, 2)
        assert log == []
    finally:
        captures.uninstall()
        assert Conf.SYNC is True
        Conf.SYNC = False


def test_schedules_name_their_next_run_and_enqueue_when_fired(engine: Engine, captures: InstalledCaptures) -> None:
    now = engine.clock.now()
    schedule("shop_cluster.add", 4, b=5, name="nightly", schedule_type="D", next_run=now + timedelta(hours=1))
    (nightly,) = [entry for capture in captures for entry in capture.recurring()]

    at = nightly.next_after(engine.clock.time())
    assert nightly.name == "nightly"
    assert at == pytest.approx((now + timedelta(hours=1)).timestamp(), abs=0.01)

    assert at is not None
    engine.move_to(at)
    nightly.fire()
    engine.drain()

    assert log == [(4, 5)]
    assert Schedule.objects.get().next_run == now + timedelta(days=1, hours=1)
