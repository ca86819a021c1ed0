"""JK201: money is moved by a job without an idempotency key."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.effects import Effect, EffectKind
from jobkit_lint.flow.guards import Guard, GuardKind
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good

ENOUGH = (GuardKind.KEY, GuardKind.CLAIM, GuardKind.DECLARED)


class UnkeyedPayment(Rule):
    """
    ## What it does
    Finds calls of payment providers that charge, refund, transfer or pay out, in a job or in a function that a
    job calls, that pass no idempotency key and are not behind a claim that was committed before.

    ## Why is this bad
    A job runs at least once. If the worker dies after the provider took the money and before the job is
    acknowledged, the job runs again and the customer pays twice. A status that is written after the call does
    not help: the crash comes before it.

    ## What to do instead
    Pass a key that is the same in each run, made from what the job is about: `idempotency_key=f"order-{order_id}"`.
    Or claim the work first: update the row's status where it is still new, commit, and stop if no row changed.

    ## When to ignore
    When the provider recognises a repeated request by other means (an order number that it refuses twice).
    Say which in the reason of the comment. A house wrapper that adds the key is taught with `facts.pure`.
    """

    code = "JK201"
    name = "unkeyed-payment"
    summary = "A job moves money without an idempotency key."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a charge without a key",
            """
            import stripe
            from celery import shared_task

            @shared_task(autoretry_for=(ConnectionError,))
            def charge(order_id, amount):
                stripe.Charge.create(amount=amount, currency="eur")
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ twice
            """,
        ),
        Bad(
            "in a function of another file, behind a check alone",
            """
            # file: shop/gateway.py
            import stripe

            client = stripe.StripeClient("sk")

            def refund(payment):
                client.refunds.create({"charge": payment.charge})
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            # file: shop/tasks.py
            from jobkit import job
            from shop.gateway import refund
            from shop.models import Payment

            @job
            def refund_payment(payment_id):
                payment = Payment.objects.get(pk=payment_id)
                if payment.status == "refunded":
                    return
                refund(payment)
                payment.status = "refunded"
                payment.save()
            """,
        ),
        Good(
            "a key made from the order",
            """
            import stripe
            from celery import shared_task

            @shared_task(autoretry_for=(ConnectionError,))
            def charge(order_id, amount):
                stripe.Charge.create(amount=amount, currency="eur", idempotency_key=f"order-{order_id}")
            """,
        ),
        Good(
            "a claim first",
            """
            import stripe
            from celery import shared_task
            from shop.models import Order

            @shared_task
            def charge(order_id, amount):
                if not Order.objects.filter(pk=order_id, status="new").update(status="charging"):
                    return
                stripe.Charge.create(amount=amount, currency="eur")
            """,
        ),
        Good(
            "a method of that name that is not a payment",
            """
            from celery import shared_task
            from shop.analytics import client

            @shared_task
            def track(event):
                client.capture(event)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job):
            return
        reason = analysis.rerun_reason(job)
        for effect, guards in unkeyed_payments(job, analysis) if reason is not None else ():
            checked = f" ({guards[0].what}, but a crash after the call comes before the mark)" if guards else ""
            yield self.report_effect(
                job,
                effect,
                f"running `{job.name.rpartition('.')[2]}` twice may {effect.what} twice{checked}: {reason}; "
                "pass an idempotency key made from its arguments",
                analysis,
                recipe=Recipe(("kill",), "after", effect.step.call.at.end_line, f"to {effect.what} once"),
            )


def unkeyed_payments(job: Job, analysis: Analysis) -> Iterator[tuple[Effect, list[Guard]]]:
    """The payments of a job that no key and no committed claim protects, each with what else guards it."""
    for effect in analysis.effects(job, EffectKind.PAYMENT):
        guards = analysis.guards(effect)
        if not any(guard.kind in ENOUGH for guard in guards):
            yield effect, guards
