"""JK506: one job works through a whole table."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.words import parts
from jobkit_lint.flow.places import Place, places, steps
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, after
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Evaluate, For, Jump, Return

# methods of a queryset that keep all of it, rows of unknown number
WHOLE = frozenset({"all", "order_by", "select_related", "prefetch_related", "only", "defer", "using", "annotate"})
TELLING = frozenset({"debug", "info", "warning", "error", "exception", "print", "append", "add", "extend", "write"})
# tables of which there are a few rows by their nature
FEW = frozenset(
    {
        "site", "setting", "settings", "config", "configuration", "language", "country", "currency", "tenant", "plugin",
        "category", "group", "role", "type", "kind", "locale", "provider", "source", "server", "instance", "queue",
        "schedule", "backend", "database", "cluster", "region", "court", "template", "permission", "feature", "flag",
        "repository", "channel", "integration", "client", "organization", "organisation", "system", "service", "job",
    }
)  # fmt: skip


class WholeTableJob(Rule):
    """
    ## What it does
    Finds jobs that loop over all rows of a table, `for row in Model.objects.all()`, and do something for each of them,
    without `.iterator()`, a slice or chunks.

    ## Why is this bad
    All rows are loaded into the worker's memory before the first is worked on. And the work grows with the table until
    it no longer fits between two deploys: then it is cut off in the middle, and begins again from the first row.

    ## What to do instead
    Enqueue one job for each row, or for each chunk of ids. Or use the iteration of jobkit, which goes on where it was
    cut off. `.iterator()`, which the unsafe fix writes, mends the memory only.

    ## When to ignore
    When the table is small by its nature.
    """

    code = "JK506"
    name = "whole-table-job"
    summary = "One job works through a whole table."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "each row of a table",
            """
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Customer
            from shop.crm import refresh

            @shared_task
            def refresh_all():
                for customer in Customer.objects.all():
                                ^^^^^^^^^^^^^^^^^^^^^^ all rows of `Customer`
                    refresh(customer)
            # file: shop/models.py
            from django.db import models

            class Customer(models.Model):
                name = models.TextField()
            """,
            fixed="""
            from celery import shared_task
            from shop.models import Customer
            from shop.crm import refresh

            @shared_task
            def refresh_all():
                for customer in Customer.objects.all().iterator():
                    refresh(customer)
            """,
        ),
        Bad(
            "by way of a name",
            """
            # file: shop/tasks.py
            import dramatiq
            from shop.models import Customer

            @dramatiq.actor
            def refresh_all():
                customers = Customer.objects.select_related("owner").order_by("pk")
                for customer in customers:
                                ^^^^^^^^^
                    customer.score = customer.owner.score
                    customer.save()
            # file: shop/models.py
            from django.db import models

            class Customer(models.Model):
                name = models.TextField()
            """,
        ),
        Good(
            "a job for each row, or rows one after the other",
            """
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Customer
            from shop.crm import refresh

            @shared_task
            def refresh_one(pk):
                refresh(pk)

            @shared_task
            def refresh_all():
                for pk in Customer.objects.values_list("pk", flat=True).iterator():
                    refresh_one.delay(pk)
                for customer in Customer.objects.all().iterator():
                    refresh(customer)
                for customer in Customer.objects.all()[:100]:
                    refresh(customer)
            # file: shop/models.py
            from django.db import models

            class Customer(models.Model):
                name = models.TextField()
            """,
        ),
        Good(
            "a part of the table, a table that is small, rows that are only looked at",
            """
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Country, Customer
            from shop.crm import refresh

            @shared_task
            def refresh_some(owner_id):
                for customer in Customer.objects.filter(owner_id=owner_id):
                    refresh(customer)
                for country in Country.objects.all():
                    refresh(country)
                names = []
                for customer in Customer.objects.all():
                    names.append(customer.name)
            # file: shop/models.py
            from django.db import models

            class Customer(models.Model):
                name = models.TextField()

            class Country(models.Model):
                name = models.TextField()
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        for place in scope.places if scope is not None else ():
            statement = place.statement
            if scope is None or not isinstance(statement, For) or statement.is_async:
                continue
            found = _table(statement.iterable, scope, place, analysis)
            if found is None or not _has_effects(statement, place):
                continue
            is_direct = isinstance(statement.iterable, e.Call)
            fix = Fixing("Load one row after the other", (Replace(after(statement.iterable.at), ".iterator()"),))
            yield self.report(
                scope.module,
                statement.iterable.at,
                f"`{job.name.rpartition('.')[2]}` loads all rows of `{found}` and works on each in one run: enqueue "
                "one job for each, or for each chunk of ids",
                job=job,
                within=statement.iterable.at,
                fix=fix if is_direct and not _prefetches(statement.iterable) else None,
            )


def _table(node: e.AnyExpression, scope: Scope, place: Place, analysis: Analysis) -> str | None:
    """The model all of whose rows a queryset gives, or None."""
    call = node
    if isinstance(node, e.Name):
        reaching = scope.reaching(node.id, place, node.at) if node.id in scope.bindings else None
        if not reaching or len(reaching) != 1 or reaching[0].kind != "assign" or reaching[0].value is None:
            return None
        call = reaching[0].value
    origin = analysis.origin(node, scope, place)
    query = analysis.models.query(origin) if origin is not None else None
    if (
        query is None
        or query.state not in ("manager", "records")
        or not query.is_sure
        or query.model.mapper != "django"
    ):
        return None
    if set(parts(query.model.name)) & FEW:
        return None
    current: e.AnyExpression = call
    names = []
    while isinstance(current, e.Call) and isinstance(current.function, e.Attribute):
        names.append(current.function.name)
        current = current.function.value
    is_manager = isinstance(current, e.Attribute) and current.name == "objects"
    return query.model.name if is_manager and set(names) <= WHOLE else None


def _prefetches(node: e.AnyExpression) -> bool:
    """Whether the chain has `prefetch_related`, with which `.iterator()` wants a chunk size."""
    return any(isinstance(part, e.Attribute) and part.name == "prefetch_related" for part in e.descend(node))


def _has_effects(statement: For, place: Place) -> bool:
    """Whether the body does something for each row, and does not end the loop at the first."""
    if any(_ends(inner) for inner in places(statement.body, place)):
        return False
    for inner in places(statement.body, place):
        for step in steps(inner) if isinstance(inner.statement, Evaluate) else ():
            function = step.call.function
            name = function.name if isinstance(function, e.Attribute) else e.dotted(function) or ""
            if name not in TELLING:
                return True
    return False


def _ends(place: Place) -> bool:
    statement = place.statement
    return isinstance(statement, Return) or (isinstance(statement, Jump) and statement.kind == "break")
