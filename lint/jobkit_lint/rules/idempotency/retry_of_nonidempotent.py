"""JK212: a job that says it must not run twice is retried."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e


class RetryOfNonidempotent(Rule):
    """
    ## What it does
    Finds jobs with `idempotent = False` for which retries are switched on, by an option, a decorator, a call of
    `retry()`, or the default of the framework.

    ## Why is this bad
    The declaration says that a second run does harm. A retry is a second run, and what the first one did before it
    failed is done again.

    ## What to do instead
    Switch retries off, and look at each failure. Or make the job idempotent, and say `idempotent = True`.

    ## When to ignore
    When all errors that are retried come before the first effect. Then the job is idempotent as far as retries go;
    say in the comment which errors those are.
    """

    code = "JK212"
    name = "retry-of-nonidempotent"
    summary = "A job that is declared not idempotent is retried."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a class",
            """
            from jobkit import Job

            class Pay(Job):
                idempotent = False
                retry = 5
                        ^ `retry`

                def perform(self, order_id):
                    print(order_id)
            """,
        ),
        Bad(
            "retried by itself",
            """
            from celery import shared_task

            @shared_task(bind=True, idempotent=False)
            def pay(self, order_id):
                try:
                    print(order_id)
                except OSError as error:
                    raise self.retry(exc=error)
                          ^^^^^^^^^^^^^^^^^^^^^ `self.retry()`
            """,
        ),
        Bad(
            "a list of errors, and a decorator",
            """
            from celery import shared_task
            from jobkit import Job, retry_on

            @shared_task(idempotent=False, autoretry_for=(OSError,))
                                                         ^^^^^^^^^^ `autoretry_for`
            def pay(order_id):
                print(order_id)

            @retry_on(OSError, attempts=3)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `@retry_on`
            class Refund(Job):
                idempotent = False

                def perform(self, order_id):
                    print(order_id)
            """,
        ),
        Good(
            "retries switched off",
            """
            from celery import shared_task
            from jobkit import Job

            class Pay(Job):
                idempotent = False
                retry = 0

                def perform(self, order_id):
                    print(order_id)

            @shared_task(idempotent=False, autoretry_for=())
            def pay(order_id):
                print(order_id)
            """,
        ),
        Good(
            "declared idempotent",
            """
            from jobkit import Job

            class Pay(Job):
                idempotent = True
                retry = 5

                def perform(self, order_id):
                    print(order_id)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        declared = job.option("idempotent")
        if declared is None or not e.is_constant(declared, False):
            return
        found = analysis.retrying(job)
        if found is None:
            return
        yield self.report(
            job.module,
            found.at or declared.at,
            f"`{job.name.rpartition('.')[2]}` is declared not idempotent, but {found.what} runs it again after an "
            "error: switch retries off, or make it idempotent",
            job=job,
        )
