"""JK403: an enqueue call that waits for the commit uses the loop's variable as it is then."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.queueing.enqueue_in_transaction import DJANGO
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Jump, Return

ON_COMMIT = "django.db.transaction.on_commit"


class LateBoundOnCommit(Rule):
    """
    ## What it does
    Finds `transaction.on_commit(lambda: job.delay(row.pk))` in a loop, where the lambda uses a name that the loop
    binds anew each time.

    ## Why is this bad
    The lambda looks the name up when it runs, after the commit, and then the loop is over: the job is enqueued once
    for each row, but always with the last one. The other rows get none.

    ## What to do instead
    Bind the value at once: `on_commit(partial(job.delay, row.pk))`. The fix does that where `partial` is imported,
    and else writes `lambda row=row: ...`.

    ## When to ignore
    When each round of the loop is a transaction of its own.
    """

    code = "JK403"
    name = "late-bound-on-commit"
    summary = "A job that waits for the commit in a loop is enqueued with the last value only."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "the loop's variable in a lambda",
            """
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def ship_all(orders):
                with transaction.atomic():
                    for order in orders:
                        order.save()
                        transaction.on_commit(lambda: ship.delay(order.pk))
                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ always with the last `order`
            """,
            fixed="""
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def ship_all(orders):
                with transaction.atomic():
                    for order in orders:
                        order.save()
                        transaction.on_commit(lambda order=order: ship.delay(order.pk))
            """,
        ),
        Bad(
            "a name that the body of the loop binds, where partial is at hand",
            """
            from functools import partial
            from django.db.transaction import on_commit
            import dramatiq

            @dramatiq.actor
            def ship(order_id, urgent=False):
                print(order_id)

            def ship_all(orders):
                for order in orders:
                    pk = order.pk
                    on_commit(lambda: ship.send(pk, urgent=True))
                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the last `pk`
                on_commit(partial(print, "all"))
            """,
            fixed="""
            from functools import partial
            from django.db.transaction import on_commit
            import dramatiq

            @dramatiq.actor
            def ship(order_id, urgent=False):
                print(order_id)

            def ship_all(orders):
                for order in orders:
                    pk = order.pk
                    on_commit(partial(ship.send, pk, urgent=True))
                on_commit(partial(print, "all"))
            """,
        ),
        Good(
            "the value is bound at once",
            """
            from functools import partial
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def ship_all(orders):
                for order in orders:
                    transaction.on_commit(partial(ship.delay, order.pk))
                    transaction.on_commit(lambda order=order: ship.delay(order.pk))
                    transaction.on_commit(lambda pk=order.pk: ship.delay(pk))
            """,
        ),
        Good(
            "nothing of the loop, a transaction for each round, only one round",
            """
            from celery import shared_task
            from django.db import transaction

            @shared_task
            def ship(order_id):
                print(order_id)

            def ship_all(orders, batch):
                for order in orders:
                    transaction.on_commit(lambda: ship.delay(batch.pk))
                for order in orders:
                    with transaction.atomic():
                        order.save()
                        transaction.on_commit(lambda: ship.delay(order.pk))
                for order in orders:
                    if order.paid:
                        transaction.on_commit(lambda: ship.delay(order.pk))
                        break
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step, scope = site.step, site.scope
        if step is None or not _waits_for_commit(step, scope, analysis):
            return
        made = step.deferred
        loop = next(step.place.loops(), None)
        if (
            made is None
            or loop is None
            or _leaves_loop(step.place)
            or _commits_inside(step.place, loop, scope, analysis)
        ):
            return
        names = _bound_by(loop, made, scope)
        if not names:
            return
        shown = " and ".join(f"`{name}`" for name in names)
        yield self.report(
            site.module,
            made.at,
            f"this runs after the loop: `{site.job.name.rpartition('.')[2]}` is enqueued once for each round, but "
            f"always with the last {shown}; use `functools.partial`, which binds the value at once",
            job=site.job,
            within=step.place.statement.at,
            fix=_fix(step, made, names, site, analysis),
        )


def _waits_for_commit(step: Step, scope: Scope, analysis: Analysis) -> bool:
    return any(
        isinstance(outer, e.Call) and ON_COMMIT in analysis.paths(outer.function, scope, step.place)
        for outer in step.around
    )


def _leaves_loop(place: Place) -> bool:
    """Whether the loop ends after this statement, so that there is one round only."""
    return any(
        isinstance(later, Return) or (isinstance(later, Jump) and later.kind == "break")
        for later in place.block[place.index + 1 :]
    )


def _commits_inside(place: Place, loop: Place, scope: Scope, analysis: Analysis) -> bool:
    for context, owner in place.contexts():
        if loop not in owner.lineage() and not any(level.statement is loop.statement for level in owner.lineage()):
            return False
        function = context.function if isinstance(context, e.Call) else context
        if DJANGO in analysis.paths(function, scope, owner):
            return True
    return False


def _bound_by(loop: Place, made: e.Lambda, scope: Scope) -> list[str]:
    """The names of the lambda's body that the loop binds, in the order of their use."""
    names: dict[str, None] = {}
    for part in e.descend(made.body):
        if isinstance(part, e.Name) and part.id not in made.parameters:
            for binding in scope.bindings.get(part.id, ()):
                owner = binding.place
                if owner is not None and any(level.statement is loop.statement for level in owner.lineage()):
                    names[part.id] = None
    return list(names)


def _fix(step: Step, made: e.Lambda, names: list[str], site: Site, analysis: Analysis) -> Fixing:
    module, call = site.module, step.call
    called = analysis.text(module, call.function.at)
    function_names = {part.id for part in e.descend(call.function) if isinstance(part, e.Name)}
    partial = _partial(site.scope)
    if partial and made.body is call and not made.parameters and not function_names & set(names):
        arguments = analysis.text(module, call.at)[len(called) :].strip()[1:-1].strip()
        text = f"{partial}({called}, {arguments})" if arguments else f"{partial}({called})"
        return Fixing("Bind the value at once", (Replace(made.at, text),), is_safe=True)
    bound = ", ".join(f"{name}={name}" for name in names)
    start = e.At(made.at.line, made.at.column + len("lambda"), made.at.line, made.at.column + len("lambda"))
    text = f" {bound}," if made.parameters else f" {bound}"
    return Fixing("Bind the value at once", (Replace(start, text),), is_safe=True)


def _partial(scope: Scope) -> str | None:
    """How the file spells ``functools.partial``, or None if it does not import it."""
    for name, target in {**scope.module.summary.imports, **scope.imports}.items():
        if target == "functools.partial":
            return name
        if target == "functools":
            return f"{name}.partial"
    return None
