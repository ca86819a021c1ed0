"""JK505: a job saves a whole row of which it changed a part."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.places import Place, Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Default, Fixing, Report, Rule
from jobkit_lint.rules.edits import with_keyword
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Assign

LOADS = frozenset({"get", "first", "last", "latest", "earliest"})


class LostUpdate(Rule):
    """
    ## What it does
    Finds jobs that load a row of Django, set some of its fields and call `.save()` without `update_fields`, where no
    lock is held.

    ## Why is this bad
    `save()` writes every field as it was when the row was loaded. What somebody else changed meanwhile, a user, another
    job, is set back, and nobody is told.

    ## What to do instead
    `save(update_fields=[...])`, which the unsafe fix writes, or `filter(pk=pk).update(...)`. Where the new value
    depends on the old one, load it with `select_for_update()`.

    ## When to ignore
    When nobody else writes that table.
    """

    code = "JK505"
    name = "lost-update"
    summary = "A job writes back fields that it did not change."
    severity = Severity.INFO
    since = "0.1"
    default = Default.PREVIEW

    examples = (
        Bad(
            "one field of a row",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def rename(pk, name):
                user = User.objects.get(pk=pk)
                user.first_name = name
                user.save()
                ^^^^^^^^^^^ every field
            """,
            fixed="""
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def rename(pk, name):
                user = User.objects.get(pk=pk)
                user.first_name = name
                user.save(update_fields=["first_name"])
            """,
        ),
        Bad(
            "two fields",
            """
            import dramatiq
            from django.contrib.auth.models import User

            @dramatiq.actor
            def rename(pk, first, last):
                user = User.objects.filter(pk=pk).first()
                user.first_name = first
                user.last_name = last
                user.save()
                ^^^^^^^^^^^
            """,
        ),
        Good(
            "the fields that changed",
            """
            from celery import shared_task
            from django.contrib.auth.models import User

            @shared_task
            def rename(pk, name):
                user = User.objects.get(pk=pk)
                user.first_name = name
                user.save(update_fields=["first_name"])
            """,
        ),
        Good(
            "a lock, and a new row",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from django.db import transaction

            @shared_task
            def rename(pk, name):
                with transaction.atomic():
                    user = User.objects.select_for_update().get(pk=pk)
                    user.first_name = name
                    user.save()
                other = User()
                other.first_name = name
                other.save()
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        for step in scope.steps if scope is not None else ():
            function = step.call.function
            if scope is None or not isinstance(function, e.Attribute) or function.name not in ("save", "asave"):
                continue
            if step.call.arguments or step.call.keywords or not isinstance(function.value, e.Name):
                continue
            if not _is_loaded(function.value, step, scope, analysis) or analysis.is_locked(step, scope):
                continue
            fields = _set_fields(function.value.id, step, scope)
            if fields:
                yield self._told(job, step, scope.module, fields, analysis)

    def _told(self, job: Job, step: Step, module: Module, fields: list[str], analysis: Analysis) -> Report:
        names = ", ".join(f'"{field}"' for field in fields)
        edit = with_keyword(step.call, f"update_fields=[{names}]", module, analysis)
        return self.report(
            module,
            step.call.at,
            f"this writes every field as it was loaded, and takes back what others changed meanwhile: "
            f"`update_fields=[{names}]`",
            job=job,
            within=step.place.statement.at,
            fix=Fixing("Write the fields that were set", (edit,)) if edit is not None else None,
            recipe=Recipe(("interleave",), "before", step.call.at.line, "no write is lost"),
        )


def _is_loaded(name: e.Name, step: Step, scope: Scope, analysis: Analysis) -> bool:
    """Whether the row was loaded in this function, without a lock."""
    reaching = scope.reaching(name.id, step.place, name.at) if name.id in scope.bindings else None
    if not reaching or len(reaching) != 1 or reaching[0].kind != "assign" or reaching[0].index is not None:
        return False
    value = reaching[0].value
    if not isinstance(value, e.Call) or not isinstance(value.function, e.Attribute) or value.function.name not in LOADS:
        return False
    if any(isinstance(part, e.Attribute) and part.name == "select_for_update" for part in e.descend(value)):
        return False
    origin = analysis.origin(value, scope, reaching[0].place)
    query = analysis.models.query(origin) if origin is not None else None
    return query is not None and query.model.mapper == "django" and query.state == "record" and query.is_sure


def _set_fields(name: str, step: Step, scope: Scope) -> list[str]:
    """The fields that certainly are all that was set; none if the row is handed to somebody or set in other ways."""
    fields: dict[str, None] = {}
    for place in scope.places:
        statement = place.statement
        if isinstance(statement, Assign) and statement.value is not None and _is_before(place, step):
            for target in statement.targets:
                if isinstance(target, e.Attribute) and e.dotted(target.value) == name:
                    fields[target.name] = None
    for other in scope.steps:
        call = other.call
        if call is step.call or call.at[:2] > step.call.at[:2]:
            continue
        is_handed = any(isinstance(one, e.Name) and one.id == name for one in call.arguments)
        is_method = isinstance(call.function, e.Attribute) and e.dotted(call.function.value) == name
        if is_handed or is_method:
            return []
    return list(fields)


def _is_before(place: Place, step: Step) -> bool:
    return place.statement.at[:2] < step.call.at[:2]
