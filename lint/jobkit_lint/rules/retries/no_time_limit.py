"""JK311: a job that waits for others has no time limit."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.waits import WAITS
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.configuration import is_configured
from jobkit_lint.rules.definitions import name_at
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.limits import APP_LIMITS, LIMIT_SIGNS, has_limit


class NoTimeLimit(Rule):
    """
    ## What it does
    Finds jobs that ask a server or run a process, and that nothing ends: no `time_limit` or `timeout` on the job, and
    none in the settings of the app.

    ## Why is this bad
    A timeout on each call does not limit the whole: a slow server that answers byte by byte, or a thousand calls one
    after the other, hold the worker for hours.

    ## What to do instead
    `soft_time_limit` and `time_limit` on the job, or for all jobs in the settings.

    ## When to ignore
    When the worker is watched from outside.
    """

    code = "JK311"
    name = "no-time-limit"
    summary = "A job that waits for others has no time limit."
    severity = Severity.INFO
    since = "0.1"
    default = Default.STRICT
    frameworks = ("celery", "taskiq", "huey")
    signs = LIMIT_SIGNS

    examples = (
        Bad(
            "a request",
            """
            import requests
            from celery import shared_task

            @shared_task
            def fetch(url):
                ^^^^^ no time limit
                requests.get(url, timeout=5)
            """,
        ),
        Bad(
            "a process",
            """
            import subprocess
            from celery import shared_task

            @shared_task(name="convert")
            def convert(path):
                ^^^^^^^
                subprocess.run(["convert", path], timeout=60)
            """,
        ),
        Good(
            "a limit on the job",
            """
            import requests
            from celery import shared_task

            @shared_task(soft_time_limit=60)
            def fetch(url):
                requests.get(url, timeout=5)

            @shared_task
            def add(a, b):
                return a + b
            """,
        ),
        Good(
            "a limit for all jobs",
            """
            # file: shop/settings.py
            CELERY_TASK_TIME_LIMIT = 300
            # file: shop/tasks.py
            import requests
            from celery import shared_task

            @shared_task
            def fetch(url):
                requests.get(url, timeout=5)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if job.function is None or has_limit(job) or is_configured(analysis, *APP_LIMITS):
            return
        for step, scope in analysis.reached(job):
            wait = next(filter(None, map(WAITS.get, analysis.paths(step.call.function, scope, step.place))), None)
            if wait is not None:
                yield self.report(
                    job.module,
                    name_at(job),
                    f"`{job.function.name}` waits for {wait.what} and has no time limit: give it one, or all in the "
                    "settings",
                    job=job,
                )
                return
