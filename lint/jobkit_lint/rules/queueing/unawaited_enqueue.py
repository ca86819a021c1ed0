"""JK405: the coroutine that would enqueue a job is never awaited."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, before
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree.statements import Evaluate


class UnawaitedEnqueue(Rule):
    """
    ## What it does
    Finds `kiq()`, `defer_async()`, `enqueue_job()` and `aenqueue()` that stand as a statement of their own, without
    `await`.

    ## Why is this bad
    These are coroutines: the call makes one and does nothing. The job is never enqueued. All that is seen is a
    `RuntimeWarning` in a log, if at all.

    ## What to do instead
    Write `await` in front, which the fix does in an `async def`. In a plain function use the form that is not a
    coroutine (`defer`, `enqueue`).

    ## When to ignore
    Never.
    """

    code = "JK405"
    name = "unawaited-enqueue"
    summary = "A coroutine that would enqueue a job is not awaited, so that nothing is enqueued."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "Taskiq",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def send(user_id: int):
                print(user_id)

            async def welcome(user_id: int):
                send.kiq(user_id)
                ^^^^^^^^^^^^^^^^^ nothing is enqueued
            """,
            fixed="""
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def send(user_id: int):
                print(user_id)

            async def welcome(user_id: int):
                await send.kiq(user_id)
            """,
        ),
        Bad(
            "arq, Procrastinate and Django Tasks",
            """
            # file: shop/tasks.py
            from django.tasks import task
            from procrastinate import App

            app = App(connector=None)

            @app.task
            def ship(order_id):
                print(order_id)

            @task
            def bill(order_id):
                print(order_id)

            async def start(order_id):
                ship.defer_async(order_id=order_id)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                bill.aenqueue(order_id)
                ^^^^^^^^^^^^^^^^^^^^^^^
            # file: shop/worker.py
            from arq import create_pool

            async def report(ctx, day):
                print(day)

            class WorkerSettings:
                functions = [report]

            async def ask(settings, day):
                redis = await create_pool(settings)
                redis.enqueue_job("report", day)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Bad(
            "in a function that cannot await",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def send(user_id: int):
                print(user_id)

            def welcome(user_id: int):
                send.kiq(user_id)
                ^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "awaited",
            """
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def send(user_id: int):
                print(user_id)

            async def welcome(user_id: int):
                await send.kiq(user_id)
                result = await (await send.kiq(user_id)).wait_result()
            """,
        ),
        Good(
            "handed to somebody who awaits it",
            """
            import asyncio
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def send(user_id: int):
                print(user_id)

            async def welcome(user_ids):
                await asyncio.gather(*[send.kiq(one) for one in user_ids])
                asyncio.create_task(send.kiq(1))
                return send.kiq(2)
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        step = site.step
        if step is None or not site.is_coroutine:
            return
        statement = step.place.statement
        if not isinstance(statement, Evaluate) or statement.value is not step.call:
            return
        function = site.scope.function
        is_async = function is not None and function.code.is_async
        end = "write `await` in front" if is_async else "a plain function needs the form that is not a coroutine"
        yield self.report(
            site.module,
            step.call.at,
            f"nothing is enqueued: `{site.form}()` is a coroutine, and nobody awaits it; {end}",
            job=site.job,
            fix=Fixing("Await it", (Replace(before(step.call.at), "await "),), is_safe=True) if is_async else None,
        )
