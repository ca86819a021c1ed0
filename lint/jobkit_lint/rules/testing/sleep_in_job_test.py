"""JK604: a test sleeps until a job is done."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class SleepInJobTest(Rule):
    """
    ## What it does
    Finds `time.sleep()` behind an enqueue call in a test.

    ## Why is this bad
    The pause is too short on a busy machine, where the test then fails, and too long on every other.

    ## What to do instead
    Perform the jobs in the test: `perform_enqueued_jobs()`, or wait for the result itself.

    ## When to ignore
    When the test is about time on a real worker.
    """

    code = "JK604"
    name = "sleep-in-job-test"
    summary = "A test sleeps until a job is done."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    in_tests = True

    examples = (
        Bad(
            "a pause behind the call",
            """
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)
            # file: tests/test_shop.py
            import time
            from shop.tasks import ship

            def test_ship():
                ship.delay(1)
                time.sleep(2)
                ^^^^^^^^^^^^^ perform the jobs
            """,
        ),
        Bad(
            "in a loop",
            """
            # file: tests/test_shop.py
            from time import sleep
            import dramatiq

            @dramatiq.actor
            def ship(pk):
                print(pk)

            def test_ship():
                ship.send(1)
                for _ in range(5):
                    sleep(1)
                    ^^^^^^^^
            """,
        ),
        Good(
            "the result is waited for",
            """
            # file: tests/test_shop.py
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def test_ship():
                ship.delay(1).get(timeout=5)
            """,
        ),
        Good(
            "a pause for something else",
            """
            # file: tests/test_shop.py
            import time
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def test_ship():
                time.sleep(0.1)
                ship.delay(1)
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        if not analysis.program.is_test(module):
            return
        for scope in analysis.scopes(module):
            sites = [site for site in analysis.sites if site.scope is scope and site.step is not None]
            first = min((site.at.line for site in sites), default=None)
            for step in scope.steps if first is not None and scope.function is not None else ():
                if first is None or step.call.at.line <= first:
                    continue
                if "time.sleep" in analysis.paths(step.call.function, scope, step.place):
                    yield self.report(
                        module,
                        step.call.at,
                        "how long a job takes is not known: perform the jobs in the test, or wait for the result",
                        within=step.place.statement.at,
                    )
