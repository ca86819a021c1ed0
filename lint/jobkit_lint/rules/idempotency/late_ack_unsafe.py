"""JK210: a job is acknowledged late although it is not repeatable."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Confidence, Recipe, Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.idempotency.relative_update import RelativeUpdate
from jobkit_lint.rules.idempotency.unguarded_create import UnguardedCreate
from jobkit_lint.rules.idempotency.unguarded_notification import UnguardedNotification
from jobkit_lint.rules.idempotency.unkeyed_payment import UnkeyedPayment
from jobkit_lint.rules.idempotency.unstable_key import UnstableKey
from jobkit_lint.tree import expressions as e

OPEN: tuple[type[Rule], ...] = (UnkeyedPayment, UnguardedCreate, RelativeUpdate, UnguardedNotification, UnstableKey)


class LateAckUnsafe(Rule):
    """
    ## What it does
    Finds jobs with `acks_late=True` or `reject_on_worker_lost=True` in which JK201, JK202, JK203, JK204 or JK205
    finds something that a second run does again.

    ## Why is this bad
    Late acknowledgement asks the broker to deliver the job again when a worker dies: by a deployment, for want of
    memory. It is the promise that a second run does no harm, and this job does not keep it.

    ## What to do instead
    Mend what the other rule says, or acknowledge early and accept that a lost worker loses the job.

    ## When to ignore
    When the finding of the other rule is wrong: suppress that one, and this one goes with it.
    """

    code = "JK210"
    name = "late-ack-unsafe"
    summary = "A job is acknowledged late, but a second run does harm."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a charge",
            """
            import stripe
            from celery import shared_task

            @shared_task(acks_late=True)
                                   ^^^^ JK201, line 6
            def bill(amount):
                stripe.Charge.create(amount=amount, currency="eur")
            """,
        ),
        Bad(
            "a row, by way of a function",
            """
            from celery import shared_task
            from shop.models import Receipt

            def issue(order_id):
                Receipt.objects.create(order_id=order_id)

            @shared_task(reject_on_worker_lost=True, acks_late=True)
                                               ^^^^ JK202, line 5
            def bill(order_id):
                issue(order_id)
            """,
        ),
        Good(
            "an idempotency key",
            """
            import stripe
            from celery import shared_task

            @shared_task(acks_late=True)
            def bill(order_id, amount):
                stripe.Charge.create(amount=amount, currency="eur", idempotency_key=f"order-{order_id}")
            """,
        ),
        Good(
            "acknowledged early",
            """
            from celery import shared_task
            from shop.models import Receipt

            @shared_task(acks_late=False)
            def bill(order_id):
                Receipt.objects.create(order_id=order_id)
            """,
        ),
        Good(
            "the other finding is suppressed with a reason",
            """
            from celery import shared_task
            from shop.models import Receipt

            @shared_task(acks_late=True)
            def bill(order_id):
                Receipt.objects.create(order_id=order_id)  # jobkit: ignore[JK202] two receipts do no harm
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        late = [(name, job.options[name]) for name in job.options if name in job.framework.retries.late_ack]
        name, value = next(((name, value) for name, value in late if e.is_constant(value, True)), ("", None))
        if value is None:
            return
        for rule in OPEN:
            for report in rule().check_job(job, analysis):
                if report.confidence != Confidence.CERTAIN or _is_suppressed(report, rule):
                    continue
                where = f"line {report.at.line}"
                if report.module is not job.module:
                    where = f"{report.module.shown}:{report.at.line}"
                yield self.report(
                    job.module,
                    value.at,
                    f"`{name}` promises that `{job.name.rpartition('.')[2]}` may run again, but it is not repeatable "
                    f"({rule.code}, {where}): a worker that is lost after that does it twice",
                    job=job,
                    recipe=Recipe(("kill",), "after", report.at.end_line, "done once"),
                )
                return


def _is_suppressed(report: Report, rule: type[Rule]) -> bool:
    within = report.within or report.at
    lines = range(min(report.at.line, within.line), max(report.at.end_line, within.end_line) + 1)
    return any(
        (comment.whole_file or comment.line in lines) and comment.holds_for(rule.code, rule.name)
        for comment in report.module.summary.suppressions
    )
