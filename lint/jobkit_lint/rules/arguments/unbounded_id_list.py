"""JK106: a list of ids is sent that grows with the table."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.flow.sending import sent_values
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

MAX_DEPTH = 6
COLLECTORS = frozenset({"list", "tuple", "set", "sorted", "frozenset"})
NARROWING = frozenset({"filter", "exclude", "filter_by", "where", "get_queryset"})
BOUNDING = frozenset({"first", "last", "limit", "batched", "chunked", "islice", "page", "random", "earliest", "latest"})
# comparisons that leave a part of the table, which grows as the table does
OPEN_LOOKUPS = ("__gt", "__gte", "__lt", "__lte", "__isnull", "__ne", "__range", "__contains", "__startswith")


class UnboundedIdList(Rule):
    """
    ## What it does
    Finds lists of a query's ids or values that are given to a job as one argument, without a slice or a batch:
    `list(Document.objects.values_list("pk", flat=True))`, `[user.pk for user in User.objects.all()]`.

    ## Why is this bad
    The list grows with the table. The message does too, until the broker refuses it or keeps it in memory; and one
    job has all the work, so that a retry begins from the start.

    ## What to do instead
    Cut it: `for ids in batched(ids.iterator(), 500): reindex.delay(list(ids))`. Or query in the job.

    ## When to ignore
    When the table is small by nature. Queries for what belongs to one record (`filter(order=order)`) are shown with
    `--pedantic` only.
    """

    code = "JK106"
    name = "unbounded-id-list"
    summary = "A list of ids is given to a job that grows with the table."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "all ids of a table",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def reindex(ids):
                print(ids)

            def reindex_all():
                reindex.delay(list(User.objects.values_list("pk", flat=True)))
                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `User`
            """,
        ),
        Bad(
            "a comprehension, by way of names",
            """
            import django_rq
            from django.contrib.auth.models import User

            def reindex(ids):
                print(ids)

            def reindex_staff():
                staff = User.objects.filter(is_staff=True)
                ids = [user.pk for user in staff]
                django_rq.enqueue(reindex, ids=ids)
                                               ^^^ grows
            """,
        ),
        Bad(
            "inside of a message to an actor",
            """
            import dramatiq
            from django.contrib.auth.models import User
            from django.utils import timezone

            @dramatiq.actor
            def forget(data):
                print(data)

            def forget_old():
                old = User.objects.filter(last_login__lt=timezone.now())
                forget.send({"ids": list(old.values_list("pk", flat=True))})
                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ grows
            """,
        ),
        Good(
            "batches",
            """
            from itertools import batched
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def reindex(ids):
                print(ids)

            def reindex_all():
                for ids in batched(User.objects.values_list("pk", flat=True).iterator(), 500):
                    reindex.delay(list(ids))
            """,
        ),
        Good(
            "a slice",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def reindex(ids):
                print(ids)

            def reindex_newest():
                newest = User.objects.order_by("-date_joined")[:100]
                reindex.delay([user.pk for user in newest])
                ids = list(User.objects.values_list("pk", flat=True))
                for start in range(0, len(ids), 500):
                    reindex.delay(ids[start : start + 500])
            """,
        ),
        Good(
            "the length is tested; what belongs to one record",
            """
            # file: shop/models.py
            from django.db import models

            class Line(models.Model):
                order = models.ForeignKey("Order", on_delete=models.CASCADE)
            # file: shop/tasks.py
            from celery import shared_task
            from shop.models import Line

            @shared_task
            def pack(ids):
                print(ids)

            def start(order, lines):
                pack.delay(list(Line.objects.filter(order=order).values_list("pk", flat=True)))
                ids = list(Line.objects.values_list("pk", flat=True))
                if len(ids) < 100:
                    pack.delay(ids)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        short = site.job.name.rpartition(".")[2]
        for argument in site.arguments:
            for node in sent_values(argument.value):
                held = _Held(site.scope, argument.place, analysis)
                query = held.collected(node)
                if query is None or held.is_bounded(query) or _length_is_tested(site):
                    continue
                found = analysis.evidence(query, held.scope, held.place)
                if found is None:
                    continue
                model = found.what.rpartition(" ")[2]
                yield self.report(
                    site.module,
                    node.at,
                    f"`{analysis.text(site.module, node.at)}` has an entry for each row of a query over {model}, so "
                    f"that the message grows with the table: send batches, or query in `{short}`",
                    job=site.job,
                    within=site.at,
                    likely=not found.is_certain or held.is_narrow(query) or bool(site.step and site.step.is_repeated),
                )


class _Held:
    """Follows a value through the names that hold it. `place` is where the value last found is evaluated."""

    def __init__(self, scope: Scope, place: Place | None, analysis: Analysis) -> None:
        self.scope = scope
        self.place = place
        self.analysis = analysis

    def named(self, node: e.AnyExpression) -> e.AnyExpression:
        """The value that a name holds, if it is assigned once."""
        for _ in range(MAX_DEPTH):
            if not isinstance(node, e.Name) or node.id not in self.scope.bindings:
                break
            reaching = self.scope.reaching(node.id, self.place, node.at)
            if reaching is None or len(reaching) != 1 or reaching[0].kind != "assign" or reaching[0].index is not None:
                break
            if reaching[0].value is None:
                break
            node, self.place = reaching[0].value, reaching[0].place
        return node

    def collected(self, node: e.AnyExpression) -> e.AnyExpression | None:
        """The query whose rows a list holds, if the value is such a list."""
        value = self.named(node)
        source: e.AnyExpression | None = None
        match value:
            case e.Call(arguments=(first,)) if (e.dotted(value.function) or "") in COLLECTORS:
                inner = self.named(first)
                source = inner.generators[0].iterable if isinstance(inner, e.Comprehension) else inner
                if isinstance(inner, e.Comprehension) and len(inner.generators) != 1:
                    return None
            case e.Comprehension(kind="list" | "set", generators=(generator,)):
                source = generator.iterable
            case _:
                return None
        found = self.analysis.evidence(source, self.scope, self.place)
        return source if found is not None and found.kind in (Kind.RECORDS, Kind.PLAIN_ROWS) else None

    def chain(self, query: e.AnyExpression) -> Iterator[e.AnyExpression]:
        """The expressions that a query is built of, names followed."""
        node = query
        place = self.place
        for _ in range(4 * MAX_DEPTH):
            node = self.named(node)
            yield node
            match node:
                case e.Call(function=e.Attribute(value=value)):
                    node = value
                case e.Attribute(value=value) | e.Subscript(value=value):
                    node = value
                case _:
                    break
        self.place = place

    def is_bounded(self, query: e.AnyExpression) -> bool:
        """Whether the query is cut somewhere: a slice, a limit, a page."""
        for node in self.chain(query):
            if isinstance(node, e.Subscript):
                return True
            if isinstance(node, e.Call) and isinstance(node.function, e.Attribute) and node.function.name in BOUNDING:
                return True
        return False

    def is_narrow(self, query: e.AnyExpression) -> bool:
        """Whether the rows are those of something that the program holds: how many there are depends on it."""
        for node in self.chain(query):
            if not isinstance(node, e.Call) or not isinstance(node.function, e.Attribute):
                continue
            if node.function.name not in NARROWING:
                continue
            if node.arguments:
                return True
            for word in node.keywords:
                is_open = word.name is not None and word.name.endswith(OPEN_LOOKUPS)
                if not is_open and not isinstance(word.value, e.Constant | e.Attribute):
                    return True
                if isinstance(word.value, e.Attribute) and not is_open and not _is_constant_name(word.value):
                    return True
        return False


def _is_constant_name(node: e.Attribute) -> bool:
    """``Status.OPEN``: a constant by its spelling."""
    return node.name.isupper()


def _length_is_tested(site: Site) -> bool:
    tests = site.step.tests() if site.step is not None else ()
    return any(
        isinstance(part, e.Call) and (e.dotted(part.function) or "").rpartition(".")[2] in ("len", "count")
        for test in tests
        for part in e.descend(test.expression)
    )
