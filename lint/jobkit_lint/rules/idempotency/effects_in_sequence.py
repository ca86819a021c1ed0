"""JK208: a job has two effects, and when the second one fails, the first is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.effects import Effect, EffectKind, Reached
from jobkit_lint.flow.guards import GuardKind
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.idempotency.unkeyed_http_write import http_write

EXTERNAL = (EffectKind.PAYMENT, EffectKind.NOTIFY, EffectKind.NETWORK, EffectKind.OTHER)
SAFE = (GuardKind.KEY, GuardKind.CLAIM, GuardKind.ABSORBED, GuardKind.DECLARED)


class EffectsInSequence(Rule):
    """
    ## What it does
    Finds jobs with two different effects on the world outside, a payment, a message, a request, a job that is
    enqueued, with no guard between them, of which the first is not protected by a key or a claim.

    ## Why is this bad
    If the second effect fails, the job is retried from its start, and the first effect happens again.

    ## What to do instead
    One job for each effect: the first ends by enqueueing the second. Or give the first an idempotency key; or make
    each a step of a continuation, which remembers what is done.

    ## When to ignore
    When the first effect may be repeated. This rule is in preview.
    """

    code = "JK208"
    name = "effects-in-sequence"
    summary = "A job has two effects: when the second fails, the first is repeated."
    severity = Severity.WARNING
    default = Default.PREVIEW
    since = "0.1"

    examples = (
        Bad(
            "a refund and a mail",
            """
            import stripe
            from celery import shared_task
            from django.core.mail import send_mail

            @shared_task
            def refund(charge, address):
                stripe.Refund.create(charge=charge)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ mail
                send_mail("Refund", "On its way", None, [address])
            """,
        ),
        Bad(
            "a request and a text message, by way of a function",
            """
            import dramatiq
            import requests
            from twilio.rest import Client

            def tell(number):
                Client().messages.create(to=number, body="shipped")

            @dramatiq.actor
            def ship(order_id, number):
                requests.post("https://carrier.test/shipments", json={"id": order_id}, timeout=5)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ SMS
                tell(number)
            """,
        ),
        Good(
            "a key for the first, a job for the second",
            """
            import stripe
            from celery import shared_task
            from django.core.mail import send_mail

            @shared_task
            def tell(address):
                send_mail("Refund", "On its way", None, [address])

            @shared_task
            def refund(charge, address):
                stripe.Refund.create(charge=charge, idempotency_key=f"refund-{charge}")
                tell.delay(address)
            """,
        ),
        Good(
            "a guard between; one or the other",
            """
            import stripe
            from celery import shared_task
            from django.core.mail import send_mail
            from shop.models import Order

            @shared_task
            def refund(order_id, address, by_mail):
                if Order.objects.filter(pk=order_id, refunded=False).update(refunded=True):
                    stripe.Refund.create(charge="c")
                if Order.objects.filter(pk=order_id, told=False).update(told=True):
                    send_mail("Refund", "On its way", None, [address])
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job) or analysis.rerun_reason(job) is None:
            return
        found = list(_external(job, analysis))
        for index, first in enumerate(found):
            if any(guard.kind in SAFE for guard in analysis.guards(first.effect)):
                continue
            second = next((other for other in found[index + 1 :] if _follows(first, other, analysis)), None)
            if second is None:
                continue
            line = second.effect.levels[-1][0].call.at.line
            yield self.report_effect(
                job,
                first.effect,
                f"if {second.what} in line {line} fails, `{job.name.rpartition('.')[2]}` is run again, and "
                f"{first.what} is repeated: make a job of each, or give the first a key",
                analysis,
                what=first.what,
                recipe=Recipe(("kill",), "after", first.effect.step.call.at.end_line, "each effect once"),
            )
            return


@dataclass(frozen=True, slots=True)
class _External:
    """An effect on the world outside, in words."""

    effect: Effect
    what: str


def _external(job: Job, analysis: Analysis) -> Iterator[_External]:
    """The external effects of a job, in the order of its source."""
    known = {id(effect.step.call): effect for effect in analysis.effects(job, *EXTERNAL)}
    sends = {id(site.step.call): site for site in analysis.sites if site.step is not None and not site.is_message}
    for reached in analysis.calls(job):
        key = id(reached.step.call)
        method = http_write(reached, analysis)
        if key in known:
            effect = known[key]
            verb = f"the payment (to {effect.what})" if effect.kind == EffectKind.PAYMENT else f"the {effect.what}"
            yield _External(_effect(reached, effect.kind), verb)
        elif method is not None:
            yield _External(_effect(reached, EffectKind.NETWORK), f"the {method}")
        elif key in sends:
            yield _External(_effect(reached, EffectKind.OTHER), f"`{sends[key].job.name.rpartition('.')[2]}`")


def _effect(reached: Reached, kind: EffectKind) -> Effect:
    return Effect(reached.step, reached.scope, reached.hops, kind=kind, what="", path="")


def _follows(first: _External, second: _External, analysis: Analysis) -> bool:
    """Whether the second effect may fail after the first, and is another one, with no guard between."""
    if first.what == second.what or EffectKind.OTHER == first.effect.kind == second.effect.kind:
        return False
    outward = zip(reversed(first.effect.levels), reversed(second.effect.levels), strict=False)
    parting = next(((one, other) for (one, _), (other, _) in outward if one.call is not other.call), None)
    if parting is None or parting[0].place.excludes(parting[1].place):
        return False
    return not any(guard.line > parting[0].call.at.line for guard in analysis.guards(second.effect))
