"""A Django project whose tasks go through django-q2; the environment says through which kind of broker."""

from __future__ import annotations

import json
import os
from typing import Any

import django
from django.conf import settings

BROKER = json.loads(os.environ["Q_BROKER"])

if not settings.configured:
    settings.configure(
        USE_TZ=True,
        SECRET_KEY="of the tests",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "django_q"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        Q_CLUSTER={"name": "shop", "retry": 120, "timeout": 60, "max_attempts": 3, **BROKER},
    )
    django.setup()

log: list[Any] = []
deaths: list[BaseException] = []


class Boom(Exception):
    pass


def add(a: int, b: int = 0) -> int:
    log.append((a, b))
    if deaths:
        raise deaths.pop()
    return a + b


def failing(order: int) -> None:
    log.append(order)
    raise Boom("for good")


def announce(task: Any) -> None:
    log.append(("hook", task.result))
