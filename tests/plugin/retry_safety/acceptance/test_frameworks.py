"""`retry_safe` on a task of each framework: the one without a key fails, its twin passes, at most once says so."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from pytest_jobkit.retry_safety import NotRetrySafe, RetrySafety, effect, retry_safe, world

CLOSED = "127.0.0.1"


class Store:
    db: sqlite3.Connection


@world
def store() -> Iterator[type[Store]]:
    Store.db = sqlite3.connect(":memory:", check_same_thread=False)
    Store.db.executescript(
        "create table orders(id integer primary key, status text); insert into orders values (1, 'new')"
    )
    yield Store
    Store.db.close()


def charge(order_id: int, key: str | None) -> None:
    with effect("http", "POST /charges", key=key, body={"order": order_id}):
        pass
    with Store.db:
        Store.db.execute("update orders set status = 'paid' where id = ?", (order_id,))


def unsafe(order_id: int) -> None:
    charge(order_id, None)


def safe(order_id: int) -> None:
    charge(order_id, f"order-{order_id}")


async def unsafe_async(order_id: int) -> None:
    charge(order_id, None)


async def safe_async(order_id: int) -> None:
    charge(order_id, f"order-{order_id}")


class Pair(NamedTuple):
    """The two tasks of one framework, and whether it acknowledges them before they run."""

    unsafe: Any
    safe: Any
    early: bool


def celery_late() -> Pair:
    app = pytest.importorskip("celery").Celery("shop", broker=f"redis://{CLOSED}:1")
    return Pair(app.task(acks_late=True)(unsafe), app.task(acks_late=True)(safe), early=False)


def celery_early() -> Pair:
    app = pytest.importorskip("celery").Celery("early shop", broker=f"redis://{CLOSED}:1")
    return Pair(app.task(unsafe), app.task(safe), early=True)


def dramatiq() -> Pair:
    library = pytest.importorskip("dramatiq")
    broker = pytest.importorskip("dramatiq.brokers.stub").StubBroker()
    return Pair(
        *(library.actor(broker=broker, actor_name=f"shop_{job.__name__}")(job) for job in (unsafe, safe)), False
    )


def rq() -> Pair:
    redis, library = pytest.importorskip("redis"), pytest.importorskip("rq")
    queue = library.Queue("shop", connection=redis.Redis(CLOSED, 1))
    task = pytest.importorskip("rq.decorators").job
    return Pair(task(queue, connection=queue.connection)(unsafe), task(queue, connection=queue.connection)(safe), True)


def huey() -> Pair:
    app = pytest.importorskip("huey").PriorityRedisHuey("shop of retries", host=CLOSED, port=1)
    return Pair(app.task()(unsafe), app.task()(safe), early=True)


def taskiq() -> Pair:
    broker = pytest.importorskip("taskiq").InMemoryBroker()
    return Pair(broker.task(unsafe_async), broker.task(safe_async), early=False)


def procrastinate() -> Pair:
    library = pytest.importorskip("procrastinate")
    app = library.App(connector=library.PsycopgConnector(conninfo=f"host={CLOSED} port=1"))
    return Pair(app.task(unsafe_async), app.task(safe_async), early=True)


def saq() -> Pair:
    library = pytest.importorskip("saq")
    queue = library.Queue.from_url(f"redis://{CLOSED}:1", name="shop of retries")
    return in_a_module("saq_shop", {"queue": queue, "functions": [unsafe_in_worker, safe_in_worker]}, early=True)


def arq() -> Pair:
    connections = pytest.importorskip("arq.connections")
    settings = type(
        "WorkerSettings",
        (),
        {
            "functions": [unsafe_in_worker, safe_in_worker],
            "redis_settings": connections.RedisSettings(CLOSED, 1),
            "__module__": "arq_shop",
        },
    )
    return in_a_module("arq_shop", settings, early=False)


def in_a_module(name: str, settings: Any, *, early: bool) -> Pair:
    """Settings of a worker are found in the module that has them, as the worker's own command line finds them."""
    module = ModuleType(name)
    module.__file__ = __file__  # a module of the user's, not of a library
    module.WorkerSettings = module.settings = settings  # type: ignore[attr-defined]
    sys.modules[name] = module
    return Pair(unsafe_in_worker, safe_in_worker, early)


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    yield
    for name in ("saq_shop", "arq_shop"):
        sys.modules.pop(name, None)


async def unsafe_in_worker(context: dict[str, Any], order_id: int) -> None:
    charge(order_id, None)


async def safe_in_worker(context: dict[str, Any], order_id: int) -> None:
    charge(order_id, f"order-{order_id}")


FRAMEWORKS = [celery_late, celery_early, dramatiq, rq, huey, taskiq, procrastinate, saq, arq]
by_framework = pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.__name__)


@by_framework
def test_a_task_without_a_key_charges_twice(framework: Callable[[], Pair]) -> None:
    with pytest.raises(NotRetrySafe, match="charged twice: http POST /charges"):
        retry_safe(framework().unsafe, 1, world=store)(lambda store: None)()


@by_framework
def test_its_twin_with_a_key_passes_to_closure(framework: Callable[[], Pair], retry_safety: RetrySafety) -> None:
    pair = framework()

    report = retry_safety(pair.safe, 1, world=store)

    assert report.safe, str(report)
    assert report.closed
    assert ("at most once" in str(report)) is pair.early


@by_framework
def test_whether_a_killed_worker_loses_the_task_is_the_framework_s_to_say(
    framework: Callable[[], Pair], retry_safety: RetrySafety
) -> None:
    pair = framework()

    report = retry_safety(pair.safe, 1, world=store, kinds="kill", redelivery="own")

    assert report.safe is not pair.early, str(report)
    if pair.early:
        assert report.schedule == "rs1:1.kill0"
        assert "never charged" in str(report)
        assert "http POST /charges" in str(report)
        assert "nobody delivers it again" in str(report)


@by_framework
def test_two_deliveries_at_once_run_through_the_framework(
    framework: Callable[[], Pair], retry_safety: RetrySafety
) -> None:
    pair = framework()

    assert retry_safety(pair.safe, 1, world=store, copies=2).safe
    assert not retry_safety(pair.unsafe, 1, world=store, copies=2).safe


def test_a_word_that_is_no_way_of_redelivery_is_refused(retry_safety: RetrySafety) -> None:
    with pytest.raises(ValueError, match="redelivery='never': wanted one of 'assumed', 'own'"):
        retry_safety(safe, 1, world=store, redelivery="never")


DJANGO_TASKS = """
import sqlite3, sys
from django.conf import settings
settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=["django_tasks"],
    TASKS={"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}},
)
import django
django.setup()
from django_tasks import task
sys.path.insert(0, FOLDER)
import test_frameworks as here
from pytest_jobkit.retry_safety import RetrySafety

safe, unsafe = here.safe, here.unsafe = task()(here.safe), task()(here.unsafe)
check = RetrySafety()
print(check(unsafe, 1, world=here.store).findings[0])
print(check(safe, 1, world=here.store))
print(check(safe, 1, world=here.store, kinds="kill", redelivery="own").schedule)
"""


def test_django_tasks() -> None:
    """In a process of its own, since settings of Django are for the whole process."""
    pytest.importorskip("django_tasks")
    script = DJANGO_TASKS.replace("FOLDER", repr(str(Path(__file__).parent)))

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr
    duplicate, passing, note, lost = found.stdout.splitlines()
    assert duplicate == "duplicate http POST /charges {order: 1}: 1 -> 2"
    assert "any number of noack kill before after" in passing
    assert "at most once" in note
    assert lost == "rs1:1.kill0"
