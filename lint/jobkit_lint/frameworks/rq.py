"""RQ and django-rq: any function that is given to a queue is a job. Semantics: python-rq.org/docs."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Decorator, Enqueuer, Framework, Method, Packing, Retries

_OPTIONS = frozenset(
    {
        "job_timeout", "timeout", "result_ttl", "ttl", "failure_ttl", "description", "depends_on", "job_id",
        "at_front", "meta", "retry", "on_success", "on_failure", "on_stopped", "pipeline", "repeat", "unique",
        "args", "kwargs", "queue_name",
    }
)  # fmt: skip
DIRECT = Packing(skip=1, options=_OPTIONS)
LATER = Packing(skip=2, options=_OPTIONS)
PACKED = Packing(direct=False, args=1, kwargs=2, args_keyword="args", kwargs_keyword="kwargs")

FRAMEWORK = Framework(
    name="rq",
    title="RQ",
    packages=("rq", "django_rq", "rq_scheduler", "flask_rq2"),
    serializer="pickle",
    aliases={
        "rq.queue.Queue": "rq.Queue",
        "django_rq.get_queue()": "rq.Queue()",
        "django_rq.queues.get_queue()": "rq.Queue()",
        "django_rq.get_scheduler()": "rq_scheduler.Scheduler()",
        "rq_scheduler.scheduler.Scheduler": "rq_scheduler.Scheduler",
        "rq.decorators.job": "rq.job",
        "django_rq.decorators.job": "django_rq.job",
        "flask_rq2.RQ().get_queue()": "rq.Queue()",
    },
    decorators=(Decorator("rq.job"), Decorator("django_rq.job"), Decorator("flask_rq2.RQ().job")),
    methods=(Method("delay", Packing(options=_OPTIONS - {"args", "kwargs", "description"}), strong=True),),
    enqueuers=(
        Enqueuer("rq.Queue().enqueue", job_keyword="f", packing=DIRECT, defines_job=True, by_name=True),
        Enqueuer("rq.Queue().enqueue_call", job_keyword="func", packing=PACKED, defines_job=True, by_name=True),
        Enqueuer("rq.Queue().enqueue_in", job=1, job_keyword="func", packing=LATER, defines_job=True, by_name=True),
        Enqueuer("rq.Queue().enqueue_at", job=1, job_keyword="f", packing=LATER, defines_job=True, by_name=True),
        Enqueuer("rq.Queue.prepare_data", packing=PACKED, defines_job=True, by_name=True, is_message=True),
        Enqueuer("django_rq.enqueue", packing=DIRECT, defines_job=True, by_name=True),
        Enqueuer("rq_scheduler.Scheduler().enqueue_in", job=1, packing=LATER, defines_job=True),
        Enqueuer("rq_scheduler.Scheduler().enqueue_at", job=1, packing=LATER, defines_job=True),
        Enqueuer(
            "rq_scheduler.Scheduler().schedule",
            job=1,
            job_keyword="func",
            packing=Packing(direct=False, args=2, kwargs=3, args_keyword="args", kwargs_keyword="kwargs"),
            defines_job=True,
        ),
        Enqueuer(
            "rq_scheduler.Scheduler().cron",
            job=1,
            job_keyword="func",
            packing=Packing(direct=False, args=2, kwargs=3, args_keyword="args", kwargs_keyword="kwargs"),
            defines_job=True,
        ),
    ),
    restores=frozenset({"datetime", "date", "time", "timedelta", "decimal", "uuid", "bytes", "enum", "set", "tuple"}),
    retries=Retries(automatic=("retry",)),
    rerun="a job of a lost worker is run again when it is requeued",
)
