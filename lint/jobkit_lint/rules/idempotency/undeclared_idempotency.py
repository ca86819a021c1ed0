"""JK211: a job does not say whether it may run twice, or says so against the evidence."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.idempotency.unkeyed_payment import unkeyed_payments
from jobkit_lint.tree import expressions as e


class UndeclaredIdempotency(Rule):
    """
    ## What it does
    Finds jobs without `idempotent = True` or `idempotent = False`; and jobs that are declared `True` although they
    move money without an idempotency key.

    ## Why is this bad
    Whether a job may run twice is the first question after each incident, and the author knew the answer. The
    declaration keeps it beside the code, and lets other rules hold the code to it.

    ## What to do instead
    Say which it is: in the class, `idempotent = True`, or in the decorator, `@shared_task(idempotent=True)`.

    ## When to ignore
    This rule runs only when it is selected, or with the strict preset. Frameworks whose declaration has no room for
    an attribute of yours (RQ, arq) are left alone; name their functions in `facts.idempotent`.
    """

    code = "JK211"
    name = "undeclared-idempotency"
    summary = "A job does not say whether it may run twice."
    severity = Severity.WARNING
    default = Default.STRICT
    since = "0.1"
    frameworks = ("jobkit", "celery")

    examples = (
        Bad(
            "a class",
            """
            from jobkit import Job

            class Sync(Job):
                  ^^^^ does not say
                queue = "low"

                def perform(self, pk):
                    print(pk)
            """,
        ),
        Bad(
            "a task",
            """
            from celery import shared_task

            @shared_task(acks_late=True)
            def sync(pk):
                ^^^^ does not say
                print(pk)
            """,
        ),
        Bad(
            "declared against the evidence",
            """
            import stripe
            from celery import shared_task

            @shared_task(idempotent=True)
                                    ^^^^ line 6
            def charge(order_id):
                stripe.Charge.create(amount=100, currency="eur")
            """,
        ),
        Good(
            "declared, in the class or in its base",
            """
            from jobkit import Job

            class ApplicationJob(Job):
                idempotent = True

            class Sync(ApplicationJob):
                def perform(self, pk):
                    print(pk)

            class Pay(Job):
                idempotent = False
                retry = 0

                def perform(self, pk):
                    print(pk)
            """,
        ),
        Good(
            "declared in the settings",
            """
            from celery import shared_task

            @shared_task
            def sync(pk):
                print(pk)
            """,
            settings={"facts": {"idempotent": ["shop.tasks.sync"]}},
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        declared = job.option("idempotent")
        short = job.name.rpartition(".")[2]
        if declared is None and not job.is_open and job.name not in analysis.settings.facts.idempotent:
            message = f"`{short}` does not say whether it may run twice: declare `idempotent` True or False"
            yield self.report(job.module, job.at, message, job=job)
        elif declared is not None and e.is_constant(declared, True):
            for effect, _ in unkeyed_payments(job, analysis):
                line = effect.levels[-1][0].call.at.line
                yield self.report(
                    job.module,
                    declared.at,
                    f"`{short}` is declared idempotent, but what it does in line {line} ({effect.what}) has no "
                    "idempotency key",
                    job=job,
                )
