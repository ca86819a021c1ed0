"""JK206: a POST from a job that is retried has no idempotency key."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.http_writes import ASKING, HTTP_WRITES
from jobkit_lint.flow.effects import Effect, EffectKind, Reached
from jobkit_lint.flow.writes import sql_text
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class UnkeyedHttpWrite(Rule):
    """
    ## What it does
    Finds `post` and `patch` of requests, httpx and aiohttp in a job with retries on, or in a function that it calls,
    without an `Idempotency-Key` header and without a guard before.

    ## Why is this bad
    A request may have arrived although its answer did not: a timeout is followed by a retry, and the receiver does
    the same thing twice.

    ## What to do instead
    Send a key that is the same in each run, `headers={"Idempotency-Key": f"ship-{shipment_id}"}`, if the receiver
    knows such keys; or keep a mark of what was sent.

    ## When to ignore
    When the receiver does not mind. Requests to addresses that only ask (search, GraphQL, tokens) are left alone;
    a function that wraps such a call is taught with `facts.pure`. This rule is off unless it is selected.
    """

    code = "JK206"
    name = "unkeyed-http-write"
    summary = "A POST from a job that is retried has no idempotency key."
    severity = Severity.INFO
    default = Default.OFF
    since = "0.1"

    examples = (
        Bad(
            "requests, with automatic retries",
            """
            import requests
            from celery import shared_task

            @shared_task(autoretry_for=(requests.RequestException,))
            def ship(shipment_id):
                requests.post("https://carrier.test/shipments", json={"id": shipment_id}, timeout=5)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ POST
            """,
        ),
        Bad(
            "a client, in a function",
            """
            import dramatiq
            import httpx

            def tell(client, shipment_id):
                with httpx.Client(timeout=5) as carrier:
                    carrier.patch(f"/shipments/{shipment_id}", json={"sent": 1})
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ PATCH

            @dramatiq.actor
            def ship(shipment_id):
                tell("carrier", shipment_id)
            """,
        ),
        Good(
            "a key in the header",
            """
            import requests
            from celery import shared_task

            @shared_task(autoretry_for=(requests.RequestException,))
            def ship(shipment_id):
                headers = {"Idempotency-Key": f"ship-{shipment_id}"}
                requests.post("https://carrier.test/shipments", json={"id": shipment_id}, headers=headers, timeout=5)
            """,
        ),
        Good(
            "no retries; an address that only asks",
            """
            import requests
            from celery import shared_task

            @shared_task
            def ship(shipment_id):
                requests.post("https://carrier.test/shipments", json={"id": shipment_id}, timeout=5)

            @shared_task(autoretry_for=(requests.RequestException,))
            def find(name):
                return requests.post("https://carrier.test/search", json={"name": name}, timeout=5).json()
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        found = analysis.retrying(job) if not analysis.declares_idempotent(job) else None
        if found is None:
            return
        for reached in analysis.calls(job):
            method = http_write(reached, analysis)
            if method is None:
                continue
            effect = Effect(
                reached.step, reached.scope, reached.hops, kind=EffectKind.NETWORK, what=f"a {method}", path=""
            )
            if analysis.guards(effect):
                continue
            yield self.report_effect(
                job,
                effect,
                f"this {method} has no idempotency key, and {found.what} runs `{job.name.rpartition('.')[2]}` again "
                "when the answer is lost: the receiver may do it twice",
                analysis,
                recipe=Recipe(("kill",), "after", reached.step.call.at.end_line, "one request"),
            )


def http_write(reached: Reached, analysis: Analysis) -> str | None:
    """The HTTP method of a call that changes something at the receiver, or None."""
    step, scope = reached.step, reached.scope
    method = HTTP_WRITES.first(analysis.paths(step.call.function, scope, step.place))
    if method is None:
        return None
    address = sql_text(step.call.argument(0, "url"), scope, step)
    return None if address is not None and ASKING.search(address) else method
