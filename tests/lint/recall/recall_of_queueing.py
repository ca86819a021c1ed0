"""Mutants of transactions, awaits, waits and schedules; of sleeps, blocking calls and locks in jobs."""

from __future__ import annotations

from collections.abc import Iterator

from recall_frames import JOBS, SENDS, Program, jobs_with, own, sends_of, wrapped
from recall_mutation import replaced, unwrapped, without_keyword

ASYNC = [frame for frame in JOBS if "async" in frame.head]
SYNC = [frame for frame in JOBS if "async" not in frame.head]
CELERY = [frame for frame in JOBS if frame.framework == "celery"]
REDIS = "from redis import Redis\n\nredis = Redis()"
TASK = {"shop/tasks.py": "from celery import shared_task\n\n@shared_task\ndef work(pk):\n    print(pk)\n"}
FLASK = "from flask import request, session"
ATOMIC = """\
from functools import partial
from django.db import transaction
from shop.models import Order
from shop.tasks import work
"""
VIEWS = (
    "def place(pk):\n    with transaction.atomic():\n        Order.objects.create(pk=pk)\n        {send}\n",
    "@transaction.atomic\ndef place(pk):\n    order = Order.objects.create(pk=pk)\n    {send}\n    return order\n",
    "class View:\n    @transaction.atomic\n    def post(self, pk):\n        if pk:\n            {send}\n",
    "def place(pk):\n    try:\n        with transaction.atomic():\n            {send}\n"
    "    except OSError:\n        raise\n",
)


def _transactions() -> Iterator[Program]:
    sends = (
        ("work.delay_on_commit(pk)", "work.delay(pk)"),
        ("work.apply_async_on_commit((pk,))", "work.apply_async((pk,))"),
        ("transaction.on_commit(partial(work.delay, pk))", "work.delay(pk)"),
        ("transaction.on_commit(lambda: work.apply_async(args=[pk]))", "work.apply_async(args=[pk])"),
    )
    for view in VIEWS:
        for good, bad in sends:
            files = [{**TASK, "shop/views.py": f"{ATOMIC}\n\n{view.format(send=send)}"} for send in (good, bad)]
            yield Program(good, files[0], (files[1],))


def _awaits() -> Iterator[Program]:
    for frame in SENDS:
        if frame.is_async:
            for program in sends_of("given", lambda _: [], frames=[frame] * 4):
                bad = {path: text.replace("await ", "") for path, text in program.files.items()}
                yield Program(program.title, program.files, (bad,))


def _waits() -> Iterator[Program]:
    imports = "from celery import shared_task\n\n@shared_task\ndef part(number):\n    return number"
    bodies = ("part.delay(pk)", "result = part.apply_async((pk,))\nprint(result.id)")
    yield from jobs_with(
        bodies[0], lambda text: [f"{text}.get()", f"print({text}.get(timeout=9))"], imports, frames=CELERY * 2
    )
    yield from jobs_with(bodies[1], replaced("print(result.id)", "result.get()"), imports, frames=CELERY * 2)


def _schedules() -> Iterator[Program]:
    tables = (
        "app.conf.beat_schedule = {{'report': {{'task': 'shop.tasks.work', 'schedule': {when}}}}}",
        "CELERY_BEAT_SCHEDULE = {{'report': {{'task': 'shop.tasks.work', 'schedule': {when}}}}}",
    )
    for table in tables:
        for fields in (
            "hour=3",
            "hour='*/2'",
            "day_of_week=1",
            "hour=3, day_of_month=1",
            "day_of_month='1,15'",
            "hour=0",
            "hour='8-18'",
        ):
            head = "from celery import Celery\nfrom celery.schedules import crontab\n\napp = Celery('shop')\n"
            files = [
                {**TASK, "shop/schedule.py": f"{head}{table.format(when=when)}\n"}
                for when in (f"crontab(minute=0, {fields})", f"crontab({fields})")
            ]
            yield Program(files[0]["shop/schedule.py"], files[0], (files[1],))


