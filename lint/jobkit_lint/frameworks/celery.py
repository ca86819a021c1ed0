"""Celery 4 and 5, with Django's helpers. Semantics: docs.celeryq.dev, "Calling Tasks" and "Canvas"."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Base, Decorator, Enqueuer, Framework, Method, Packing, Retries

PACKED = Packing(direct=False, args=0, kwargs=1, args_keyword="args", kwargs_keyword="kwargs")
SIGNATURE = Packing(direct=False, args=0, kwargs=1, args_keyword="args", kwargs_keyword="kwargs")
NAMED = Packing(direct=False, args=1, kwargs=2, args_keyword="args", kwargs_keyword="kwargs")

FRAMEWORK = Framework(
    name="celery",
    title="Celery",
    packages=("celery", "django_celery_beat"),
    serializer="json",
    restores=frozenset({"datetime", "date", "time", "decimal", "uuid", "bytes"}),
    aliases={
        "celery.current_app": "celery.Celery()",
        "celery._state.current_app": "celery.Celery()",
        "celery.app.app_or_default()": "celery.Celery()",
        "celery.app.default_app": "celery.Celery()",
        "celery.app.base.Celery": "celery.Celery",
        "celery.app.Celery": "celery.Celery",
        "celery.app.shared_task": "celery.shared_task",
        "celery.app.task.Task": "celery.Task",
        "celery.app.task.BaseTask": "celery.Task",
        "celery.task.Task": "celery.Task",
        "celery.task.PeriodicTask": "celery.Task",
        "celery.task.base.Task": "celery.Task",
        "celery.contrib.django.task.DjangoTask": "celery.Task",
        "celery.Celery().Task": "celery.Task",
        "celery.task.task": "celery.shared_task",
        "celery.decorators.task": "celery.shared_task",
        "celery.task.periodic_task": "celery.periodic_task",
        "celery.decorators.periodic_task": "celery.periodic_task",
        "celery.canvas.signature": "celery.signature",
        "celery.canvas.Signature": "celery.signature",
        "celery.Signature": "celery.signature",
        "celery.subtask": "celery.signature",
        "celery.canvas.subtask": "celery.signature",
        "celery.Celery().signature": "celery.signature",
        "celery.execute.send_task": "celery.Celery().send_task",
        "celery.canvas.chain": "celery.chain",
        "celery.canvas.group": "celery.group",
        "celery.canvas.chord": "celery.chord",
        "celery.current_task": "celery.Task()",
    },
    decorators=(
        Decorator("celery.shared_task"),
        Decorator("celery.Celery().task"),
        Decorator("celery.periodic_task", is_periodic=True),
        Decorator("celery.Celery().periodic_task", is_periodic=True),
    ),
    bases=(Base("celery.Task", body="run"),),
    methods=(
        Method("delay", strong=True),
        Method("apply_async", PACKED, strong=True),
        Method("delay_on_commit", after_commit=True, strong=True),
        Method("apply_async_on_commit", PACKED, after_commit=True, strong=True),
        Method("s", partial=True, is_message=True, strong=True),
        Method("si", is_message=True, strong=True),
        Method("signature", SIGNATURE, partial=True, is_message=True, strong=True),
        Method("subtask", SIGNATURE, partial=True, is_message=True, strong=True),
        Method("subtask_from_request", SIGNATURE, is_message=True),
        Method("map", Packing(direct=False), is_message=True, is_many=True),
        Method("starmap", Packing(direct=False), is_message=True, is_many=True),
        Method("chunks", Packing(direct=False), is_message=True, is_many=True),
    ),
    builders=("set", "clone", "on_error", "link"),
    enqueuers=(
        Enqueuer("celery.Celery().send_task", by_name=True, job_keyword="name", packing=NAMED),
        Enqueuer("celery.signature", by_name=True, job_keyword="varies", packing=NAMED, is_message=True),
    ),
    registrars=("celery.Celery().register_task",),
    bound_option="bind",
    instance_path="celery.Task",
    schedules=("beat_schedule", "BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE", "CELERY_BEAT_SCHEDULE"),
    retries=Retries(
        automatic=("autoretry_for",),
        limit=("max_retries",),
        calls=("retry",),
        late_ack=("acks_late", "task_acks_late", "reject_on_worker_lost"),
    ),
    options=frozenset(
        {
            "abstract", "acks_late", "acks_on_failure_or_timeout", "after_return", "autoretry_for", "base",
            "bind", "compression", "default_retry_delay", "dont_autoretry_for", "exchange", "expires",
            "filter", "ignore_result", "lazy", "max_retries", "name", "on_bound", "on_failure", "on_retry",
            "on_success", "priority", "pydantic", "pydantic_context", "pydantic_dump_kwargs",
            "pydantic_strict", "queue", "rate_limit", "reject_on_worker_lost", "resultrepr_maxsize",
            "retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs", "routing_key",
            "send_events", "serializer", "shared", "soft_time_limit", "store_eager_result",
            "store_errors_even_if_ignored", "throws", "time_limit", "track_started", "trail", "typing",
            "run_every",
        }
    ),
    rerun="a redelivery after a lost worker, or a retry, runs it again",
)  # fmt: skip
