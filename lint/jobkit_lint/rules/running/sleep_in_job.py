"""JK502: a job sleeps, and its worker with it."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.numbers import number_of
from jobkit_lint.tree import expressions as e

SLEEP = "time.sleep"


class SleepInJob(Rule):
    """
    ## What it does
    Finds `time.sleep(n)` in a job that is not asynchronous, where n is at least `max-sleep` (5 s) or cannot be told.
    In functions that the job calls only a known n counts.

    ## Why is this bad
    A sleeping job holds its worker and does nothing. A hundred of them hold a hundred workers, while jobs that could
    run wait. A deploy waits for them too, or cuts them off in the middle.

    ## What to do instead
    End the job and let it, or the next one, come back later: `job.apply_async((pk,), countdown=60)`,
    `self.retry(countdown=60)`, `set(wait=60)`.

    ## When to ignore
    When the pause is short, and the server that is asked wants it.
    """

    code = "JK502"
    name = "sleep-in-job"
    summary = "A job sleeps and holds its worker meanwhile."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a long pause",
            """
            import time
            from celery import shared_task
            from shop.carrier import ask

            PAUSE = 60

            @shared_task
            def poll(pk):
                time.sleep(PAUSE)
                ^^^^^^^^^^^^^^^^^ for 60 s
                ask(pk)
            """,
        ),
        Bad(
            "a pause of unknown length, and one in a function that the job calls",
            """
            from time import sleep
            import dramatiq
            from shop.carrier import ask

            @dramatiq.actor
            def poll(pk, seconds):
                sleep(seconds)
                ^^^^^^^^^^^^^^ `seconds`
                settle()
                ask(pk)

            def settle():
                sleep(2 * 30)
                ^^^^^^^^^^^^^ for 60 s
            """,
        ),
        Good(
            "the job comes back later",
            """
            from celery import shared_task
            from shop.carrier import ask

            @shared_task
            def poll(pk):
                if not ask(pk):
                    poll.apply_async((pk,), countdown=60)
            """,
        ),
        Good(
            "a short pause, and a clock of another kind",
            """
            import asyncio
            import random
            import time
            from celery import shared_task
            from shop.carrier import ask

            @shared_task
            def poll(pks):
                for pk in pks:
                    ask(pk)
                    time.sleep(0.5)
                    time.sleep(random.random())
                    time.sleep(random.uniform(1, 3))
                    time.sleep(min(pk, 2))
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if job.function is None or job.function.code.is_async:
            return
        for reached in analysis.calls(job):
            how_long = _too_long(reached, analysis)
            if how_long is not None:
                yield self.report_effect(
                    job,
                    reached,
                    f"this sleeps {how_long} and holds a worker of `{job.name.rpartition('.')[2]}` meanwhile: "
                    "enqueue the rest with a delay",
                    analysis,
                    what="sleep",
                )


def _too_long(reached: Reached, analysis: Analysis) -> str | None:
    step, scope = reached.step, reached.scope
    if step.deferred is not None or len(step.call.arguments) != 1:
        return None
    if SLEEP not in analysis.paths(step.call.function, scope, step.place):
        return None
    given = step.call.arguments[0]
    number = number_of(given, scope, step.place, analysis)
    if number is None:
        most = _at_most(given, reached, analysis)
        if most is not None and most < analysis.settings.max_sleep:
            return None
        is_own = not reached.hops
        return f"for a time that is not known here (`{analysis.text(scope.module, given.at)}`)" if is_own else None
    return f"for {number:g} s" if number >= analysis.settings.max_sleep else None


def _at_most(node: e.AnyExpression, reached: Reached, analysis: Analysis) -> float | None:
    """An upper bound of a number, where a function gives one."""
    if not isinstance(node, e.Call):
        return None
    scope, place = reached.scope, reached.step.place
    for path in analysis.paths(node.function, scope, place):
        if path == "random.random":
            return 1.0
        if path in ("random.uniform", "random.randint", "random.randrange"):
            return number_of(node.argument(1), scope, place, analysis)
        if path == "builtins.min":
            numbers = [number_of(argument, scope, place, analysis) for argument in node.arguments]
            return min((number for number in numbers if number is not None), default=None)
    return None
