"""JK412: two jobs are registered under one name."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.definitions import name_at
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e


class DuplicateJobName(Rule):
    """
    ## What it does
    Finds two jobs of one project that were given the same name (`name="sync"`), and actors of Dramatiq whose functions
    have the same name, which is what Dramatiq calls them by.

    ## Why is this bad
    A message carries the name only. Of two Celery jobs with one name the one that is imported last gets the messages
    of both, so that which one runs depends on the order of imports. Dramatiq refuses the second one.

    ## What to do instead
    Put the package in front: `name="crm.sync"`.

    ## When to ignore
    When the two belong to different apps that share no broker.
    """

    code = "JK412"
    name = "duplicate-job-name"
    summary = "Two jobs are registered under one name."
    severity = Severity.ERROR
    since = "0.1"
    frameworks = ("celery", "dramatiq", "taskiq", "procrastinate", "huey")

    examples = (
        Bad(
            "a name that two packages gave",
            """
            # file: shop/billing/tasks.py
            from celery import shared_task

            @shared_task(name="sync")
            def sync_bills():
                print("bills")
            # file: shop/crm/tasks.py
            from celery import shared_task

            @shared_task(name="sync")
                         ^^^^^^^^^^^ as is `sync_bills`
            def sync_customers():
                print("customers")
            """,
        ),
        Bad(
            "two actors of Dramatiq",
            """
            # file: shop/billing.py
            import dramatiq

            @dramatiq.actor
            def sync():
                print("bills")
            # file: shop/crm.py
            import dramatiq

            @dramatiq.actor
            def sync():
                ^^^^ is called `sync`
                print("customers")
            """,
        ),
        Good(
            "names with their package",
            """
            # file: shop/billing/tasks.py
            from celery import shared_task

            @shared_task(name="billing.sync")
            def sync():
                print("bills")
            # file: shop/crm/tasks.py
            from celery import shared_task

            @shared_task(name="crm.sync")
            def sync():
                print("customers")

            @shared_task
            def sync_all():
                print("all")
            """,
        ),
        Good(
            "one or the other, a name that comes from a base, another framework",
            """
            # file: shop/tasks.py
            import dramatiq
            from celery import Task, shared_task

            try:
                import cairo

                @shared_task(name="draw")
                def draw():
                    print(cairo)
            except ImportError:

                @shared_task(name="draw")
                def draw():
                    print("no cairo")

            class Base(Task):
                name = "base"

                def run(self):
                    print("base")

            class Derived(Base):
                def run(self):
                    print("derived")

            @dramatiq.actor
            def sync():
                print("bills")

            @shared_task(name="sync")
            def sync_later():
                sync.send()
            # file: tools/tasks.py
            from celery import shared_task

            @shared_task(name="draw")
            def draw():
                print("a project of its own")
            """,
        ),
    )

    def check_program(self, analysis: Analysis) -> Iterator[Report]:
        first: dict[tuple[str, str, str], Job] = {}
        for job in analysis.program.selected_jobs():
            name = _name(job)
            if name is None or job.framework.name not in self.frameworks or analysis.program.is_test(job.module):
                continue
            key = (job.framework.name, job.module.name.partition(".")[0], name)
            other = first.setdefault(key, job)
            if other is job or other.function is None or job.function is None or _is_same(other, job):
                continue
            given = _given(job)
            yield self.report(
                job.module,
                given.at if given is not None else name_at(job),
                f"this job is called `{name}`, as is `{other.name.rpartition('.')[2]}` in {other.module.shown}, line "
                f"{other.line}: one of the two gets the messages of both; put the package in front",
                job=job,
            )


def _is_same(one: Job, other: Job) -> bool:
    """Whether the second is another spelling of the first: a decorator twice, a copy in an ``if``."""
    return one.module is other.module and one.name == other.name


def _name(job: Job) -> str | None:
    """The name, if it was given or is short enough to collide."""
    if job.class_ is not None:
        own = job.class_.code.attributes
        return e.literal_text(own.get("name")) if "name" in own else None
    if job.is_house or job.is_open or (job.function is not None and job.function.outer is not None):
        return None
    if _given(job) is not None:
        return job.registered_name
    return job.registered_name if job.framework.name == "dramatiq" else None


def _given(job: Job) -> e.Keyword | None:
    call = job.declaration
    for word in call.keywords if isinstance(call, e.Call) else ():
        if word.name in job.framework.name_options:
            return word
    return None
