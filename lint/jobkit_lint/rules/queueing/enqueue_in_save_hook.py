"""JK402: a job is enqueued by a hook that runs while a row is being saved."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.orm import SIGNALS
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.sites import Site
from jobkit_lint.index.symbols import Function
from jobkit_lint.rules.arguments.object_argument import converts
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.queueing.enqueue_in_transaction import open_transaction
from jobkit_lint.tree import expressions as e

HOOKS = frozenset({"save", "delete", "asave", "adelete"})
RECEIVER = "django.dispatch.receiver"
LISTENS = frozenset({"sqlalchemy.event.listens_for", "sqlalchemy.event.listen"})
EVENTS = ("before_", "after_insert", "after_update", "after_delete", "after_flush", "after_bulk_")
SENDING = frozenset(
    {
        "delay", "apply_async", "send_task", "send", "send_with_options", "enqueue", "enqueue_call", "enqueue_in",
        "enqueue_at", "enqueue_job", "kiq", "call", "schedule", "aenqueue",
    }
)  # fmt: skip


class EnqueueInSaveHook(Rule):
    """
    ## What it does
    Finds jobs that are enqueued in `save()` or `delete()` of a model, in a receiver of `post_save` and its like, or in
    an event of SQLAlchemy that comes before the commit, without waiting for the commit.

    ## Why is this bad
    The hook runs inside whatever transaction the caller has open: that of the admin, of `ATOMIC_REQUESTS`, of a view
    that somebody writes next year. The worker may then start before the row can be seen, and a rollback does not take
    the job back. The hook cannot know, so it has to wait for the commit itself.

    ## What to do instead
    `transaction.on_commit(partial(job.delay, self.pk))`, or with Celery 5.4 `job.delay_on_commit(self.pk)`. Without
    an open transaction both enqueue at once.

    ## When to ignore
    When the job does not need what is being saved, and may run even if it is rolled back.
    """

    code = "JK402"
    name = "enqueue-in-save-hook"
    summary = "A job is enqueued by a hook of a row that is not committed yet."
    severity = Severity.WARNING
    since = "0.1"
    frameworks = ("celery", "rq", "dramatiq", "huey", "arq", "taskiq")

    examples = (
        Bad(
            "a receiver of a signal",
            """
            from celery import shared_task
            from django.db.models.signals import post_save
            from django.dispatch import receiver
            from shop.models import Doc

            @shared_task
            def index(pk):
                print(pk)

            @receiver(post_save, sender=Doc)
            def on_save(sender, instance, **kwargs):
                index.delay(instance.pk)
                ^^^^^^^^^^^^^^^^^^^^^^^^ a receiver of `post_save`
            """,
            fixed="""
            from celery import shared_task
            from django.db.models.signals import post_save
            from django.dispatch import receiver
            from shop.models import Doc

            @shared_task
            def index(pk):
                print(pk)

            @receiver(post_save, sender=Doc)
            def on_save(sender, instance, **kwargs):
                index.delay_on_commit(instance.pk)
            """,
        ),
        Bad(
            "save() of a model",
            """
            # file: shop/tasks.py
            import dramatiq

            @dramatiq.actor
            def index(pk):
                print(pk)
            # file: shop/models.py
            from django.db import models
            from shop.tasks import index

            class Doc(models.Model):
                def save(self, *args, **kwargs):
                    super().save(*args, **kwargs)
                    index.send(self.pk)
                    ^^^^^^^^^^^^^^^^^^^ `save()` of `Doc`
            """,
        ),
        Bad(
            "an event of SQLAlchemy, a job of RQ",
            """
            import django_rq
            from sqlalchemy import event
            from shop.models import Doc

            def index(pk):
                print(pk)

            @event.listens_for(Doc, "after_insert")
            def on_insert(mapper, connection, target):
                django_rq.enqueue(index, target.id)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `after_insert`
            """,
        ),
        Good(
            "after the commit",
            """
            from functools import partial
            from celery import shared_task
            from django.db import transaction
            from django.db.models.signals import post_save
            from django.dispatch import receiver
            from shop.models import Doc

            @shared_task
            def index(pk):
                print(pk)

            @receiver(post_save, sender=Doc)
            def on_save(sender, instance, **kwargs):
                transaction.on_commit(lambda: index.delay(instance.pk))
                transaction.on_commit(partial(index.delay, instance.pk))
                index.delay_on_commit(instance.pk)
            """,
        ),
        Good(
            "a method of that name on something else, and other signals",
            """
            from celery import shared_task
            from django.contrib.auth.signals import user_logged_in
            from django.dispatch import receiver

            @shared_task
            def index(pk):
                print(pk)

            class Draft:
                def save(self):
                    index.delay(1)

            @receiver(user_logged_in)
            def on_login(sender, user, **kwargs):
                index.delay(user.pk)
            """,
        ),
        Good(
            "a queue in the same database",
            """
            from django.db.models.signals import post_save
            from django.dispatch import receiver
            from procrastinate.contrib.django import app
            from shop.models import Doc

            @app.task
            def index(pk):
                print(pk)

            @receiver(post_save, sender=Doc)
            def on_save(sender, instance, **kwargs):
                index.defer(pk=instance.pk)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step, function = site.step, site.scope.function
        if step is None or function is None or site.form not in SENDING or site.after_commit or site.is_message:
            return
        if step.deferred is not None or converts(site.job, analysis):
            return
        if site.framework.name == "celery" and open_transaction(step.place, site.scope, analysis) is not None:
            # JK401 says so already
            return
        hook = _hook(function, site.scope, analysis)
        if hook is None:
            return
        is_event = hook.startswith("the event")
        when = f"{hook} comes before the commit" if is_event else f"{hook} may run in a transaction"
        short = site.job.name.rpartition(".")[2]
        sees = (
            f"the worker of `{short}` may {'still see the row' if 'delete' in hook else 'see nothing of the row yet'}"
        )
        instead = "in `after_commit` of the session" if is_event else "with `transaction.on_commit`"
        is_later = bool({"countdown", "eta", "delay"} & site.options.keys()) or site.form in (
            "enqueue_in",
            "enqueue_at",
        )
        yield self.report(
            site.module,
            step.call.at,
            f"{when}: {sees}, and a rollback does not take the job back; enqueue it {instead}",
            job=site.job,
            within=step.place.statement.at,
            likely=is_later or site.job.is_house,
            fix=_fix(site),
        )


