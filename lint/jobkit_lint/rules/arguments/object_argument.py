"""JK101: a record is given to a job instead of its id."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.index.arguments import Argument
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Class
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, after
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

CONVERTING = ("apply_async", "delay", "__call__", "send", "enqueue", "before_enqueue", "signature_from_request")


class ObjectArgument(Rule):
    """
    ## What it does
    Finds records of an object-relational mapper that are given to a job: what a query returned, what a form
    saved, `self` of a model, the `instance` of a signal, `request.user`, a loop variable over a query.

    ## Why is this bad
    The worker gets a copy of the row as it was when the job was enqueued: minutes later it may be stale, and
    saving it writes the old values back. With a JSON serializer it cannot be sent at all, so that the call fails.

    ## What to do instead
    Pass the primary key, and read the row in the job. It is then as fresh as can be, and a row that is gone
    is noticed. The unsafe fix appends `.pk` where the job's parameter is called `..._id`.

    ## When to ignore
    When a base class or decorator of yours turns records into ids on the way, and the linter does not see it.
    Jobs of jobkit send a reference to the record, and are left alone unless they are declared `strict`.
    """

    code = "JK101"
    name = "object-argument"
    summary = "A record is given to a job instead of its id."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a row that was just read",
            """
            # file: shop/models.py
            from django.db import models

            class Order(models.Model):
                total = models.IntegerField()
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(order):
                order.send()
            # file: shop/views.py
            from shop.models import Order
            from shop.tasks import ship

            def confirm(request, pk):
                order = Order.objects.get(pk=pk)
                ship.delay(order)
                           ^^^^^ record of `Order`
            """,
        ),
        Bad(
            "a parameter that wants the id",
            """
            from celery import shared_task
            from django.contrib.auth import get_user_model

            @shared_task
            def greet(user_id):
                print(user_id)

            def greet_newest():
                user = get_user_model().objects.latest("date_joined")
                greet.apply_async(args=[user], countdown=60)
                                        ^^^^
            """,
            fixed="""
            from celery import shared_task
            from django.contrib.auth import get_user_model

            @shared_task
            def greet(user_id):
                print(user_id)

            def greet_newest():
                user = get_user_model().objects.latest("date_joined")
                greet.apply_async(args=[user.pk], countdown=60)
            """,
        ),
        Bad(
            "a record inside a list, in a chain",
            """
            from celery import chain, shared_task
            from django.contrib.auth.models import User

            @shared_task
            def invite(users):
                print(users)

            def invite_staff():
                for user in User.objects.filter(is_staff=True):
                    chain(invite.s([user]))()
                                    ^^^^
            """,
        ),
        Good(
            "the primary key",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def greet(user_id):
                print(User.objects.get(pk=user_id))

            def greet_newest(request):
                user = User.objects.latest("date_joined")
                greet.delay(user.pk)
                greet.delay(request.user.id)
            """,
        ),
        Good(
            "a parameter whose type is not known: a name is no evidence",
            """
            from celery import shared_task

            @shared_task
            def ship(order):
                print(order)

            def confirm(order):
                ship.delay(order)
            """,
        ),
        Good(
            "jobkit sends a reference to the record",
            """
            from django.contrib.auth.models import User
            from jobkit import job

            @job
            def greet(user):
                print(user)

            def greet_newest():
                greet.perform_later(User.objects.latest("date_joined"))
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if sends_references(site.job) or converts(site.job, analysis):
            return
        for argument in site.arguments:
            for node in _values(argument.value):
                found = analysis.evidence(node, site.scope, argument.place)
                if found is None or found.kind != Kind.RECORD:
                    continue
                yield self.report(
                    site.module,
                    node.at,
                    f"`{analysis.text(site.module, node.at)}` is {found.what}: "
                    f"give `{site.job.name.rpartition('.')[2]}` its id, and read the row in the job",
                    job=site.job,
                    within=site.at,
                    likely=not found.is_certain or site.job.is_house,
                    fix=_fix(node, argument),
                )


def sends_references(job: Job) -> bool:
    """Whether records travel as references, so that a worker reads a fresh row."""
    return job.framework.serializer == "references" and not e.is_constant(job.option("strict"), True)


def converts(job: Job, analysis: Analysis) -> bool:
    """Whether a base class of the project may change the arguments on the way."""
    classes = [job.class_] if job.class_ is not None else []
    base = job.option("base")
    if base is not None:
        origin = analysis.origin(base, analysis.module_scope(job.module), None)
        if origin is None or isinstance(origin.root, str):
            return True
        classes += [origin.root] if isinstance(origin.root, Class) else []
    return any(analysis.names.find_method(class_, name) is not None for class_ in classes for name in CONVERTING)


def _values(node: e.AnyExpression) -> Iterator[e.AnyExpression]:
    """The value, and those one level inside of a literal."""
    match node:
        case e.Collection(items=items):
            yield from items
        case e.Mapping(values=values):
            yield from values
        case e.Comprehension(kind="list" | "set", elements=elements):
            yield from elements
        case _:
            yield node


def _fix(node: e.AnyExpression, argument: Argument) -> Fixing | None:
    name = argument.name or ""
    if node is not argument.value or not name.endswith(("_id", "_pk")) or not isinstance(node, e.Name | e.Attribute):
        return None
    return Fixing("Pass the primary key", (Replace(after(node.at), ".pk"),))
