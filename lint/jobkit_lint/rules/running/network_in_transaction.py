"""JK509: a job talks to another server while its transaction is open."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.notifications import NOTIFICATIONS
from jobkit_lint.facts.payments import PAYMENTS
from jobkit_lint.facts.waits import WAITS
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.handing import is_handed_over
from jobkit_lint.rules.queueing.enqueue_in_transaction import open_transaction

# they make a client and send nothing yet
CLIENTS = frozenset({"httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession"})


class NetworkInTransaction(Rule):
    """
    ## What it does
    Finds HTTP requests, mail and payments of a job inside `transaction.atomic()` or `session.begin()`, also in a
    function that the block calls.

    ## Why is this bad
    The locks of the transaction are held for as long as the other server takes to answer, and everybody else waits for
    them. If the transaction is rolled back afterwards, the request cannot be: the mail is sent, the card is charged,
    and the rows that say so are gone.

    ## What to do instead
    Write in the transaction, and send behind it or in `transaction.on_commit`.

    ## When to ignore
    When the rows must not change before the other server has agreed, and it answers quickly.
    """

    code = "JK509"
    name = "network-in-transaction"
    summary = "A job talks to another server while its transaction is open."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a request in an atomic block",
            """
            import requests
            from celery import shared_task
            from django.db import transaction
            from shop.models import Order

            @shared_task
            def ship(pk, url):
                with transaction.atomic():
                    Order.objects.filter(pk=pk).update(shipped=True)
                    requests.post(url, json={"order": pk}, timeout=5)
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ of line 8 is open
            """,
        ),
        Bad(
            "mail by a function that the block calls, in a job that is a transaction",
            """
            import dramatiq
            from django.core.mail import send_mail
            from django.db.transaction import atomic

            @dramatiq.actor
            @atomic
            def ship(pk):
                tell(pk)

            def tell(pk):
                send_mail("Shipped", "", None, ["a@example.org"])
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ of line 6 is open
            """,
        ),
        Good(
            "behind the transaction",
            """
            import requests
            from celery import shared_task
            from django.core.mail import send_mail
            from django.db import transaction
            from shop.models import Order

            @shared_task
            def ship(pk, url):
                answer = requests.get(url, timeout=5)
                with transaction.atomic():
                    Order.objects.filter(pk=pk).update(shipped=True)
                    transaction.on_commit(lambda: send_mail("Shipped", "", None, ["a@example.org"]))
                requests.post(url, json={"order": pk}, timeout=5)
            """,
        ),
        Good(
            "a client that asks nobody yet",
            """
            import httpx
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(pk, url):
                with transaction.atomic():
                    client = httpx.Client()
                client.get(url)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for reached in analysis.calls(job):
            what = _sent(reached, analysis)
            if what is None or is_handed_over(reached, analysis):
                continue
            line = next(filter(None, (open_transaction(s.place, c, analysis) for s, c in reached.levels)), None)
            if line is not None:
                yield self.report_effect(
                    job,
                    reached,
                    f"{what} while the transaction of line {line} is open: its locks are held meanwhile, and a "
                    "rollback does not take it back; send it behind the transaction",
                    analysis,
                    what=what,
                    recipe=Recipe(("kill",), "after", reached.step.call.at.end_line, "sent only if committed"),
                )


def _sent(reached: Reached, analysis: Analysis) -> str | None:
    """What a call sends, in words."""
    step, scope = reached.step, reached.scope
    origin = analysis.origin(step.call.function, scope, step.place)
    if origin is None:
        return None
    path = origin.path
    if path in analysis.settings.facts.network:
        return f"`{path.rpartition('.')[2]}` asks a server"
    if not isinstance(origin.root, str) or path in CLIENTS:
        return None
    wait = WAITS.get(path)
    if wait is not None and not wait.is_process:
        return "a server is asked"
    if PAYMENTS.get(path) is not None:
        return "a payment is made"
    sent = NOTIFICATIONS.get(path)
    return f"{'an' if sent[:1] in 'aeiouAEIOUS' else 'a'} {sent} is sent" if sent is not None else None
