"""JK404: jobs are enqueued one by one where the framework takes many at once."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Block, For, Jump, Return

BULK = {
    "celery": "group(...)",
    "rq": "Queue.enqueue_many(...)",
    "procrastinate": "batch_defer(...)",
    "jobkit": "enqueue_many(...)",
}
SENDING = frozenset({"delay", "apply_async", "enqueue", "defer", "defer_async", "perform_later"})


class EnqueueInLoop(Rule):
    """
    ## What it does
    Finds enqueue calls in a `for` loop where the framework has a form for many: `group`, `enqueue_many`, `batch_defer`.

    ## Why is this bad
    Each call is a round trip to the broker or the database. Ten thousand of them take minutes, and if the loop is cut
    off in the middle, nobody knows how far it came.

    ## What to do instead
    Use the form for many, in chunks of some hundred.

    ## When to ignore
    When the loop has few rounds.
    """

    code = "JK404"
    name = "enqueue-in-loop"
    summary = "Jobs are enqueued one by one."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    frameworks = tuple(BULK)

    examples = (
        Bad(
            "a loop over rows",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def ship_all(orders):
                for order in orders:
                    ship.delay(order.pk)
                    ^^^^^^^^^^^^^^^^^^^^ `group(...)`
            """,
        ),
        Bad(
            "Procrastinate",
            """
            from procrastinate import App

            app = App(connector=None)

            @app.task
            def ship(pk):
                print(pk)

            def ship_all(orders):
                for order in orders:
                    ship.defer(pk=order.pk)
                    ^^^^^^^^^^^^^^^^^^^^^^^ `batch_defer(...)`
            """,
        ),
        Good(
            "all at once",
            """
            from celery import group, shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def ship_all(orders):
                group(ship.s(order.pk) for order in orders).delay()
            """,
        ),
        Good(
            "a few, one only, or in a retry loop",
            """
            from celery import shared_task

            @shared_task
            def ship(pk):
                print(pk)

            def ship_some(orders):
                for pk in (1, 2, 3):
                    ship.delay(pk)
                for order in orders:
                    if order.urgent:
                        ship.delay(order.pk)
                        break
                for attempt in range(3):
                    ship.delay(attempt)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step = site.step
        if step is None or site.form not in SENDING or site.is_message or step.deferred is not None:
            return
        loop = next(step.place.loops(), None)
        statement = loop.statement if loop is not None else None
        if not isinstance(statement, For) or _is_short(statement) or _leaves(step.place.block[step.place.index + 1 :]):
            return
        yield self.report(
            site.module,
            step.call.at,
            f"each round asks the broker once: enqueue them together with `{BULK[site.framework.name]}`",
            job=site.job,
            within=step.place.statement.at,
        )


def _is_short(statement: For) -> bool:
    """Whether the loop runs over a literal, or a number of times."""
    iterable = statement.iterable
    return isinstance(iterable, e.Collection) or (
        isinstance(iterable, e.Call) and e.dotted(iterable.function) in ("range", "enumerate")
    )


def _leaves(rest: Block) -> bool:
    return any(isinstance(later, Return) or (isinstance(later, Jump) and later.kind == "break") for later in rest)