def _blocking() -> Iterator[Program]:
    imports = "import asyncio\nimport time\nimport requests\nimport subprocess"
    mutate = replaced(
        "await asyncio.sleep(5)",
        "time.sleep(5)",
        "requests.get('https://carrier.test', timeout=5)",
        "subprocess.run(['true'], timeout=5)",
    )
    for body in ("await asyncio.sleep(5)\nprint(pk)", "if pk:\n    await asyncio.sleep(5)"):
        for frame in ASYNC:
            yield from jobs_with(body, mutate, imports, frames=[frame], placements=(own, wrapped))


def _sleeps() -> Iterator[Program]:
    yield from jobs_with(
        "time.sleep(1)\nprint(pk)", replaced("sleep(1)", "sleep(60)", "sleep(5.5)"), "import time", frames=SYNC
    )


def _locks() -> Iterator[Program]:
    yield from jobs_with(
        "with redis.lock(f'work-{pk}', timeout=300):\n    print(pk)", without_keyword("timeout"), REDIS, frames=SYNC
    )
    taken = "lock = redis.lock(f'work-{pk}', timeout=300)\nif lock.acquire(blocking=False):\n    print(pk)"
    yield from jobs_with(taken, without_keyword("timeout"), REDIS, frames=SYNC)


def _saved() -> Iterator[Program]:
    """Enqueued when a row is saved: by a signal, by the model itself."""
    head = f"{ATOMIC}from django.db import models\nfrom django.db.models.signals import post_delete, post_save\n"
    head += "from django.dispatch import receiver\n\n"
    shapes = (
        "@receiver(post_save, sender=Order)\ndef saved(sender, instance, **rest):\n    {send}\n",
        "@receiver([post_save, post_delete])\ndef saved(instance, created=False, **rest):\n"
        "    if created:\n        {send}\n",
        "class Line(models.Model):\n    def save(self, *args, **rest):\n        super().save(*args, **rest)\n"
        "        instance = self\n        {send}\n",
        "class Line(models.Model):\n    def delete(self, *args, **rest):\n        instance = self\n        {send}\n"
        "        return super().delete(*args, **rest)\n",
    )
    sends = (
        ("work.delay_on_commit(instance.pk)", "work.delay(instance.pk)"),
        ("transaction.on_commit(partial(work.delay, instance.pk))", "work.delay(instance.pk)"),
        ("transaction.on_commit(partial(work.apply_async, (instance.pk,)))", "work.apply_async((instance.pk,))"),
    )
    for shape in shapes:
        for good, bad in sends:
            files = [{**TASK, "shop/signals.py": f"{head}{shape.format(send=send)}"} for send in (good, bad)]
            yield Program(good, files[0], (files[1],))


def _bound_late() -> Iterator[Program]:
    loops = (
        "def place(orders):\n    for order in orders:\n        {send}\n",
        "def place(orders):\n    with transaction.atomic():\n        for order in orders:\n            {send}\n",
        "class View:\n    def post(self, orders):\n        for order in orders:\n"
        "            if order:\n                {send}\n",
    )
    sends = (
        ("partial(work.delay, order.pk)", "lambda: work.delay(order.pk)"),
        ("partial(work.delay, order)", "lambda: work.delay(order)"),
        ("lambda order=order: work.delay(order.pk)", "lambda: work.apply_async((order.pk,))"),
        ("partial(work.apply_async, args=[order.pk])", "lambda: work.apply_async(args=[order.pk])"),
    )
    for loop in loops:
        for good, bad in sends:
            texts = [f"{ATOMIC}\n{loop.format(send=f'transaction.on_commit({call})')}" for call in (good, bad)]
            yield Program(good, {**TASK, "shop/views.py": texts[0]}, ({**TASK, "shop/views.py": texts[1]},))


def _requests() -> Iterator[Program]:
    for name in ("request.remote_addr", "session.get('user')", "request.json['user']"):
        yield from jobs_with(
            "print(pk)", lambda _, name=name: [f"print({name})"], FLASK, frames=SYNC, placements=(own,)
        )