def _hook(function: Function, scope: Scope, analysis: Analysis) -> str | None:
    """What makes a function a hook of a row, in words; None if it is none, or of a job (a worker runs it)."""
    owner = function.owner
    if owner is not None and function.name in HOOKS and function.outer is None:
        model = analysis.models.of_class(owner)
        return f"`{function.name}()` of `{owner.name}`" if model is not None and model.mapper == "django" else None
    top = analysis.module_scope(scope.module)
    for decorator in function.code.decorators:
        if not isinstance(decorator, e.Call):
            continue
        paths = set(analysis.paths(decorator.function, top, None))
        if RECEIVER in paths and decorator.arguments:
            return _signal(decorator.arguments[0], top, analysis)
        name = e.literal_text(decorator.argument(1, "identifier"))
        if LISTENS & paths and name is not None and name.startswith(EVENTS):
            return f"the event `{name}`"
    return _connected(function, analysis)


def _signal(node: e.AnyExpression, scope: Scope, analysis: Analysis) -> str | None:
    nodes = node.items if isinstance(node, e.Collection) else (node,)
    for one in nodes:
        for path in analysis.paths(one, scope, None):
            if path in SIGNALS:
                return f"a receiver of `{path.rpartition('.')[2]}`"
    return None


def _connected(function: Function, analysis: Analysis) -> str | None:
    """``post_save.connect(function)`` at the top of the same file."""
    top = analysis.module_scope(function.module)
    for step in top.steps:
        target = step.call.function
        if isinstance(target, e.Attribute) and target.name == "connect" and step.call.arguments:
            origin = analysis.origin(step.call.arguments[0], top, step.place)
            if origin is not None and isinstance(origin.root, Function) and origin.root.code is function.code:
                return _signal(target.value, top, analysis)
    return None


def _fix(site: Site) -> Fixing | None:
    step = site.step
    function = step.call.function if step is not None else None
    if not isinstance(function, e.Attribute) or site.form not in ("delay", "apply_async"):
        return None
    if "sqlalchemy" in " ".join(site.module.summary.imports.values()):
        return None
    at = e.At(function.at.end_line, function.at.end_column - len(function.name), *function.at[2:])
    return Fixing("Enqueue after the commit (Celery 5.4)", (Replace(at, f"{function.name}_on_commit"),))
