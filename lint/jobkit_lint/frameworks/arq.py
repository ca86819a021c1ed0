"""arq: functions listed in a settings class, enqueued by name. Semantics: arq-docs.helpmanual.io."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Enqueuer, Framework, Listing, Packing, Retries

NAMED = Packing(
    skip=1, options=frozenset({"_job_id", "_queue_name", "_defer_until", "_defer_by", "_expires", "_job_try"})
)

FRAMEWORK = Framework(
    name="arq",
    title="arq",
    packages=("arq",),
    serializer="pickle",
    aliases={
        "arq.connections.ArqRedis": "arq.ArqRedis",
        "arq.create_pool()": "arq.ArqRedis()",
        "arq.connections.create_pool()": "arq.ArqRedis()",
        "arq.cron.cron": "arq.cron",
        "arq.worker.func": "arq.func",
    },
    methods=(),
    enqueuers=(Enqueuer("arq.ArqRedis().enqueue_job", by_name=True, packing=NAMED, is_coroutine=True),),
    listings=(
        Listing(("WorkerSettings", "Settings", "Worker"), ("functions",), ("arq.func",)),
        Listing(("WorkerSettings", "Settings", "Worker"), ("cron_jobs",), ("arq.cron",)),
    ),
    context_parameters=1,
    context_values={"redis": "arq.ArqRedis()"},
    default_name="{function}",
    restores=frozenset({"datetime", "date", "time", "timedelta", "decimal", "uuid", "bytes", "enum", "set", "tuple"}),
    retries=Retries(limit=("max_tries",), default=True),
    rerun="arq runs a job at least once: one that was cut off by a shutdown runs again",
)
