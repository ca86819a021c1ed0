"""JK410: a periodic job may run while its last run has not ended."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.definitions import name_at
from jobkit_lint.rules.examples import Bad, Good

OPTIONS = ("expires", "lock", "queueing_lock", "unique", "once", "max_age", "concurrency", "singleton")
LOCKING = ("lock", "once", "unique", "singleton", "acquire", "setnx", "single")


class OverlappingPeriodic(Rule):
    """
    ## What it does
    Finds periodic jobs without anything that keeps two runs apart: no lock in the body, no `expires`, no
    `queueing_lock`, no decorator whose name speaks of a lock or of once.

    ## Why is this bad
    A run that takes longer than the period meets the next one, and both do the same work. When the workers were down
    for a while, all the runs that were missed come at once.

    ## What to do instead
    A lock with a timeout, or a short `expires`, so that a run which comes too late is dropped.

    ## When to ignore
    When the job takes seconds and runs once a day.
    """

    code = "JK410"
    name = "overlapping-periodic"
    summary = "A periodic job may meet its own last run."
    severity = Severity.INFO
    since = "0.1"
    default = Default.STRICT

    examples = (
        Bad(
            "in a table of Celery",
            """
            from celery import Celery

            app = Celery("shop")
            app.conf.beat_schedule = {"sync": {"task": "shop.tasks.sync", "schedule": 60.0}}

            @app.task(name="shop.tasks.sync")
            def sync():
                ^^^^ nothing keeps two runs
                print("sync")
            """,
        ),
        Bad(
            "a periodic job of Huey",
            """
            from huey import RedisHuey, crontab

            huey = RedisHuey()

            @huey.periodic_task(crontab(minute="*/5"))
            def sync():
                ^^^^
                print("sync")
            """,
        ),
        Good(
            "with a lock",
            """
            from huey import RedisHuey, crontab

            huey = RedisHuey()

            @huey.periodic_task(crontab(minute="*/5"))
            @huey.lock_task("sync")
            def sync():
                print("sync")

            @huey.periodic_task(crontab(minute="*/5"), expires=60)
            def clean():
                print("clean")
            """,
        ),
        Good(
            "a lock in the body, a job without a schedule",
            """
            from huey import RedisHuey, crontab
            from shop.locks import lock

            huey = RedisHuey()

            @huey.periodic_task(crontab(minute="*/5"))
            def sync():
                with lock("sync"):
                    print("sync")

            @huey.task()
            def clean():
                print("clean")
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        function = job.function
        if function is None or job.is_open or job.option(*OPTIONS) is not None:
            return
        tables = {name for framework in analysis.program.frameworks for name in framework.schedules}
        is_planned = any(site.step is None and site.form.endswith(tuple(tables)) for site in analysis.sites_of(job))
        if not (job.is_periodic or is_planned) or _locks(job, analysis):
            return
        yield self.report(
            job.module,
            name_at(job),
            f"nothing keeps two runs of `{function.name}` apart: take a lock, or let a late run expire",
            job=job,
            recipe=Recipe(("interleave",), "before", job.line, "one run at a time"),
        )


def _locks(job: Job, analysis: Analysis) -> bool:
    """Whether a decorator or a call of the body speaks of a lock."""
    function = job.function
    decorators = function.code.decorators if function is not None else ()
    texts = [analysis.text(job.module, decorator.at) for decorator in decorators]
    scope = analysis.body(job)
    for step in scope.steps if scope is not None else ():
        called = step.call.function
        texts.append(getattr(called, "name", getattr(called, "id", "")))
    return any(word in text.lower() for text in texts for word in LOCKING)
