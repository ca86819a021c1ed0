"""Procrastinate: jobs in PostgreSQL. Semantics: procrastinate.readthedocs.io."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Decorator, Enqueuer, Framework, Method, Packing, Retries

KEYWORDS = Packing()
MANY = Packing(direct=False)
BY_NAME = Packing(direct=False, args_keyword=None, kwargs_keyword=None)

FRAMEWORK = Framework(
    name="procrastinate",
    title="Procrastinate",
    packages=("procrastinate",),
    serializer="json",
    aliases={
        "procrastinate.contrib.django.app": "procrastinate.App()",
        "procrastinate.app.App": "procrastinate.App",
        "procrastinate.blueprints.Blueprint": "procrastinate.Blueprint",
    },
    decorators=(
        Decorator("procrastinate.App().task"),
        Decorator("procrastinate.Blueprint().task"),
    ),
    methods=(
        Method("defer", KEYWORDS),
        Method("defer_async", KEYWORDS, is_coroutine=True, strong=True),
        Method("batch_defer", MANY, is_many=True, strong=True),
        Method("batch_defer_async", MANY, is_many=True, is_coroutine=True, strong=True),
    ),
    builders=("configure",),
    enqueuers=(
        Enqueuer(
            "procrastinate.App().configure_task", by_name=True, job_keyword="name", packing=BY_NAME, is_message=True
        ),
    ),
    bound_option="pass_context",
    transaction_safe=True,
    retries=Retries(automatic=("retry",), limit=("retry",)),
    options=frozenset(
        {"name", "aliases", "retry", "pass_context", "queue", "lock", "queueing_lock", "priority", "original_func"}
    ),
    rerun="a retry, or the rescue of a stalled job, runs it again",
)
