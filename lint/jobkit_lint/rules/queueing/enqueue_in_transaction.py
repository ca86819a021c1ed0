"""JK401: a job is enqueued while the transaction that it needs is still open."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

DJANGO = "django.db.transaction.atomic"
OTHERS = frozenset(
    {
        "sqlalchemy.orm.Session().begin",
        "sqlalchemy.orm.Session().begin_nested",
        "sqlalchemy.orm.sessionmaker().begin",
        "sqlalchemy.ext.asyncio.AsyncSession().begin",
        "sqlalchemy.ext.asyncio.async_sessionmaker().begin",
        "sqlalchemy.create_engine().begin",
        "sqlalchemy.engine.create_engine().begin",
        "peewee.SqliteDatabase().atomic",
        "peewee.PostgresqlDatabase().atomic",
        "peewee.MySQLDatabase().atomic",
    }
)
SENDING = frozenset({"delay", "apply_async", "send_task"})


class EnqueueInTransaction(Rule):
    """
    ## What it does
    Finds Celery jobs that are enqueued inside `with transaction.atomic()`, in a function that is decorated with
    `@transaction.atomic`, or inside a `begin()` block of SQLAlchemy or an `atomic()` block of Peewee.

    ## Why is this bad
    The broker knows nothing of the transaction. A worker may start before the commit and find no row, or the row
    as it was; and after a rollback it works on something that never happened. It is a matter of milliseconds, so
    that tests pass and production fails now and then.

    ## What to do instead
    Enqueue after the commit: `transaction.on_commit(partial(job.delay, pk))`, or with Celery 5.4 and Django
    `job.delay_on_commit(pk)`, or move the call behind the block. The unsafe fix writes `..._on_commit`.

    ## When to ignore
    When the job needs nothing that the transaction writes, and may run even if it is rolled back.
    """

    code = "JK401"
    name = "enqueue-in-transaction"
    summary = "A job is enqueued before the transaction that it needs is committed."
    severity = Severity.ERROR
    since = "0.1"
    frameworks = ("celery",)

    examples = (
        Bad(
            "inside an atomic block",
            """
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def place(order):
                with transaction.atomic():
                    order.save()
                    ship.delay(order.pk)
                    ^^^^^^^^^^^^^^^^^^^^ before the transaction of line 9 is committed
            """,
            fixed="""
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def place(order):
                with transaction.atomic():
                    order.save()
                    ship.delay_on_commit(order.pk)
            """,
        ),
        Bad(
            "in a function that is a transaction",
            """
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            # file: shop/views.py
            from django.db.transaction import atomic
            from shop.tasks import ship

            @atomic
            def place(order):
                order.save()
                ship.apply_async((order.pk,), queue="slow")
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ of line 4
            """,
        ),
        Bad(
            "in a transaction of SQLAlchemy",
            """
            from celery import shared_task
            from sqlalchemy.orm import Session

            @shared_task
            def ship(order_id):
                print(order_id)

            def place(session: Session, order):
                with session.begin():
                    session.add(order)
                    ship.delay(order.id)
                    ^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "after the commit",
            """
            from functools import partial
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def place(order):
                with transaction.atomic():
                    order.save()
                    transaction.on_commit(lambda: ship.delay(order.pk))
                    transaction.on_commit(partial(ship.delay, order.pk))
                    ship.delay_on_commit(order.pk)
            """,
        ),
        Good(
            "behind the block, and in a function that is called later",
            """
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def place(order):
                with transaction.atomic():
                    order.save()
                    def start():
                        ship.delay(order.pk)
                    transaction.on_commit(start)
                ship.delay(order.pk)
            """,
        ),
        Good(
            "a base class of the project that may wait for the commit",
            """
            from celery import Task, shared_task
            from django.db import transaction

            class AfterCommit(Task):
                def apply_async(self, *args, **kwargs):
                    transaction.on_commit(lambda: super().apply_async(*args, **kwargs))

            @shared_task(base=AfterCommit)
            def ship(order_id):
                print(order_id)

            def place(order):
                with transaction.atomic():
                    order.save()
                    ship.delay(order.pk)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step = site.step
        if step is None or site.form not in SENDING or step.deferred is not None or converts(site.job, analysis):
            return
        line = open_transaction(step.place, site.scope, analysis)
        if line is None:
            return
        short = site.job.name.rpartition(".")[2]
        is_delayed = "countdown" in site.options or "eta" in site.options
        own = analysis.program.jobs.of_function(site.scope.function) if site.scope.function is not None else None
        recipe = Recipe(("kill",), "after", step.call.at.end_line, "a job only for what was committed")
        yield self.report(
            site.module,
            step.call.at,
            f"`{short}` is enqueued before the transaction of line {line} is committed: a worker may see nothing "
            "of it, and a rollback does not take the job back; enqueue it after the commit",
            job=site.job,
            within=step.place.statement.at,
            likely=is_delayed or site.job.is_house,
            fix=_fix(step, site, analysis),
            recipe=recipe if own is not None else None,
        )


def open_transaction(place: Place, scope: Scope, analysis: Analysis) -> int | None:
    """The line of the transaction that is certainly open at a place of a function, innermost first, or None."""
    for context, owner in place.contexts():
        function = context.function if isinstance(context, e.Call) else context
        if _begins(function, scope, owner, analysis):
            return context.at.line
    if scope.function is None:
        return None
    top = analysis.module_scope(scope.module)
    for decorator in scope.function.code.decorators:
        function = decorator.function if isinstance(decorator, e.Call) else decorator
        if DJANGO in analysis.paths(function, top, None):
            return decorator.at.line
    return None


def _begins(function: e.AnyExpression, scope: Scope, place: Place, analysis: Analysis) -> bool:
    paths = analysis.paths(function, scope, place)
    return DJANGO in paths or any(path in OTHERS for path in paths)


def _fix(step: Step, site: Site, analysis: Analysis) -> Fixing | None:
    """Only where the transaction is Django's: elsewhere there is no such method."""
    function = step.call.function
    if not isinstance(function, e.Attribute) or site.form not in ("delay", "apply_async"):
        return None
    contexts = [context for context, _ in step.place.contexts()]
    called = [context.function if isinstance(context, e.Call) else context for context in contexts]
    if not any(DJANGO in analysis.paths(node, site.scope, step.place) for node in called):
        return None
    at = e.At(function.at.end_line, function.at.end_column - len(function.name), *function.at[2:])
    return Fixing("Enqueue after the commit (Celery 5.4)", (Replace(at, f"{function.name}_on_commit"),))
