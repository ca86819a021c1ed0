"""JK406: a job is run where it should be enqueued."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.places import Step
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

# methods that run a job at once, by framework
INLINE = {
    "celery": frozenset({"apply", "run"}),
    "dramatiq": frozenset({"fn"}),
    "jobkit": frozenset({"perform_now"}),
    "huey": frozenset({"call_local"}),
    "django_tasks": frozenset({"func"}),
    "procrastinate": frozenset(),
}


class InlineRun(Rule):
    """
    ## What it does
    Finds code outside of jobs that runs a job at once: `perform_now()`, `.apply()`, `.run()`, `.fn()`, or a plain call
    of a Celery or Dramatiq job.

    ## Why is this bad
    The caller, mostly a request, waits for work that was meant for a worker, and gets its errors. Retries, limits and
    locks of the job do not hold there.

    ## What to do instead
    Enqueue it. What both need goes into a plain function that the job calls.

    ## When to ignore
    In commands and scripts, where somebody waits for the result.
    """

    code = "JK406"
    name = "inline-run"
    summary = "A job is run where it is called instead of being enqueued."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    frameworks = tuple(INLINE)

    examples = (
        Bad(
            "a plain call, and apply",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def view(pk):
                ship(pk)
                ^^^^^^^^ runs `ship` here
                ship.apply((pk,))
                ^^^^^^^^^^^^^^^^^
            """,
        ),
        Bad(
            "other frameworks",
            """
            import dramatiq
            from jobkit import Job

            class Ship(Job):
                def perform(self, pk: int) -> None:
                    print(pk)

            @dramatiq.actor
            def bill(pk):
                print(pk)

            def view(pk):
                Ship.perform_now(pk)
                ^^^^^^^^^^^^^^^^^^^^
                bill.fn(pk)
                ^^^^^^^^^^^
            """,
        ),
        Good(
            "enqueued",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def view(pk):
                ship.delay(pk)
            """,
        ),
        Good(
            "one job that calls another",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            @shared_task
            def ship_all(pks):
                for pk in pks:
                    ship(pk)
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        for step, scope in analysis.steps(module):
            if _in_job(scope, analysis):
                continue
            job = _run_here(step, scope, analysis)
            if job is not None:
                yield self.report(
                    module,
                    step.call.at,
                    f"this runs `{job.name.rpartition('.')[2]}` here, without its retries and limits, and waits: "
                    "enqueue it",
                    job=job,
                    within=step.place.statement.at,
                )


def _in_job(scope: Scope, analysis: Analysis) -> bool:
    current: Scope | None = scope
    while current is not None:
        if current.function is not None and analysis.program.jobs.of_function(current.function) is not None:
            return True
        owner = current.function.owner if current.function is not None else None
        if owner is not None and analysis.program.jobs.of_class(owner) is not None:
            return True
        current = current.parent
    return False


def _run_here(step: Step, scope: Scope, analysis: Analysis) -> Job | None:
    function = step.call.function
    receiver = analysis.program.sites.receiver
    if isinstance(function, e.Attribute):
        if not any(function.name in names for names in INLINE.values()):
            return None
        found = receiver(function.value, scope, step.place)
        return found[0] if found and not found[1] and function.name in INLINE.get(found[0].framework.name, ()) else None
    if isinstance(function, e.Name):
        found = receiver(function, scope, step.place)
        is_plain = found is not None and found[0].class_ is None and not found[0].framework.call_enqueues
        return found[0] if found is not None and is_plain and found[0].declaration is not None else None
    return None
