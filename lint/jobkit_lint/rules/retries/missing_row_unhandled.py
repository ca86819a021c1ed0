"""JK310: a job that is retried after every error does not expect its row to be gone."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.retries.retry_on_everything import EVERYTHING
from jobkit_lint.tree import expressions as e

KEYS = frozenset({"pk", "id", "uuid", "slug"})


class MissingRowUnhandled(Rule):
    """
    ## What it does
    Finds `Model.objects.get(pk=argument)` in a job that is retried after every `Exception`, where nothing catches
    `DoesNotExist`.

    ## Why is this bad
    A row that was deleted while the job waited does not come back. The job is retried to the end and counted as failed,
    though there is nothing left to do.

    ## What to do instead
    `filter(pk=pk).first()` and return if there is none; in jobkit `@discard_on(Model.DoesNotExist)`. Or leave
    `DoesNotExist` out of the retries.

    ## When to ignore
    When the row may not be committed yet and comes with a later attempt. Enqueue after the commit instead.
    """

    code = "JK310"
    name = "missing-row-unhandled"
    summary = "A deleted row makes a job fail to the last retry."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    frameworks = ("celery", "dramatiq")

    examples = (
        Bad(
            "a row by its key, retried after every error",
            """
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Order

            @shared_task(autoretry_for=(Exception,), retry_backoff=True)
            def ship(order_id):
                order = Order.objects.get(pk=order_id)
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `Order`
                print(order)
            # file: shop/models.py
            from django.db import models

            class Order(models.Model):
                total = models.IntegerField()
            """,
        ),
        Bad(
            "Dramatiq retries by default",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def greet(user_id):
                user = User.objects.get(id=user_id)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                print(user)
            """,
        ),
        Good(
            "a row that may be gone",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def greet(user_id):
                user = User.objects.filter(pk=user_id).first()
                if user is None:
                    return
                print(user)

            @dramatiq.actor
            def greet_again(user_id):
                try:
                    user = User.objects.get(pk=user_id)
                except User.DoesNotExist:
                    return
                print(user)
            """,
        ),
        Good(
            "a job that is not retried for it",
            """
            import dramatiq
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task(autoretry_for=(ConnectionError,))
            def greet(user_id):
                print(User.objects.get(pk=user_id))

            @dramatiq.actor(throws=(User.DoesNotExist,))
            def greet_again(user_id):
                print(User.objects.get(pk=user_id))
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        if scope is None or not _retries_everything(job, analysis):
            return
        names = {parameter.name for parameter in job.parameters}
        for step in scope.steps:
            function = step.call.function
            if not isinstance(function, e.Attribute) or function.name != "get" or any(True for _ in step.place.tries()):
                continue
            origin = analysis.origin(function.value, scope, step.place)
            query = analysis.models.query(origin) if origin is not None else None
            is_own = any(
                word.name in KEYS and isinstance(word.value, e.Name) and word.value.id in names
                for word in step.call.keywords
            )
            if query is not None and query.state in ("manager", "records") and query.is_sure and is_own:
                yield self.report(
                    scope.module,
                    step.call.at,
                    f"if the `{query.model.name}` is deleted meanwhile, `{job.name.rpartition('.')[2]}` is retried to "
                    "the end for nothing: return if it is gone",
                    job=job,
                    within=step.place.statement.at,
                )


def _retries_everything(job: Job, analysis: Analysis) -> bool:
    if job.framework.name == "dramatiq":
        given = job.option("max_retries", "throws", "retry_when")
        return given is None and not job.is_open
    given = job.option("autoretry_for")
    if given is None or job.option("dont_autoretry_for") is not None:
        return False
    top = analysis.module_scope(job.module)
    nodes = given.items if isinstance(given, e.Collection) else (given,)
    origins = [analysis.origin(node, top, None) for node in nodes]
    return any(origin is not None and origin.path in EVERYTHING for origin in origins)
