"""JK301: a job is retried without an end."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

# options that end the retries after some time
DEADLINES = ("expires", "max_age", "retry_until", "discard_after")
COUNTS = ("max_retries", "attempts", "retries")
# frameworks in which None means that there is no end
ENDLESS_NONE = frozenset({"celery", "dramatiq"})


class UnboundedRetry(Rule):
    """
    ## What it does
    Finds jobs that are retried for ever: `max_retries=None` in the declaration of a Celery job that retries, or in its
    `self.retry(...)`, the same in Dramatiq, and more retries than `max-retries` (25) in any framework.

    ## Why is this bad
    A job that cannot succeed, because its row is gone or its data is wrong, never leaves the queue. Each day adds some
    more of them, until the workers do nothing else; and nobody is told, for none of them ever fails for good.

    ## What to do instead
    Give a number, with a growing delay: eight attempts that double a delay of ten seconds last for more than half an
    hour. Or give a deadline (`expires`, `max_age`, `retry_until`).

    ## When to ignore
    When the job must not be given up, and somebody watches the length of the queue.
    """

    code = "JK301"
    name = "unbounded-retry"
    summary = "A job is retried without an end."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "no end in the declaration",
            """
            import dramatiq
            from celery import shared_task

            @shared_task(autoretry_for=(OSError,), max_retries=None)
                                                   ^^^^^^^^^^^^^^^^ retried for ever
            def fetch(url):
                print(url)

            @shared_task(bind=True, max_retries=None)
                                    ^^^^^^^^^^^^^^^^
            def push(self, pk):
                try:
                    print(pk)
                except OSError as error:
                    raise self.retry(exc=error)

            @dramatiq.actor(max_retries=None)
                            ^^^^^^^^^^^^^^^^
            def ship(pk):
                print(pk)
            """,
        ),
        Bad(
            "no end in the call, and more than can be meant",
            """
            import dramatiq
            from celery import shared_task

            @shared_task(bind=True)
            def push(self, pk):
                try:
                    print(pk)
                except OSError as error:
                    raise self.retry(exc=error, max_retries=None)
                                                ^^^^^^^^^^^^^^^^

            @dramatiq.actor(max_retries=1000)
                            ^^^^^^^^^^^^^^^^ 1000 times
            def ship(pk):
                print(pk)
            """,
        ),
        Good(
            "a number, or a deadline",
            """
            import dramatiq
            from celery import shared_task

            @shared_task(autoretry_for=(OSError,), max_retries=8, retry_backoff=True)
            def fetch(url):
                print(url)

            @shared_task(autoretry_for=(OSError,), max_retries=None, expires=3600)
            def fetch_soon(url):
                print(url)

            @dramatiq.actor(max_retries=None, max_age=3_600_000)
            def ship(pk):
                print(pk)
            """,
        ),
        Good(
            "a job that never retries, and a number that cannot be seen",
            """
            from celery import shared_task
            from shop import limits

            @shared_task(max_retries=None)
            def once(url):
                print(url)

            @shared_task(autoretry_for=(OSError,), max_retries=limits.MANY)
            def fetch(url):
                print(url)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if job.option(*DEADLINES) is not None or job.is_open:
            return
        declaration = job.declaration if isinstance(job.declaration, e.Call) else None
        for word in declaration.keywords if declaration is not None else ():
            problem = self._problem(word, job, analysis) if word.name in COUNTS else None
            if problem is not None and _retries(job, analysis):
                yield self._told(job, word, problem)
        body = analysis.body(job)
        for step in body.steps if body is not None and job.self_name is not None else ():
            function = step.call.function
            is_own = isinstance(function, e.Attribute) and e.dotted(function.value) == job.self_name
            if not is_own or getattr(function, "name", "") not in job.framework.retries.calls:
                continue
            for word in step.call.keywords:
                problem = self._problem(word, job, analysis) if word.name == "max_retries" else None
                if problem is not None:
                    yield self._told(job, word, problem)

    def _problem(self, word: e.Keyword, job: Job, analysis: Analysis) -> str | None:
        if e.is_constant(word.value, None) and job.framework.name in ENDLESS_NONE:
            return "for ever"
        value = word.value.value if isinstance(word.value, e.Constant) and word.value.kind == "int" else None
        # a number that somebody worked out for a delay that grows is an end
        if job.option("retry_backoff", "max_backoff", "default_retry_delay") is not None:
            return None
        if isinstance(value, int) and value > analysis.settings.max_retries:
            return f"{value} times"
        return None

    def _told(self, job: Job, word: e.Keyword, problem: str) -> Report:
        return self.report(
            job.module,
            word.at,
            f"a `{job.name.rpartition('.')[2]}` that cannot succeed is retried {problem}: give a number of retries "
            "that ends, or a deadline",
            job=job,
        )


def _retries(job: Job, analysis: Analysis) -> bool:
    """Whether the number means anything: something retries the job."""
    if job.framework.retries.default or job.framework.name != "celery" or job.option("autoretry_for") is not None:
        return True
    body = analysis.body(job)
    return body is not None and any(getattr(step.call.function, "name", "") == "retry" for step in body.steps)
