"""JK309: a job ends the process that runs it."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.handing import is_handed_over
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Raise

EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit", "os.abort"})
ERRORS = frozenset({"builtins.SystemExit", "builtins.KeyboardInterrupt"})
CATCHES = ERRORS | {"builtins.BaseException"}


class ProcessExit(Rule):
    """
    ## What it does
    Finds `sys.exit()`, `exit()`, `os._exit()` and `raise SystemExit` in a job and in functions that it calls.

    ## Why is this bad
    The process is the worker's, not the job's. Some workers end, and take the other jobs of the process with them;
    others count the job as lost and run it again, or as a success. Nobody sees an error with a reason.

    ## What to do instead
    Raise an error that says what is wrong, or return.

    ## When to ignore
    When the worker is meant to be started anew after this job.
    """

    code = "JK309"
    name = "process-exit"
    summary = "A job ends the process of its worker."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "sys.exit",
            """
            import sys
            from celery import shared_task

            @shared_task
            def load(path):
                if not path:
                    sys.exit(1)
                    ^^^^^^^^^^^ ends the worker's process
                print(path)
            """,
        ),
        Bad(
            "in a function that the job calls, and by an exception",
            """
            import os
            import dramatiq

            @dramatiq.actor
            def load(path):
                check(path)
                raise SystemExit(3)
                ^^^^^^^^^^^^^^^^^^^

            def check(path):
                if not path:
                    os._exit(1)
                    ^^^^^^^^^^^
            """,
        ),
        Good(
            "an error with a reason",
            """
            from celery import shared_task

            class ImportRejected(Exception):
                pass

            @shared_task
            def load(path):
                if not path:
                    raise ImportRejected(path)
            """,
        ),
        Good(
            "the child of a fork, an exit that is caught, a script",
            """
            import os
            import sys
            from celery import shared_task

            @shared_task
            def load(path):
                if os.fork() == 0:
                    os._exit(0)

            @shared_task
            def check(path):
                try:
                    sys.exit(path)
                except SystemExit:
                    print("caught")

            def main():
                load.delay("a")
                sys.exit(0)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        message = (
            f"this ends the worker's process, not only `{job.name.rpartition('.')[2]}`: raise an error that says what "
            "is wrong, or return"
        )
        told: set[int] = set()
        for reached in analysis.calls(job):
            step, scope = reached.step, reached.scope
            if id(scope) in told:
                # one for each function says enough
                continue
            if isinstance(step.place.statement, Raise) or not EXITS & set(
                analysis.paths(step.call.function, scope, step.place)
            ):
                continue
            is_kept = any(_is_caught(level.place, inner, analysis) for level, inner in reached.levels)
            if not is_kept and not _forks(scope, analysis) and not is_handed_over(reached, analysis):
                told.add(id(scope))
                yield self.report_effect(job, reached, message, analysis, what="exit")
        body = analysis.body(job)
        for place in body.places if body is not None else ():
            statement = place.statement
            if body is None or not isinstance(statement, Raise) or statement.error is None:
                continue
            error = statement.error.function if isinstance(statement.error, e.Call) else statement.error
            if ERRORS & set(analysis.paths(error, body, place)) and not _is_caught(place, body, analysis):
                yield self.report(body.module, statement.at, message, job=job)


def _is_caught(place: Place, scope: Scope, analysis: Analysis) -> bool:
    for statement, owner in place.tries():
        for handler in statement.handlers:
            nodes = handler.error.items if isinstance(handler.error, e.Collection) else (handler.error,)
            if any(node is None or CATCHES & set(analysis.paths(node, scope, owner)) for node in nodes):
                return True
    return False


def _forks(scope: Scope, analysis: Analysis) -> bool:
    return any("os.fork" in analysis.paths(step.call.function, scope, step.place) for step in scope.steps)