def _network_in_transaction() -> Iterator[Program]:
    imports = f"{ATOMIC}import requests\nfrom django.core.mail import send_mail"
    for call in ("requests.post('https://c.test', timeout=5)", "send_mail('Hello', 'x', None, ['x@example.org'])"):
        good = f"with transaction.atomic():\n    Order.objects.filter(pk=pk).update(state='x')\n{call}"
        bad = good.replace(f"\n{call}", f"\n    {call}")
        yield from jobs_with(good, lambda _, bad=bad: [bad], imports, frames=SYNC)


def _retries_caught() -> Iterator[Program]:
    bound = [frame for frame in CELERY if "self" in frame.head]
    imports = "from celery.exceptions import Retry"
    body = "try:\n    raise self.retry(countdown=5)\nexcept Retry:\n    raise\nexcept Exception:\n    print(pk)"
    yield from jobs_with(
        body,
        lambda text: [
            text.replace("except Retry:\n    raise\n", ""),
            text.replace("except Retry:\n    raise\n", "").replace("Exception", "BaseException"),
            text.replace("Retry:\n    raise", "Retry:\n    pass"),
        ],
        imports,
        frames=bound * 3,
        placements=(own, wrapped),
    )


def _tables() -> Iterator[Program]:
    queries = ("Order.objects.all()", "Order.objects.order_by('pk')", "Order.objects.all().select_related('owner')")
    for query in queries:
        body = f"for order in {query}.iterator():\n    order.state = pk\n    order.save()"
        yield from jobs_with(
            body, unwrapped("iterator()"), "from shop.models import Order", frames=SYNC, placements=(own, wrapped)
        )


def _eager() -> Iterator[Program]:
    head = "import os\nimport sys\n\nDEBUG = bool(os.environ.get('DEBUG'))\n"
    for name in ("CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER"):
        for path in ("shop/settings.py", "config/settings/base.py", "shop/settings/production.py"):
            files = [
                {path: f"{head}{name} = {value}\nCELERY_BROKER_URL = 'redis://'\n"}
                for value in ("'pytest' in sys.modules", "DEBUG", "True")
            ]
            yield Program(f"{path}: {name}", files[0], (files[2],))
            yield Program(f"{path}: {name} in debug", files[1], (files[2],))


def _names() -> Iterator[Program]:
    heads = (
        ("from celery import shared_task", "@shared_task(name='{name}')\ndef sync(pk):\n    print(pk)\n"),
        ("import dramatiq", "@dramatiq.actor(actor_name='{name}')\ndef sync(pk):\n    print(pk)\n"),
        (
            "from procrastinate import App, PsycopgConnector\napp = App(connector=PsycopgConnector())",
            "@app.task(name='{name}')\ndef sync(pk):\n    print(pk)\n",
        ),
    )
    for imports, head in heads:
        for one, other in (("sync", "crm.sync"), ("send", "send_later"), ("a.b", "a.c"), ("x", "y")):
            first = f"{imports}\n\n{head.format(name=one)}"
            files = [
                {"shop/billing/tasks.py": first, "shop/crm/tasks.py": f"{imports}\n\n{head.format(name=name)}"}
                for name in (other, one)
            ]
            yield Program(f"{imports}: {one}", files[0], (files[1],))


PROGRAMS: dict[str, list[Program]] = {
    "JK303": list(_retries_caught()),
    "JK401": list(_transactions()),
    "JK402": list(_saved()),
    "JK403": list(_bound_late()),
    "JK405": list(_awaits()),
    "JK407": list(_waits()),
    "JK408": list(_schedules()),
    "JK412": list(_names()),
    "JK501": list(_blocking()),
    "JK502": list(_sleeps()),
    "JK506": list(_tables()),
    "JK507": list(_locks()),
    "JK508": list(_requests()),
    "JK509": list(_network_in_transaction()),
    "JK601": list(_eager()),
}
