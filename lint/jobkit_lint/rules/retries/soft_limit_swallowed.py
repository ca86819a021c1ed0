"""JK308: the exception that ends a job after its time limit is caught in the job."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.places import Place, places, steps
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule
from jobkit_lint.rules.configuration import is_configured
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.limits import LIMIT_SIGNS
from jobkit_lint.rules.retries.swallowed_failure import head_of, is_class, only_tells
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Handler, Raise, Try

BASE = frozenset({"builtins.BaseException"})
EXCEPTION = BASE | {"builtins.Exception"}
CELERY = "SoftTimeLimitExceeded"
# what the limit raises, and whether `except Exception` takes it
LIMITS = {
    "celery": (CELERY, EXCEPTION),
    "rq": ("JobTimeoutException", EXCEPTION),
    "dramatiq": ("TimeLimitExceeded", BASE),
    "arq": ("CancelledError", BASE),
    "taskiq": ("CancelledError", BASE),
}
OPTIONS = {
    "celery": ("soft_time_limit",),
    "rq": ("timeout", "job_timeout"),
    "dramatiq": ("time_limit",),
    "arq": ("timeout",),
    "taskiq": ("timeout",),
}
SETTING = "TASK_SOFT_TIME_LIMIT"


class SoftLimitSwallowed(Rule):
    """
    ## What it does
    Finds handlers in a job with a time limit that take the exception of that limit and only log, or go on with the
    next round of a loop: `except Exception` with Celery's `soft_time_limit` and RQ's timeout, a bare `except` or
    `BaseException` with Dramatiq's `time_limit` and the cancellation of asynchronous jobs.

    ## Why is this bad
    The limit is there to end the job in an orderly way. A handler that keeps it lets the job go on, until the hard
    limit kills it in the middle of something, or reports a job that was cut off as a success.

    ## What to do instead
    Let the limit through: `except SoftTimeLimitExceeded: raise` before the broad handler. The fix writes it.

    ## When to ignore
    When the `try` holds nothing that takes time.
    """

    code = "JK308"
    name = "soft-limit-swallowed"
    summary = "A broad handler takes the exception of the job's time limit."
    severity = Severity.WARNING
    since = "0.1"
    frameworks = tuple(LIMITS)
    signs = LIMIT_SIGNS

    examples = (
        Bad(
            "the limit of Celery is an Exception",
            """
            import logging
            from celery import shared_task
            from celery.exceptions import SoftTimeLimitExceeded
            from shop.crm import push

            @shared_task(soft_time_limit=60)
            def sync(pks):
                for pk in pks:
                    try:
                        push(pk)
                    except Exception:
                    ^^^^^^^^^^^^^^^^ takes `SoftTimeLimitExceeded`
                        logging.exception("cannot push")
            """,
            fixed="""
            import logging
            from celery import shared_task
            from celery.exceptions import SoftTimeLimitExceeded
            from shop.crm import push

            @shared_task(soft_time_limit=60)
            def sync(pks):
                for pk in pks:
                    try:
                        push(pk)
                    except SoftTimeLimitExceeded:
                        raise
                    except Exception:
                        logging.exception("cannot push")
            """,
        ),
        Bad(
            "the limit of Dramatiq is taken by a bare handler only",
            """
            import dramatiq
            from shop.crm import push

            @dramatiq.actor(time_limit=60_000)
            def sync(pk):
                try:
                    push(pk)
                except:
                ^^^^^^ takes `TimeLimitExceeded`
                    print("failed")

            @dramatiq.actor(time_limit=60_000)
            def sync_again(pk):
                try:
                    push(pk)
                except Exception:
                    print("failed")
            """,
        ),
        Good(
            "the limit goes through, or is handled",
            """
            from celery import shared_task
            from celery.exceptions import SoftTimeLimitExceeded
            from shop.crm import push
            from shop.models import Run

            @shared_task(soft_time_limit=60)
            def sync(pk):
                try:
                    push(pk)
                except SoftTimeLimitExceeded:
                    raise
                except Exception:
                    print("failed")

            @shared_task(soft_time_limit=60)
            def sync_and_raise(pk):
                try:
                    push(pk)
                except Exception:
                    print("failed")
                    raise

            @shared_task(soft_time_limit=60)
            def sync_and_store(pk):
                try:
                    push(pk)
                except Exception:
                    Run.objects.filter(pk=pk).update(status="failed")
            """,
        ),
        Good(
            "no limit",
            """
            from celery import shared_task
            from shop.crm import push

            @shared_task
            def sync(pks):
                for pk in pks:
                    try:
                        push(pk)
                    except Exception:
                        print("failed")
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        framework = job.framework.name
        raised, catching = LIMITS[framework]
        limit = job.option(*OPTIONS[framework])
        has_limit = limit is not None and not e.is_constant(limit, None)
        if limit is None and framework == "celery":
            has_limit = is_configured(analysis, SETTING)
        scope = analysis.body(job)
        if not has_limit or scope is None:
            return
        for place in scope.places:
            statement = place.statement
            if not isinstance(statement, Try) or not _works(statement, place) or _is_aftermath(place):
                continue
            if limit is None and not any(True for _ in place.loops()):
                # with a limit of the whole app, only where the job goes on after it
                continue
            handler = _taking(statement, place, scope, catching, raised, analysis)
            if handler is None or not _keeps(handler, place):
                continue
            yield self.report(
                scope.module,
                head_of(handler, scope.module, analysis),
                f"this takes `{raised}`, by which `{job.name.rpartition('.')[2]}` is ended after its time limit: "
                f"place `except {raised}: raise` before it",
                job=job,
                fix=_fix(handler, raised, scope, analysis),
            )


def _is_aftermath(place: Place) -> bool:
    """Whether it stands in a handler or a ``finally``: it cleans up."""
    return any(level.branch.startswith(("except", "finally")) for level in place.lineage())


def _works(statement: Try, place: Place) -> bool:
    """Whether the ``try`` calls anything."""
    return any(True for inner in places(statement.body, place) for _ in steps(inner))


def _taking(
    statement: Try, place: Place, scope: Scope, catching: frozenset[str], raised: str, analysis: Analysis
) -> Handler | None:
    """The first handler that takes the limit, unless one before it names the limit."""
    for handler in statement.handlers:
        nodes = handler.error.items if isinstance(handler.error, e.Collection) else (handler.error,)
        for node in nodes:
            if node is not None and (e.dotted(node) or "").rpartition(".")[2] in (raised, "Interrupt", "TimeoutError"):
                return None
            if node is None or is_class(node, catching, scope, place, analysis):
                return handler
    return None


def _keeps(handler: Handler, place: Place) -> bool:
    """Whether the handler only tells of the error, and the job goes on or ends as a success."""
    if any(isinstance(inner.statement, Raise) for inner in places(handler.body)):
        return False
    return only_tells(handler, place) is not None


def _fix(handler: Handler, raised: str, scope: Scope, analysis: Analysis) -> Fixing | None:
    names = {**scope.module.summary.imports, **scope.imports}
    name = next((name for name, target in names.items() if target.rpartition(".")[2] == raised), None)
    if name is None:
        return None
    line, column = handler.at.line, handler.at.column
    indent = " " * column
    body = handler.body[0].at.column - column if handler.body else 4
    at = e.At(line, column, line, column)
    step = " " * (body if 0 < body <= 8 else 4)
    return Fixing(
        f"Let {raised} through", (Replace(at, f"except {name}:\n{indent}{step}raise\n{indent}"),), is_safe=True
    )
