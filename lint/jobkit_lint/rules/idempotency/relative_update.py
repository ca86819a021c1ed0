"""JK203: a job adds to a stored value, and a second run adds again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.effects import Effect, EffectKind
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class RelativeUpdate(Rule):
    """
    ## What it does
    Finds jobs that change a stored value by an amount: `update(balance=F("balance") + amount)`,
    `wallet.balance += amount` and a `save()`, `INCR` in Redis, `SET balance = balance + ...` in SQL; with nothing
    before it that tells a second run from the first.

    ## Why is this bad
    A job runs at least once. Setting a value twice gives the same; adding twice does not. `F()` keeps two workers
    from overwriting each other, and is as wrong in a second run.

    ## What to do instead
    Write one row for each reason to add (`Entry.objects.get_or_create(key=...)`) and set the sum from the rows. Or
    change a status in the same conditional update, `filter(pk=pk, status="new").update(status="done", ...)`. Or
    return early when the work is done.

    ## When to ignore
    When an amount that is a little off does no harm. Counters of attempts and failures are left alone.
    """

    code = "JK203"
    name = "relative-update"
    summary = "A job adds to a stored value, and a second run adds again."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "F() is safe against races, not against a second run",
            """
            from celery import shared_task
            from django.db.models import F
            from shop.models import Wallet

            @shared_task
            def credit(wallet_id, amount):
                Wallet.objects.filter(pk=wallet_id).update(balance=F("balance") + amount)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ adds to `balance` twice
            """,
        ),
        Bad(
            "a row that was read",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def credit(user_id, amount):
                user = User.objects.get(pk=user_id)
                user.balance += amount
                ^^^^^^^^^^^^^^^^^^^^^^ `user.balance`
                user.save(update_fields=["balance"])
            """,
        ),
        Bad(
            "in a method of a model, and in Redis",
            """
            # file: shop/models.py
            from django.db import models

            class Wallet(models.Model):
                balance = models.IntegerField()

                def credit(self, amount):
                    self.balance = self.balance + amount
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `self.balance`
                    self.save()
            # file: shop/tasks.py
            from jobkit import job
            from redis import Redis
            from shop.models import Wallet

            redis = Redis()

            @job
            def credit(wallet_id, amount):
                Wallet.objects.get(pk=wallet_id).credit(amount)
                redis.hincrby("balances", wallet_id, amount)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `hincrby`
            """,
        ),
        Bad(
            "by SQL",
            """
            from jobkit import job
            from shop.database import connection

            @job
            def credit(wallet_id):
                connection.execute("UPDATE wallets SET balance = balance + 1 WHERE id = ?", (wallet_id,))
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `balance`
            """,
        ),
        Good(
            "a row for each reason, and the sum set from them",
            """
            from celery import shared_task
            from django.db.models import Sum
            from shop.models import Entry, Wallet

            @shared_task
            def credit(wallet_id, payment_id, amount):
                Entry.objects.get_or_create(payment_id=payment_id, defaults={"amount": amount, "wallet_id": wallet_id})
                total = Entry.objects.filter(wallet_id=wallet_id).aggregate(total=Sum("amount"))["total"]
                Wallet.objects.filter(pk=wallet_id).update(balance=total)
            """,
        ),
        Good(
            "the status moves on in the same update",
            """
            from celery import shared_task
            from django.db.models import F
            from shop.models import Payment

            @shared_task
            def settle(payment_id, amount):
                Payment.objects.filter(pk=payment_id, status="new").update(
                    status="settled", total=F("total") + amount
                )
            """,
        ),
        Good(
            "a claim first; a value that begins anew; a count of attempts",
            """
            from celery import shared_task
            from django.db.models import F
            from shop.models import Payment, Report, Wallet

            @shared_task
            def credit(payment_id, wallet_id, amount):
                if not Payment.objects.filter(pk=payment_id, credited=False).update(credited=True):
                    return
                Wallet.objects.filter(pk=wallet_id).update(balance=F("balance") + amount)

            @shared_task
            def recount(report_id, amounts):
                report = Report.objects.get(pk=report_id)
                report.total = 0
                report.attempts += 1
                for amount in amounts:
                    report.total += amount
                report.save()
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job):
            return
        reason = analysis.rerun_reason(job)
        for reached in analysis.calls(job) if reason is not None else ():
            for addition in analysis.additions.at(reached.step, reached.scope):
                effect = Effect(
                    reached.step, reached.scope, reached.hops, kind=EffectKind.OTHER, what=addition.how, path=""
                )
                if analysis.guards(effect):
                    continue
                safe = ", though no other worker's is lost" if addition.is_atomic else ""
                report = self.report_effect(
                    job,
                    effect,
                    f"running `{job.name.rpartition('.')[2]}` twice adds to {addition.how} twice{safe}: {reason}; "
                    "set it, or keep a row for each reason to add",
                    analysis,
                    likely=not addition.is_certain,
                    recipe=Recipe(("kill",), "after", effect.step.call.at.end_line, "added once"),
                )
                if report.at == effect.step.call.at and report.module is effect.scope.module:
                    report = replace(report, at=addition.at, within=addition.place.statement.at)
                yield report
