"""JK303: the exception by which Celery retries a job is caught in the job."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.places import Place, Step, places, steps
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.retries.swallowed_failure import is_class
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Handler, Raise

RETRY = "celery.exceptions.Retry"
CATCHING = frozenset({"builtins.Exception", "builtins.BaseException", RETRY, "celery.exceptions.TaskPredicate"})


class RetrySwallowed(Rule):
    """
    ## What it does
    Finds `self.retry(...)` and `raise Retry` inside a `try` whose handler takes `Exception`, `BaseException`,
    `Retry` or everything, and raises nothing itself.

    ## Why is this bad
    Celery's `retry()` puts the next attempt on the queue and then raises `Retry`, so that the job ends there. A
    handler that keeps that exception lets the job go on and be reported as a success, while its next attempt
    waits: the rest of the work is done once more for each attempt. `raise Retry` that is caught retries nothing.

    ## What to do instead
    Retry in a handler of the error that is meant, not in the `try` itself. Or place `except Retry: raise` first.

    ## When to ignore
    When going on after the next attempt was enqueued is what you want. `retry(throw=False)` says so better.
    """

    code = "JK303"
    name = "retry-swallowed"
    summary = "The exception that retries a Celery job is caught in the job."
    severity = Severity.ERROR
    since = "0.1"
    frameworks = ("celery",)

    examples = (
        Bad(
            "a broad handler around it",
            """
            from celery import shared_task
            from shop.feed import fetch

            @shared_task(bind=True)
            def sync(self, shop_id):
                try:
                    if not fetch(shop_id):
                        raise self.retry(countdown=60)
                              ^^^^^^^^^^^^^^^^^^^^^^^^ `except Exception` in line 9
                except Exception:
                    print("not synced")
            """,
        ),
        Bad(
            "retried in a handler, caught by a try around that",
            """
            from celery import shared_task
            from shop.feed import fetch

            @shared_task(bind=True)
            def sync(self, shop_id):
                try:
                    try:
                        fetch(shop_id)
                    except ConnectionError as error:
                        self.retry(exc=error)
                        ^^^^^^^^^^^^^^^^^^^^^
                except:
                    return None
            """,
        ),
        Good(
            "retried in the handler",
            """
            from celery import shared_task
            from shop.feed import fetch

            @shared_task(bind=True)
            def sync(self, shop_id):
                try:
                    fetch(shop_id)
                except Exception as error:
                    self.retry(exc=error)
            """,
        ),
        Good(
            "the retry is passed on first",
            """
            from celery import shared_task
            from celery.exceptions import MaxRetriesExceededError, Retry
            from shop.feed import fetch

            @shared_task(bind=True)
            def sync(self, shop_id):
                try:
                    if not fetch(shop_id):
                        raise self.retry(countdown=60)
                except Retry:
                    raise
                except Exception:
                    print("not synced")

            @shared_task(bind=True)
            def give_up(self, shop_id):
                try:
                    self.retry()
                except MaxRetriesExceededError:
                    print("given up")
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        scope = analysis.body(job)
        for step in scope.steps if scope is not None else ():
            if scope is None or step.deferred is not None or not _retries(step, job, scope, analysis):
                continue
            handler = _keeping(step.place, scope, analysis)
            if handler is not None:
                shown = analysis.text(scope.module, handler.error.at) if handler.error is not None else ""
                caught = f"`except {shown}`" if shown else "the bare `except`"
                yield self.report(
                    scope.module,
                    step.call.at,
                    f"this ends the job by an exception, which {caught} in line {handler.at.line} keeps: "
                    "the job goes on and is reported as a success; place `except Retry: raise` before it",
                    job=job,
                    within=step.place.statement.at,
                )


def _retries(step: Step, job: Job, scope: Scope, analysis: Analysis) -> bool:
    function = step.call.function
    if RETRY in analysis.paths(function, scope, step.place):
        return isinstance(step.place.statement, Raise) and step.place.statement.error is step.call
    if not isinstance(function, e.Attribute) or function.name != "retry":
        return False
    throw = step.call.keyword("throw")
    is_own = isinstance(function.value, e.Name) and function.value.id == job.self_name
    return is_own and not step.call.is_open and (throw is None or e.is_constant(throw, True))


def _keeping(place: Place, scope: Scope, analysis: Analysis) -> Handler | None:
    """The handler that catches the retry for good; None if it leaves the job."""
    for statement, owner in place.tries():
        for handler in statement.handlers:
            if handler.error is not None and not _catches(handler.error, owner, scope, analysis):
                continue
            return None if _may_raise(handler) else handler
    return None


def _catches(error: e.AnyExpression, place: Place, scope: Scope, analysis: Analysis) -> bool:
    nodes = error.items if isinstance(error, e.Collection) else (error,)
    return any(is_class(node, CATCHING, scope, place, analysis) for node in nodes)


def _may_raise(handler: Handler) -> bool:
    """Whether the handler raises anything, or retries by itself."""
    for place in places(handler.body):
        if isinstance(place.statement, Raise):
            return True
        for step in steps(place):
            if isinstance(step.call.function, e.Attribute) and step.call.function.name == "retry":
                return True
    return False
