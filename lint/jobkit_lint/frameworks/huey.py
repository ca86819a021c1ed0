"""Huey: calling a task enqueues it. Semantics: huey.readthedocs.io/en/latest/guide.html."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Decorator, Framework, Method, Packing, Retries

_STORAGES = ("Huey", "RedisHuey", "SqliteHuey", "MemoryHuey", "FileHuey", "PriorityRedisHuey", "RedisExpireHuey",
             "PriorityRedisExpireHuey", "BlackHoleHuey")  # fmt: skip

FRAMEWORK = Framework(
    name="huey",
    title="Huey",
    packages=("huey",),
    serializer="pickle",
    aliases={
        **{f"huey.{name}": "huey.Huey" for name in _STORAGES if name != "Huey"},
        **{f"huey.api.{name}": "huey.Huey" for name in _STORAGES},
        "huey.contrib.djhuey.HUEY": "huey.Huey()",
        "huey.contrib.mini.MiniHuey": "huey.Huey",
    },
    decorators=(
        Decorator("huey.Huey().task"),
        Decorator("huey.Huey().context_task"),
        Decorator("huey.Huey().periodic_task", is_periodic=True),
        Decorator("huey.contrib.djhuey.task"),
        Decorator("huey.contrib.djhuey.db_task"),
        Decorator("huey.contrib.djhuey.on_commit_task"),
        Decorator("huey.contrib.djhuey.periodic_task", is_periodic=True),
        Decorator("huey.contrib.djhuey.db_periodic_task", is_periodic=True),
    ),
    methods=(
        Method("schedule", Packing(direct=False, args=0, kwargs=1, args_keyword="args", kwargs_keyword="kwargs")),
        Method("s", is_message=True, partial=True, strong=True),
        Method("map", Packing(direct=False), is_many=True),
    ),
    call_enqueues=True,
    default_name="{module}.{function}",
    restores=frozenset({"datetime", "date", "time", "timedelta", "decimal", "uuid", "bytes", "enum", "set", "tuple"}),
    retries=Retries(automatic=("retries",), limit=("retries",)),
    options=frozenset(
        {"retries", "retry_delay", "priority", "context", "name", "expires", "timeout", "validate_datetime"}
    ),
    rerun="a retry, or an operator, runs it again",
)
