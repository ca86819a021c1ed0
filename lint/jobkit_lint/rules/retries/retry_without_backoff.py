"""JK305: a job is retried at once, or always after the same short time."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Fixing, Report, Rule
from jobkit_lint.rules.edits import with_keyword
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.numbers import number_of
from jobkit_lint.tree import expressions as e

RQ = frozenset({"rq.Retry", "rq.job.Retry"})
# a fixed delay from here on gives a server time to come back
LONG = 300.0


class RetryWithoutBackoff(Rule):
    """
    ## What it does
    Finds automatic retries that do not wait longer each time: `autoretry_for` of Celery without `retry_backoff`,
    `Retry(max=3)` of RQ without `interval`, `retries=3` of Huey without `retry_delay`, `retry=5` of Procrastinate.

    ## Why is this bad
    A server that is down is asked again by all jobs at the same time and in the same rhythm. The retries are used up
    before it is back, or they keep it from coming back.

    ## What to do instead
    A delay that grows, with some chance in it: `retry_backoff=True`, `Retry(max=3, interval=[10, 60, 300])`,
    `retry_delay=60`, `RetryStrategy(max_attempts=5, exponential_wait=5)`.

    ## When to ignore
    When the error is over at once, as that of two transactions which met.
    """

    code = "JK305"
    name = "retry-without-backoff"
    summary = "A job is retried at once, or always after the same time."
    severity = Severity.INFO
    since = "0.1"
    frameworks = ("celery", "rq", "huey", "procrastinate")

    examples = (
        Bad(
            "autoretry of Celery",
            """
            from celery import shared_task

            @shared_task(autoretry_for=(OSError,), max_retries=5)
                         ^^^^^^^^^^^^^^^^^^^^^^^^ after the same time
            def fetch(url):
                print(url)
            """,
            fixed="""
            from celery import shared_task

            @shared_task(autoretry_for=(OSError,), max_retries=5, retry_backoff=True)
            def fetch(url):
                print(url)
            """,
        ),
        Bad(
            "other frameworks",
            """
            import django_rq
            from huey import RedisHuey
            from procrastinate import App
            from rq import Retry

            huey = RedisHuey()
            app = App(connector=None)

            @huey.task(retries=3)
                       ^^^^^^^^^ at once
            def fetch(url):
                print(url)

            @app.task(retry=5)
                      ^^^^^^^ at once
            def push(url):
                print(url)

            def load(url):
                print(url)

            def start(url):
                django_rq.get_queue().enqueue(load, url, retry=Retry(max=3))
                                                               ^^^^^^^^^^^^ at once
            """,
        ),
        Good(
            "with a delay that grows",
            """
            import django_rq
            from celery import shared_task
            from huey import RedisHuey
            from rq import Retry

            huey = RedisHuey()

            @shared_task(autoretry_for=(OSError,), retry_backoff=5)
            def fetch(url):
                print(url)

            @shared_task(autoretry_for=(OSError,), default_retry_delay=10 * 60)
            def fetch_slowly(url):
                print(url)

            @huey.task(retries=3, retry_delay=60)
            def push(url):
                print(url)

            def load(url):
                print(url)

            def start(url):
                django_rq.get_queue().enqueue(load, url, retry=Retry(max=3, interval=[10, 60]))
            """,
        ),
        Good(
            "no retry, and options that cannot be seen",
            """
            from celery import shared_task
            from shop.options import RETRY

            @shared_task
            def fetch(url):
                print(url)

            @shared_task(autoretry_for=(OSError,), **RETRY)
            def push(url):
                print(url)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        call = job.declaration
        if not isinstance(call, e.Call) or job.is_open or job.is_house:
            return
        for word in call.keywords:
            when = _when(word, job, analysis)
            if when is not None:
                yield self.report(
                    job.module,
                    word.at,
                    f"`{job.name.rpartition('.')[2]}` is retried {when}: let the delay grow from one retry to the next",
                    job=job,
                    fix=_fix(call, job, analysis) if word.name == "autoretry_for" else None,
                )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        given = site.options.get("retry")
        if site.framework.name != "rq" or site.step is None or not isinstance(given, e.Call):
            return
        if not RQ & set(analysis.paths(given.function, site.scope, site.step.place)) or given.is_open:
            return
        if given.keyword("interval") is None and len(given.arguments) < 2:
            yield self.report(
                site.module,
                given.at,
                f"`{site.job.name.rpartition('.')[2]}` is retried at once: give an `interval` for each retry",
                job=site.job,
                within=site.step.place.statement.at,
            )


def _when(word: e.Keyword, job: Job, analysis: Analysis) -> str | None:
    """When the retries that an option switches on come, if that is bad; else None."""
    framework = job.framework.name
    if framework == "celery" and word.name == "autoretry_for":
        backoff = job.option("retry_backoff")
        fixed = number_of(job.option("default_retry_delay"), analysis.module_scope(job.module), None, analysis)
        if (backoff is not None and not e.is_constant(backoff, False)) or (fixed is not None and fixed >= LONG):
            return None
        if job.option("base", "retry_kwargs") is not None or e.is_constant(job.option("max_retries"), 0, 1):
            return None
        return "always after the same time"
    if framework == "huey" and word.name == "retries":
        is_many = isinstance(word.value, e.Constant) and isinstance(word.value.value, int) and word.value.value > 1
        return "at once" if is_many and job.option("retry_delay") is None else None
    if framework == "procrastinate" and word.name == "retry":
        is_plain = isinstance(word.value, e.Constant) and word.value.kind in ("int", "bool") and word.value.value
        return "at once" if is_plain else None
    return None


def _fix(call: e.Call, job: Job, analysis: Analysis) -> Fixing | None:
    if call.keyword("retry_backoff") is not None:
        return None
    edit = with_keyword(call, "retry_backoff=True", job.module, analysis)
    return Fixing("Let the delay grow", (edit,)) if edit is not None else None
