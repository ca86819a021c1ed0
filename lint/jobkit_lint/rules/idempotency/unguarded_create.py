"""JK202: a job inserts a row that a second run inserts again."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.words import says_failure, says_log, says_logging
from jobkit_lint.flow.effects import EffectKind
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class UnguardedCreate(Rule):
    """
    ## What it does
    Finds rows that a job inserts (`objects.create`, `bulk_create`, `Model(...).save()`, `session.add(Model(...))`,
    `INSERT`) with nothing before it that tells a second run from the first.

    ## Why is this bad
    A job runs at least once. A retry after an error further down, or a redelivery after a crash, inserts the row
    again.

    ## What to do instead
    `get_or_create` or `update_or_create` by what the row is about; `bulk_create(ignore_conflicts=True)` or
    `ON CONFLICT` with a unique constraint; or return early when the work is done.

    ## When to ignore
    When two rows do no harm. Models whose name says that they are a log, a history or an event are left alone,
    and so are models with a unique constraint over the given fields.
    """

    code = "JK202"
    name = "unguarded-create"
    summary = "A job inserts a row that a second run inserts again."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a row for each run",
            """
            from celery import shared_task
            from shop.models import Receipt

            @shared_task
            def issue_receipt(order_id):
                Receipt.objects.create(order_id=order_id)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ twice
            """,
        ),
        Bad(
            "through a function, without a constraint on the model",
            """
            # file: shop/models.py
            from django.db import models

            class Receipt(models.Model):
                order_id = models.IntegerField()

                @classmethod
                def issue(cls, order_id):
                    receipt = cls(order_id=order_id)
                    receipt.save()
                    ^^^^^^^^^^^^^^ `Receipt`
            # file: shop/tasks.py
            from jobkit import Job
            from shop.models import Receipt

            class IssueReceipt(Job):
                def perform(self, order_id):
                    Receipt.issue(order_id)
            """,
        ),
        Bad(
            "by SQL",
            """
            from jobkit import job
            from shop.database import connection

            @job
            def issue_receipt(order_id):
                connection.execute("INSERT INTO receipts (order_id) VALUES (?)", (order_id,))
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `receipts`
            """,
        ),
        Good(
            "get_or_create",
            """
            from celery import shared_task
            from shop.models import Receipt

            @shared_task
            def issue_receipt(order_id):
                Receipt.objects.get_or_create(order_id=order_id)
            """,
        ),
        Good(
            "the work is checked first, in a function of its own",
            """
            from celery import shared_task
            from shop.models import Receipt

            def is_issued(order_id):
                return Receipt.objects.filter(order_id=order_id).exists()

            @shared_task
            def issue_receipt(order_id):
                if is_issued(order_id):
                    return
                Receipt.objects.create(order_id=order_id)
            """,
        ),
        Good(
            "a unique constraint over what is given",
            """
            # file: shop/models.py
            from django.db import models

            class Receipt(models.Model):
                order = models.OneToOneField("Order", on_delete=models.CASCADE)
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Receipt

            @shared_task
            def issue_receipt(order_id):
                Receipt.objects.create(order_id=order_id)
            """,
        ),
        Good(
            "rows made in bulk, of which the database takes each but once",
            """
            # file: shop/models.py
            from django.db import models

            class Receipt(models.Model):
                number = models.CharField(max_length=20, unique=True)
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Receipt

            @shared_task
            def issue_receipts(numbers):
                rows = []
                for number in numbers:
                    rows.append(Receipt(number=number))
                Receipt.objects.bulk_create(rows)
            """,
        ),
        Good(
            "a log: two entries tell the truth",
            """
            from celery import shared_task
            from shop.models import ShippingLog

            @shared_task
            def ship(order_id):
                ShippingLog.objects.create(order_id=order_id)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job):
            return
        reason = analysis.rerun_reason(job)
        for effect in analysis.effects(job, EffectKind.CREATE) if reason is not None else ():
            is_record = says_log(effect.what) or says_failure(effect.what)
            if is_record or any(says_logging(hop.function.name) for hop in effect.hops) or analysis.guards(effect):
                continue
            name = effect.what if effect.what.startswith("a row") else f"`{effect.what}`"
            yield self.report_effect(
                job,
                effect,
                f"running `{job.name.rpartition('.')[2]}` twice inserts {name} twice: {reason}; "
                "look it up first, or insert it by a unique key",
                analysis,
                recipe=Recipe(("kill",), "after", effect.step.call.at.end_line, "one row"),
            )
