"""JK413: a job is called by a name that none has."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good

REASON = "no job of this name among the files"


class UnknownJobName(Rule):
    """
    ## What it does
    Finds names in `send_task`, `signature`, tables of periodic jobs and `enqueue_job` that no job of the project has.

    ## Why is this bad
    The message is sent, and the worker drops it: Celery logs "unregistered task" and forgets it.

    ## What to do instead
    Write the name of the job, or import it and enqueue it by itself, so that a misspelt name is an error at once.

    ## When to ignore
    When the job belongs to another project or a library.
    """

    code = "JK413"
    name = "unknown-job-name"
    summary = "A job is called by a name that none has."
    severity = Severity.WARNING
    since = "0.1"
    default = Default.OFF

    examples = (
        Bad(
            "send_task",
            """
            from celery import Celery

            app = Celery("shop")

            @app.task(name="shop.ship")
            def ship(pk):
                print(pk)

            def start(pk):
                app.send_task("shop.shp", (pk,))
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ is `shop.ship` meant?
            """,
        ),
        Bad(
            "arq",
            """
            from arq import create_pool

            async def report(ctx, day):
                print(day)

            class WorkerSettings:
                functions = [report]

            async def ask(settings, day):
                redis = await create_pool(settings)
                await redis.enqueue_job("raport", day)
                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ is `report` meant?
            """,
        ),
        Good(
            "names of jobs",
            """
            from celery import Celery

            app = Celery("shop")

            @app.task(name="shop.ship")
            def ship(pk):
                print(pk)

            def start(pk):
                app.send_task("shop.ship", (pk,))
            """,
        ),
        Good(
            "a name that is computed, and one of another package",
            """
            from celery import Celery

            app = Celery("shop")

            @app.task(name="shop.ship")
            def ship(pk):
                print(pk)

            def start(kind, pk):
                app.send_task(f"shop.{kind}", (pk,))
                app.send_task("celery.backend_cleanup")
            """,
        ),
    )

    def check_program(self, analysis: Analysis) -> Iterator[Report]:
        names = sorted({name for job in analysis.jobs if (name := job.registered_name)})
        for one in analysis.program.sites.unresolved:
            if one.reason != REASON or analysis.program.is_test(one.module):
                continue
            text = one.text.partition("(")[2].removesuffix(")") or one.text.partition(": ")[2]
            if not text or text.startswith("celery."):
                continue
            near = difflib.get_close_matches(text, names, 1, 0.7)
            hint = f": is `{near[0]}` meant?" if near else ""
            yield self.report(one.module, one.at, f"no job of the project is called `{text}`{hint}")
