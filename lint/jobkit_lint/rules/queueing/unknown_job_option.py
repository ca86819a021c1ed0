"""JK414: an option of a job that its framework does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

# how alike two words must be: one or two letters more, less, other or in another order
LIKENESS = 0.85
# options that a plugin brings, which look like a misspelt one
FROM_PLUGINS = frozenset({"time_limits", "priorities", "queues", "queue_names"})


class UnknownJobOption(Rule):
    """
    ## What it does
    Finds keywords in the declaration of a job that its framework does not know, but that are nearly one which it does:
    `max_retry=`, `time_limt=`.

    ## Why is this bad
    Celery and Huey take any keyword and make an attribute of it: the job is then retried, limited or routed as if
    nothing had been said. Other frameworks raise when the module is imported.

    ## What to do instead
    Write the option as the framework spells it. The unsafe fix does.

    ## When to ignore
    When a base class or a middleware of yours reads that option.
    """

    code = "JK414"
    name = "unknown-job-option"
    summary = "A misspelt option in the declaration of a job."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a word that is nearly right",
            """
            from celery import shared_task

            @shared_task(max_retry=3)
                         ^^^^^^^^^ `max_retries`
            def ship(pk):
                print(pk)
            """,
            fixed="""
            from celery import shared_task

            @shared_task(max_retries=3)
            def ship(pk):
                print(pk)
            """,
        ),
        Bad(
            "letters that are missing",
            """
            import dramatiq
            from huey import RedisHuey

            huey = RedisHuey()

            @dramatiq.actor(time_limt=60_000)
                            ^^^^^^^^^ `time_limit`
            def ship(pk):
                print(pk)

            @huey.task(retry_delays=5)
                       ^^^^^^^^^^^^ `retry_delay`
            def bill(pk):
                print(pk)
            """,
        ),
        Good(
            "options of the framework",
            """
            import dramatiq
            from celery import shared_task

            @shared_task(bind=True, max_retries=3, soft_time_limit=60, rate_limit="10/m")
            def ship(self, pk):
                print(pk)

            @dramatiq.actor(queue_name="slow", max_retries=3)
            def bill(pk):
                print(pk)
            """,
        ),
        Good(
            "attributes of the project's own, and a base that may read them",
            """
            from celery import Task, shared_task

            class Tenant(Task):
                time_limt = None

            @shared_task(tenant="shop", alert_after=60)
            def ship(pk):
                print(pk)

            @shared_task(base=Tenant, time_limt=60)
            def bill(pk):
                print(pk)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        known = job.framework.options
        call = job.declaration
        if not known or not isinstance(call, e.Call) or job.is_house or job.option("base", "actor_class") is not None:
            return
        for word in call.keywords:
            if word.name is None or word.name in known or word.name in FROM_PLUGINS:
                continue
            near = difflib.get_close_matches(word.name, known, 1, LIKENESS) or _retold(word.name, known)
            if not near or near[0] in {other.name for other in call.keywords}:
                continue
            at = e.At(word.at.line, word.at.column, word.at.line, word.at.column + len(word.name.encode()))
            yield self.report(
                job.module,
                at,
                f"{job.framework.title} knows no option `{word.name}`: is `{near[0]}` meant?",
                job=job,
                fix=Fixing(f"Write `{near[0]}`", (Replace(at, near[0]),)),
            )


def _retold(name: str, known: frozenset[str]) -> list[str]:
    """A word in the singular or plural: ``max_retry`` and ``max_retries``."""
    for other in known:
        if other.endswith("ies") and name == f"{other[:-3]}y":
            return [other]
    return []
