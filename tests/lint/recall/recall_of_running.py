"""Mutants of what a running job may not do, and of delays and limits that the broker or the worker sets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from recall_frames import JOBS, Program, jobs_with, own
from recall_of_retries import declared

SYNC = [frame for frame in JOBS if "async" not in frame.head]
TASK = "from celery import shared_task\n\n@shared_task\ndef work(pk):\n    print(pk)\n"


def _shared() -> Iterator[Program]:
    imports = "from shop.state import cache\n\nKNOWN = []\nseen = set()\ntotals = {}\nlast = None"
    changes = ("KNOWN.append(pk)", "seen.add(pk)", "totals[pk] = 1", "totals.update({pk: 1})")
    yield from jobs_with(
        "cache.store(pk)", lambda _: [*changes, "global last\nlast = pk"], imports, frames=SYNC, placements=(own,)
    )


def _spawned() -> Iterator[Program]:
    imports = "from concurrent.futures import ThreadPoolExecutor\nfrom multiprocessing import Process\n"
    imports += "from threading import Thread\nfrom shop.crm import push"
    starts = ("Thread(target=push, args=(pk,)).start()", "Process(target=push, args=(pk,)).start()")
    yield from jobs_with("push(pk)", lambda _: starts, imports, frames=SYNC, placements=(own,))
    pooled = "with ThreadPoolExecutor(4) as pool:\n    pool.submit(push, pk)"
    bad = "pool = ThreadPoolExecutor(4)\npool.submit(push, pk)"
    yield from jobs_with(pooled, lambda _: [bad], imports, frames=SYNC, placements=(own,))


def _limits_caught() -> Iterator[Program]:
    limited = "except SoftTimeLimitExceeded:\n        raise\n    except Exception:"
    heads = (
        "from celery import shared_task\n\n@shared_task(soft_time_limit={limit})",
        "from celery import Celery\n\napp = Celery('shop')\n\n@app.task(soft_time_limit={limit}, time_limit=900)",
    )
    errors = "from celery.exceptions import SoftTimeLimitExceeded\nfrom shop.crm import push\n"
    for head, limit, body in product(heads, (60, 600), ("push(pk)", "for one in pk:\n            push(one)")):
        text = f"{errors}{head.format(limit=limit)}\ndef work(pk):\n"
        text += f"    try:\n        {body}\n    {limited}\n        print(pk)\n"
        mutants = tuple({"shop/tasks.py": text.replace(limited, caught)} for caught in ("except Exception:", "except:"))
        yield Program(head, {"shop/tasks.py": text}, mutants)


def _delays() -> Iterator[Program]:
    calls = ("countdown={n}", "eta=timezone.now() + timedelta(seconds={n})")
    brokers = ("redis://localhost/0", "rediss://cache.example.org:6380", "sqs://")
    for call, broker in product(calls, brokers):
        files = []
        for seconds in (600, 7200, 90_000):
            head = "from datetime import timedelta\nfrom django.utils import timezone\nfrom shop.tasks import work\n"
            send = f"def later(pk):\n    work.apply_async((pk,), {call.format(n=seconds)})\n"
            settings = f"CELERY_BROKER_URL = '{broker}'\n"
            files.append({"shop/settings.py": settings, "shop/tasks.py": TASK, "shop/views.py": f"{head}\n{send}"})
        yield Program(f"{broker}: {call}", files[0], tuple(files[1:]))


def _impossible() -> Iterator[Program]:
    head = "from celery import Celery\nfrom celery.schedules import crontab\n\napp = Celery('shop')\n"
    good = ("minute=0, hour=3", "minute=0, hour=0, day_of_month=28, month_of_year=2")
    bad = ("minute=0, hour=24", "minute=60, hour=3", "minute=0, hour=0, day_of_month=31, month_of_year='2,4'")
    for name in ("report", "clean", "sync"):
        table = f"{head}app.conf.beat_schedule = {{'{name}': {{'task': 'a', 'schedule': crontab(WHEN)}}}}\n"
        files = [{"shop/schedule.py": table.replace("WHEN", when)} for when in (*good, *bad)]
        yield from (Program(name, one, tuple(files[2:])) for one in files[:2])
    sends = (
        "eta=datetime.now()",
        "eta=datetime.now() + timedelta(hours=1)",
        "eta=datetime(2030, 1, 1)",
        "countdown=-5",
    )
    imports = "from datetime import datetime, timedelta, timezone\nfrom shop.tasks import work\n"
    aware = ("eta=datetime.now(timezone.utc)", *sends)
    calls = [f"{imports}\ndef later(pk):\n    work.apply_async((pk,), {send})\n" for send in aware]
    files = [{"shop/tasks.py": TASK, "shop/views.py": call} for call in calls]
    yield Program("a naive time", files[0], tuple(files[1:]))


PROGRAMS: dict[str, list[Program]] = {
    "JK304": list(
        declared(
            "autoretry_for=(OSError,), retry_backoff=True",
            "autoretry_for=(Exception,), retry_backoff=True",
            "autoretry_for=[Exception], retry_backoff=True",
        )
    ),
    "JK307": list(_delays()),
    "JK308": list(_limits_caught()),
    "JK409": list(_impossible()),
    "JK503": list(_shared()),
    "JK504": list(_spawned()),
}
