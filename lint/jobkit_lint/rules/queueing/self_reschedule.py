"""JK415: a job enqueues itself again in every run."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.places import Place
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Try


class SelfReschedule(Rule):
    """
    ## What it does
    Finds jobs that enqueue themselves in every run, under no condition, with the same arguments.

    ## Why is this bad
    One run that fails before that line ends the series for good, and nobody is told. One that runs twice makes two
    series out of it, which never become one again.

    ## What to do instead
    A schedule. Or the iteration of jobkit, which goes on from a cursor.

    ## When to ignore
    When something else watches over the series.
    """

    code = "JK415"
    name = "self-reschedule"
    summary = "A job enqueues itself again in every run."
    severity = Severity.WARNING
    since = "0.1"
    default = Default.PREVIEW

    examples = (
        Bad(
            "with a delay",
            """
            from celery import shared_task
            from shop.crm import sync

            @shared_task
            def poll():
                sync()
                poll.apply_async(countdown=60)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in every run
            """,
        ),
        Bad(
            "with the same argument",
            """
            import dramatiq
            from shop.crm import sync

            @dramatiq.actor
            def poll(pk):
                sync(pk)
                poll.send_with_options(args=(pk,), delay=60_000)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "under a condition, or with a cursor that moves on",
            """
            from celery import shared_task
            from shop.crm import sync

            @shared_task
            def poll(pk):
                if not sync(pk):
                    poll.apply_async((pk,), countdown=60)

            @shared_task
            def walk(cursor):
                last = sync(cursor)
                if last is None:
                    return
                walk.delay(last)

            @shared_task
            def count(number):
                walk.delay(number)
                count.delay(number + 1)
            """,
        ),
        Good(
            "a schedule",
            """
            from huey import RedisHuey, crontab
            from shop.crm import sync

            huey = RedisHuey()

            @huey.periodic_task(crontab(minute="*"))
            def poll():
                sync()
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step, job = site.step, site.job
        own = site.scope.function
        if step is None or own is None or job.function is None or own.code is not job.function.code or site.is_message:
            return
        if not site.is_complete or step.deferred is not None or not _is_certain(step.place):
            return
        parameters = {parameter.name for parameter in job.parameters}
        if any(not _is_same(one.value, parameters, site) for one in site.arguments):
            return
        yield self.report(
            site.module,
            step.call.at,
            f"`{job.name.rpartition('.')[2]}` enqueues itself in every run: a run that fails ends the series, one "
            "that is repeated doubles it; use a schedule",
            job=job,
            within=step.place.statement.at,
            recipe=Recipe(("kill",), "after", step.call.at.end_line, "one series"),
        )


def _is_certain(place: Place) -> bool:
    """Whether every run that does not fail gets there."""
    if any(True for _ in place.tests()) or any(True for _ in place.loops()):
        return False
    for level in place.lineage():
        owner = level.parent
        if owner is not None and isinstance(owner.statement, Try) and level.branch.startswith("except"):
            return False
    return True


def _is_same(node: e.AnyExpression, parameters: set[str], site: Site) -> bool:
    if isinstance(node, e.Name):
        return node.id in parameters and node.id not in site.scope.bindings
    return isinstance(node, e.Constant)
