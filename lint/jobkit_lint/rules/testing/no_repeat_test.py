"""JK603: no test runs a retried job more than once."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.symbols import Class, Function, Module
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.definitions import name_at
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

# what runs a job again: the decorator, the assertion, the fixture, a redelivery by hand
REPEATING = frozenset({"retry_safe", "assert_retry_safe", "retry_safety", "redeliver"})


class NoRepeatTest(Rule):
    """
    ## What it does
    Finds jobs that are retried and that no test of the given files gives to `retry_safe`, `assert_retry_safe`, the
    fixture `retry_safety` or `redeliver`. Nothing is said if no tests are among the files.

    ## Why is this bad
    That a second run changes nothing is what retries rest on. It is seldom seen by reading, and never by a test that
    runs the job once.

    ## What to do instead
    `@retry_safe(Ship, 1, world=shop)` on a test. It runs the job with a fault after each of its effects.

    ## When to ignore
    When the job has no effects.
    """

    code = "JK603"
    name = "no-repeat-test"
    summary = "No test runs a retried job more than once."
    severity = Severity.INFO
    since = "0.1"
    default = Default.STRICT
    signs = tuple(sorted(REPEATING))

    examples = (
        Bad(
            "a test that runs it once",
            """
            # file: shop/tasks.py
            from celery import shared_task

            @shared_task(autoretry_for=(OSError,), retry_backoff=True)
            def ship(pk):
                ^^^^ no test runs `ship` twice
                print(pk)

            @shared_task
            def clean():
                print("clean")
            # file: tests/test_shop.py
            from shop.tasks import clean, ship
            from pytest_jobkit.retry_safety import assert_retry_safe

            def test_ship():
                ship.delay(1)
                assert_retry_safe(clean)
            """,
        ),
        Bad(
            "a framework that retries by itself",
            """
            # file: shop/tasks.py
            import dramatiq

            @dramatiq.actor
            def ship(pk):
                ^^^^
                print(pk)
            # file: tests/test_shop.py
            from shop.tasks import ship

            def test_ship():
                ship.send_with_options(args=(1,))
            """,
        ),
        Good(
            "a test of it",
            """
            # file: shop/tasks.py
            from jobkit import Job
            import dramatiq

            @dramatiq.actor
            def ship(pk):
                print(pk)

            @dramatiq.actor
            def bill(pk):
                print(pk)
            # file: tests/test_shop.py
            from shop.tasks import bill, ship
            from pytest_jobkit.retry_safety import assert_retry_safe, retry_safe

            @retry_safe(ship, 1)
            def test_ship():
                pass

            def test_bill():
                assert_retry_safe(lambda: bill.send(1))
            """,
        ),
        Good(
            "no tests among the files, a job that is not retried",
            """
            # file: shop/tasks.py
            import dramatiq
            from celery import shared_task

            @dramatiq.actor
            def ship(pk):
                print(pk)

            @shared_task
            def bill(pk):
                print(pk)
            """,
        ),
    )

    def check_program(self, analysis: Analysis) -> Iterator[Report]:
        program = analysis.program
        tests = [module for module in program.selected if program.is_test(module)]
        if not tests:
            return
        repeated = {id(code) for module in tests for code in _repeated(module, analysis)}
        for job in program.selected_jobs():
            if program.is_test(job.module) or job.function is None or not _is_retried(job):
                continue
            if id(job.function.code) not in repeated:
                short = job.name.rpartition(".")[2]
                yield self.report(
                    job.module,
                    name_at(job),
                    f"it is retried, and no test runs `{short}` twice: give it to `retry_safe` in a test",
                    job=job,
                )


def _is_retried(job: Job) -> bool:
    retries = job.framework.retries
    for option, value in job.framework.at_most_once:
        if e.is_constant(job.option(option), value):
            return False
    return retries.default or job.option(*retries.automatic) is not None


def _repeated(module: Module, analysis: Analysis) -> Iterator[object]:
    """The code of the jobs that a test file runs more than once."""
    top = analysis.module_scope(module)
    for step, scope in analysis.steps(module):
        yield from _given(step.call, scope, analysis)
    codes = list(module.summary.functions.values())
    for class_ in module.summary.classes.values():
        codes += class_.methods.values()
    for code in codes:
        for decorator in code.decorators:
            if isinstance(decorator, e.Call):
                yield from _given(decorator, top, analysis)


def _given(call: e.Call, scope: Scope, analysis: Analysis) -> Iterator[object]:
    if (e.dotted(call.function) or "").rpartition(".")[2] not in REPEATING:
        return
    for argument in (*call.arguments, *(word.value for word in call.keywords)):
        for part in e.descend(argument):
            if isinstance(part, e.Name | e.Attribute):
                origin = analysis.origin(part, scope, None)
                root = origin.root if origin is not None else None
                job = analysis.program.jobs.of_class(root) if isinstance(root, Class) else None
                if isinstance(root, Function):
                    yield root.code
                elif job is not None and job.function is not None:
                    yield job.function.code
