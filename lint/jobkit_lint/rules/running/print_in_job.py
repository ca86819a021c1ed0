"""JK510: a job prints."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class PrintInJob(Rule):
    """
    ## What it does
    Finds `print(...)` in the body of a job.

    ## Why is this bad
    A worker's output has no level, no time and no id of the job, and often goes nowhere.

    ## What to do instead
    Use a logger.

    ## When to ignore
    When the worker's output is what your log is made from.
    """

    code = "JK510"
    name = "print-in-job"
    summary = "A job prints instead of logging."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF

    examples = (
        Bad(
            "a job of Celery",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print("ships", pk)
                ^^^^^^^^^^^^^^^^^^ a logger
            """,
        ),
        Bad(
            "a job of jobkit",
            """
            from jobkit import Job

            class Ship(Job):
                def perform(self, pk: int) -> None:
                    print(pk)
                    ^^^^^^^^^
            """,
        ),
        Good(
            "a logger",
            """
            import logging
            from celery import shared_task

            logger = logging.getLogger(__name__)

            @shared_task
            def ship(pk):
                logger.info("ships %s", pk)
            """,
        ),
        Good(
            "print into a file",
            """
            from celery import shared_task

            @shared_task
            def ship(pk, path):
                with open(path, "w") as file:
                    print(pk, file=file)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        for step in scope.steps if scope is not None else ():
            if scope is None or "builtins.print" not in analysis.paths(step.call.function, scope, step.place):
                continue
            if step.call.keyword("file") is None and not step.call.is_open:
                yield self.report(
                    scope.module,
                    step.call.at,
                    "a worker's output has no level, no time and no id of the job: use a logger",
                    job=job,
                    within=step.place.statement.at,
                )
