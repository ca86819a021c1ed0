"""JK304: a job is retried after every error, programming errors too."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

RETRY_ON = "jobkit.retry_on"
EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})


class RetryOnEverything(Rule):
    """
    ## What it does
    Finds `autoretry_for=(Exception,)` of Celery without `dont_autoretry_for`, `@retry_on(Exception)` of jobkit, and
    `retry_when` of Dramatiq that is always true.

    ## Why is this bad
    A `TypeError` is as wrong in the fifth attempt as in the first. The job takes hours to fail, and does half of its
    work in each attempt.

    ## What to do instead
    Name the errors that go away by themselves: `autoretry_for=(requests.ConnectionError,)`.

    ## When to ignore
    When the errors of a library are too many to name. List those that must not be retried then.
    """

    code = "JK304"
    name = "retry-on-everything"
    summary = "A job is retried after every error, programming errors too."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    frameworks = ("celery", "dramatiq", "jobkit")

    examples = (
        Bad(
            "every Exception",
            """
            from celery import shared_task

            @shared_task(autoretry_for=(Exception,), retry_backoff=True)
                         ^^^^^^^^^^^^^^^^^^^^^^^^^^ every error
            def fetch(url):
                print(url)
            """,
        ),
        Bad(
            "always true",
            """
            import dramatiq

            @dramatiq.actor(retry_when=lambda retries, error: True)
                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            def fetch(url):
                print(url)
            """,
        ),
        Good(
            "errors that go away",
            """
            import requests
            from celery import shared_task

            @shared_task(autoretry_for=(requests.ConnectionError,), retry_backoff=True)
            def fetch(url):
                print(url)
            """,
        ),
        Good(
            "with those that must not be retried",
            """
            import dramatiq
            from celery import shared_task

            @shared_task(autoretry_for=(Exception,), dont_autoretry_for=(TypeError, ValueError))
            def fetch(url):
                print(url)

            @dramatiq.actor(retry_when=lambda retries, error: retries < 3)
            def push(url):
                print(url)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        top = analysis.module_scope(job.module)
        call = job.declaration
        for word in call.keywords if isinstance(call, e.Call) else ():
            is_all = (
                word.name == "autoretry_for"
                and job.option("dont_autoretry_for") is None
                and _has_everything(word.value, job, analysis)
            )
            is_true = (
                word.name == "retry_when" and isinstance(word.value, e.Lambda) and e.is_constant(word.value.body, True)
            )
            if is_all or is_true:
                yield self._told(job, word.at)
        function, class_ = job.function, job.class_
        decorators = [
            *(function.code.decorators if function is not None else ()),
            *(class_.code.decorators if class_ is not None else ()),
        ]
        for decorator in decorators:
            if not isinstance(decorator, e.Call) or RETRY_ON not in analysis.paths(decorator.function, top, None):
                continue
            if any(_has_everything(argument, job, analysis) for argument in decorator.arguments):
                yield self._told(job, decorator.at)

    def _told(self, job: Job, at: e.At) -> Report:
        return self.report(
            job.module,
            at,
            f"`{job.name.rpartition('.')[2]}` is retried after every error, also after one that is the same each time: "
            "name the errors that go away",
            job=job,
        )


def _has_everything(node: e.AnyExpression, job: Job, analysis: Analysis) -> bool:
    top = analysis.module_scope(job.module)
    nodes = node.items if isinstance(node, e.Collection) else (node,)
    for one in nodes:
        origin = analysis.origin(one, top, None)
        if origin is not None and origin.path in EVERYTHING:
            return True
    return False
