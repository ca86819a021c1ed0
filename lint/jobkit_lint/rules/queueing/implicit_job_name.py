"""JK411: a job's name comes from where its function stands."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Default, Fixing, Replace, Report, Rule, after
from jobkit_lint.rules.definitions import name_at
from jobkit_lint.rules.edits import with_keyword
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e


class ImplicitJobName(Rule):
    """
    ## What it does
    Finds jobs of Celery, Dramatiq, Taskiq and Procrastinate without an explicit name.

    ## Why is this bad
    The name is made from the module and the function, and messages carry it. Who moves or renames the function makes
    all messages that wait, and all schedules by name, messages for a job that does not exist.

    ## What to do instead
    Write the name down. The unsafe fix writes the one that the job has today.

    ## When to ignore
    When the queue is empty at each deploy.
    """

    code = "JK411"
    name = "implicit-job-name"
    summary = "A job's name changes when its function is moved."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    frameworks = ("celery", "dramatiq", "taskiq", "procrastinate")

    examples = (
        Bad(
            "a bare decorator, and one with options",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                ^^^^ `shop.tasks.ship`
                print(pk)

            @shared_task(bind=True)
            def bill(self, pk):
                ^^^^
                print(pk)
            """,
            fixed="""
            from celery import shared_task

            @shared_task(name="shop.tasks.ship")
            def ship(pk):
                print(pk)

            @shared_task(bind=True, name="shop.tasks.bill")
            def bill(self, pk):
                print(pk)
            """,
        ),
        Bad(
            "Dramatiq",
            """
            import dramatiq

            @dramatiq.actor
            def ship(pk):
                ^^^^ `ship`
                print(pk)
            """,
            fixed="""
            import dramatiq

            @dramatiq.actor(actor_name="ship")
            def ship(pk):
                print(pk)
            """,
        ),
        Good(
            "with a name",
            """
            from celery import shared_task

            @shared_task(name="ship")
            def ship(pk):
                print(pk)
            """,
        ),
        Good(
            "options that cannot be seen",
            """
            from celery import shared_task
            from shop.options import OPTIONS

            @shared_task(**OPTIONS)
            def ship(pk):
                print(pk)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if job.is_house or job.is_open or job.class_ is not None or job.declaration is None:
            return
        option = job.framework.name_options[0] if job.framework.name_options else None
        name = job.registered_name
        if option is None or name is None or job.option(*job.framework.name_options) is not None:
            return
        declaration = job.declaration
        text = f'{option}="{name}"'
        edit = (
            with_keyword(declaration, text, job.module, analysis)
            if isinstance(declaration, e.Call)
            else Replace(after(declaration.at), f"({text})")
        )
        yield self.report(
            job.module,
            name_at(job),
            f"messages call this job `{name}`, which changes when the function is moved: write the name down",
            job=job,
            fix=Fixing("Write the name down", (edit,)) if edit is not None else None,
        )
