"""JK209: a row is looked for and then created, and two workers may pass the check together."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.effects import Effect, EffectKind
from jobkit_lint.flow.guards import GuardKind
from jobkit_lint.flow.lookups import Lookup, lookups
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import AnyStatement, Assign, Evaluate, If, Try


class CheckThenCreate(Rule):
    """
    ## What it does
    Finds rows that a job creates where a query before found none: `if not X.objects.filter(...).exists()` and
    `create`, `get` and `except DoesNotExist: create`; without a lock, and without a caught unique violation.

    ## Why is this bad
    The check keeps a second run out only when the first has ended. Two workers that have the same job, or two jobs
    for the same row, pass the check together, and both create.

    ## What to do instead
    `get_or_create` with a unique constraint on what is looked up: the database decides who was first. The unsafe fix
    writes it where the fields agree.

    ## When to ignore
    When only one worker can be there: one process, a lock around the job. A lock in the job itself is seen.
    """

    code = "JK209"
    name = "check-then-create"
    summary = "A row is looked for and then created: two workers may both find none."
    severity = Severity.INFO
    since = "0.1"

    examples = (
        Bad(
            "exists, then create",
            """
            from celery import shared_task
            from shop.models import Tag

            @shared_task
            def add_tag(name):
                if not Tag.objects.filter(name=name).exists():
                    Tag.objects.create(name=name)
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ together
                print(name)
            """,
            fixed="""
            from celery import shared_task
            from shop.models import Tag

            @shared_task
            def add_tag(name):
                Tag.objects.get_or_create(name=name)
                print(name)
            """,
        ),
        Bad(
            "get, and create where there is none",
            """
            import dramatiq
            from shop.models import Tag

            @dramatiq.actor
            def add_tag(name, colour):
                try:
                    tag = Tag.objects.get(name=name)
                except Tag.DoesNotExist:
                    tag = Tag.objects.create(name=name, colour=colour)
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ together
                print(tag)
            """,
            fixed="""
            import dramatiq
            from shop.models import Tag

            @dramatiq.actor
            def add_tag(name, colour):
                tag, _ = Tag.objects.get_or_create(name=name, defaults={"colour": colour})
                print(tag)
            """,
        ),
        Bad(
            "an early return",
            """
            from jobkit import job
            from shop.models import Receipt

            @job
            def issue(order_id):
                found = Receipt.objects.filter(order_id=order_id).first()
                if found is not None:
                    return
                Receipt.objects.create(order_id=order_id)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ together
            """,
        ),
        Good(
            "get_or_create",
            """
            from celery import shared_task
            from shop.models import Tag

            @shared_task
            def add_tag(name):
                Tag.objects.get_or_create(name=name)
            """,
        ),
        Good(
            "the database refuses the second one, and that is caught",
            """
            from celery import shared_task
            from django.db import IntegrityError
            from shop.models import Tag

            @shared_task
            def add_tag(name):
                if Tag.objects.filter(name=name).exists():
                    return
                try:
                    Tag.objects.create(name=name)
                except IntegrityError:
                    pass
            """,
        ),
        Good(
            "a lock",
            """
            from celery import shared_task
            from django.db import transaction
            from redis import Redis
            from shop.models import Order, Receipt

            redis = Redis()

            @shared_task
            def issue(order_id):
                with redis.lock(f"receipt-{order_id}", timeout=60):
                    if not Receipt.objects.filter(order_id=order_id).exists():
                        Receipt.objects.create(order_id=order_id)

            @shared_task
            def issue_again(order_id):
                with transaction.atomic():
                    order = Order.objects.select_for_update().get(pk=order_id)
                    if not Receipt.objects.filter(order=order).exists():
                        Receipt.objects.create(order=order)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for effect in analysis.effects(job, EffectKind.CREATE):
            write = effect.write
            if write is None or write.model is None or write.is_upsert or write.verb == "bulk":
                continue
            lookup = next(lookups(effect.step, effect.scope, write.model, analysis.names, analysis.models), None)
            if lookup is None or _is_kept_out(effect, analysis):
                continue
            yield self.report_effect(
                job,
                effect,
                f"two workers may both find no `{write.model.name}` in line {lookup.call.at.line}, and create it "
                "together: use `get_or_create` with a unique constraint",
                analysis,
                likely=analysis.is_unique(write) or _asks_more(lookup.test),
                fix=_fix(effect, lookup, analysis),
                recipe=Recipe(("interleave",), "before", effect.step.call.at.line, "one row"),
            )


def _asks_more(test: e.AnyExpression | None) -> bool:
    """Whether the row is created for other reasons too than that there is none."""
    return isinstance(test, e.Operation) and any(operator in ("and", "or") for operator in test.operators)


def _is_kept_out(effect: Effect, analysis: Analysis) -> bool:
    """Whether a lock, a claim or a caught unique violation keeps the other worker out."""
    for guard in analysis.guards(effect):
        if guard.kind in (GuardKind.CLAIM, GuardKind.DECLARED) or guard.what in ("a caught unique violation",):
            return True
    return any(analysis.is_locked(step, scope) for step, scope in effect.levels)


def _fix(effect: Effect, lookup: Lookup, analysis: Analysis) -> Fixing | None:
    """``get_or_create`` in place of the whole statement, where nothing else is in it."""
    owner, create = effect.step.place.parent, effect.step.call
    if owner is None or effect.hops or create.is_open or lookup.call.is_open or create.arguments:
        return None
    if lookup.call.arguments or not isinstance(create.function, e.Attribute) or create.function.name != "create":
        return None
    wanted = {word.name: analysis.text(effect.scope.module, word.value.at) for word in lookup.call.keywords}
    given = {word.name: analysis.text(effect.scope.module, word.value.at) for word in create.keywords}
    if not wanted or any("__" in (name or "") or given.get(name) != text for name, text in wanted.items()):
        return None
    target = _only_statement(owner.statement, effect.step.place.statement, lookup)
    if target is None or "#" in analysis.text(effect.scope.module, owner.statement.at):
        return None
    rest = [f'"{name}": {text}' for name, text in given.items() if name not in wanted]
    words = [f"{name}={text}" for name, text in wanted.items()]
    words += [f"defaults={{{', '.join(rest)}}}"] if rest else []
    manager = analysis.text(effect.scope.module, create.function.value.at)
    called = f"{target}{manager}.get_or_create({', '.join(words)})"
    return Fixing("Let the database decide who is first", (Replace(owner.statement.at, called),))


def _only_statement(owner: AnyStatement, inner: AnyStatement, lookup: Lookup) -> str | None:
    """What the row is assigned to in front of the new call (``tag, _ =``), or None if more than this is going on."""
    match owner, inner:
        case If(body=(only,), otherwise=()), Evaluate() if only is inner and lookup.is_whole(owner.test):
            return ""
        case Try(body=(read,), handlers=(handler,), otherwise=(), final=()), Assign() if len(handler.body) == 1:
            if isinstance(read, Assign) and read.value is lookup.call and len(read.targets) == 1:
                name = e.dotted(read.targets[0])
                same = len(inner.targets) == 1 and e.dotted(inner.targets[0]) == name
                return f"{name}, _ = " if same and isinstance(read.targets[0], e.Name) else None
            return None
        case _:
            return None
