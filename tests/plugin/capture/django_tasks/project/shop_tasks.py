"""The tasks of a Django project; the environment says whether Django's own package or the backport makes them."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import django
from django.conf import settings

PACKAGE = os.environ["TASKS_PACKAGE"]

if not settings.configured:
    settings.configure(
        USE_TZ=True,
        INSTALLED_APPS=[PACKAGE] if PACKAGE == "django_tasks" else [],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TASKS={
            "default": {"BACKEND": f"{PACKAGE}.backends.immediate.ImmediateBackend", "QUEUES": ["default", "mail"]},
            "dummy": {"BACKEND": f"{PACKAGE}.backends.dummy.DummyBackend"},
        },
    )
    django.setup()

task: Any = import_module(PACKAGE).task
log: list[Any] = []
deaths: list[BaseException] = []


class Boom(Exception):
    pass


@task
def add(a: Any, b: Any = 0) -> Any:
    log.append((a, b))
    return a + b


@task(priority=7, queue_name="mail")
async def greet(name: str) -> str:
    log.append(name)
    return f"hello {name}"


@task(takes_context=True)
def charge(context: Any, order: int) -> None:
    log.append((context.attempt, order))
    if deaths:
        raise deaths.pop()


@task(backend="dummy")
def on_dummy() -> None:
    log.append("dummy")


@task
def failing() -> None:
    raise Boom("for good")


@task
def chained(left: int) -> None:
    log.append(left)
    if left:
        chained.enqueue(left - 1)


@task
def answer() -> Any:
    return object()
