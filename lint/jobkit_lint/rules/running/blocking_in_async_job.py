"""JK501: an asynchronous job makes a call that blocks the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.waits import WAITS
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Replace, Report, Rule, before
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.handing import is_handed_over
from jobkit_lint.tree import expressions as e

# what blocks, and what to use instead
BLOCKING = {
    "time.sleep": "`await asyncio.sleep()`",
    "os.system": "`asyncio.create_subprocess_shell`",
    **{
        f"subprocess.{name}": "`asyncio.create_subprocess_exec`"
        for name in ("run", "call", "check_call", "check_output")
    },
}
LIBRARIES = {
    "requests.": "`httpx.AsyncClient`",
    "httpx.": "`httpx.AsyncClient`",
    "urllib.": "`httpx.AsyncClient`",
    "smtplib.": "`aiosmtplib`, or `asyncio.to_thread`",
    "ftplib.": "`asyncio.to_thread`",
    "socket.": "`asyncio.open_connection`",
}
HTTPX = tuple(f"httpx.{verb}" for verb in ("get", "options", "head", "post", "put", "patch", "delete", "request"))
# methods that ask Django's database at once; Django refuses them in a running loop
QUERIES = frozenset(
    {
        "get", "create", "first", "last", "count", "exists", "update", "delete", "bulk_create", "bulk_update",
        "get_or_create", "update_or_create", "aggregate", "earliest", "latest", "in_bulk",
    }
)  # fmt: skip


class BlockingInAsyncJob(Rule):
    """
    ## What it does
    Finds calls in an `async def` job, and in functions that it calls, which block the event loop: `time.sleep`,
    `requests`, `urlopen`, `subprocess.run`, queries of Django's ORM.

    ## Why is this bad
    All jobs of an asynchronous worker share one thread. While this one waits, none of the others goes on, heartbeats
    stop, and other workers may take its jobs for lost. Django refuses its queries there with
    `SynchronousOnlyOperation`.

    ## What to do instead
    Await the asynchronous twin: `asyncio.sleep`, `httpx.AsyncClient`, `aget`. Or hand the call to a thread:
    `await asyncio.to_thread(...)`.

    ## When to ignore
    When the worker runs one job at a time and has nothing else to do.
    """

    code = "JK501"
    name = "blocking-in-async-job"
    summary = "An asynchronous job blocks the event loop that it shares with others."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a pause",
            """
            import asyncio
            import time
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def poll(pk: int):
                time.sleep(5)
                ^^^^^^^^^^^^^ `await asyncio.sleep()`
                await asyncio.sleep(1)
            """,
            fixed="""
            import asyncio
            import time
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def poll(pk: int):
                await asyncio.sleep(5)
                await asyncio.sleep(1)
            """,
        ),
        Bad(
            "a request in a function that the job calls, a process",
            """
            import subprocess
            import requests

            async def fetch(ctx, url):
                load(url)
                subprocess.run(["convert", url], timeout=5)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            def load(url):
                return requests.get(url, timeout=5).text
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `httpx.AsyncClient`

            class WorkerSettings:
                functions = [fetch]
            """,
        ),
        Bad(
            "a query of Django",
            """
            # file: shop/tasks.py
            from procrastinate import App
            from shop.models import Order

            app = App(connector=None)

            @app.task
            async def ship(order_id):
                order = Order.objects.get(pk=order_id)
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `aget`
                print(order)
            # file: shop/models.py
            from django.db import models

            class Order(models.Model):
                total = models.IntegerField()
            """,
        ),
        Good(
            "the asynchronous twin, or a thread",
            """
            import asyncio
            import httpx
            import requests
            from asgiref.sync import sync_to_async
            from django.contrib.auth.models import User
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def fetch(url: str, pk: int):
                def load():
                    return requests.get(url, timeout=5).text

                await asyncio.sleep(5)
                text = await asyncio.to_thread(requests.get, url, timeout=5)
                more = await asyncio.to_thread(load)
                user = await User.objects.aget(pk=pk)
                same = await sync_to_async(User.objects.get)(pk=pk)
                name = await sync_to_async(lambda: User.objects.get(pk=pk).name)()
                async with httpx.AsyncClient() as client:
                    await client.get(url)
            """,
        ),
        Good(
            "a job that is not asynchronous",
            """
            import time
            import dramatiq
            import requests

            @dramatiq.actor
            def fetch(url):
                time.sleep(1)
                requests.get(url, timeout=5)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if job.function is None or not job.function.code.is_async:
            return
        for reached in analysis.calls(job):
            instead = _instead(reached, analysis)
            if instead is None or is_handed_over(reached, analysis):
                continue
            shown = e.dotted(reached.step.call.function) or getattr(reached.step.call.function, "name", "this")
            yield self.report_effect(
                job,
                reached,
                f"`{shown}` blocks the event loop that `{job.name.rpartition('.')[2]}` shares with other jobs: "
                f"use {instead}",
                analysis,
                what=shown,
                fix=_fix(reached, analysis),
            )


def _instead(reached: Reached, analysis: Analysis) -> str | None:
    step, scope = reached.step, reached.scope
    if any(isinstance(outer, e.Await) and outer.value is step.call for outer in step.around[-1:]):
        return None
    origin = analysis.origin(step.call.function, scope, step.place)
    if origin is None:
        return None
    path = origin.path
    if path in BLOCKING:
        return BLOCKING[path]
    if WAITS.get(path) is not None:
        if path.startswith("httpx.") and not path.startswith("httpx.Client()") and path not in HTTPX:
            return None
        return next((instead for library, instead in LIBRARIES.items() if path.startswith(library)), None)
    function = step.call.function
    if isinstance(function, e.Attribute) and function.name in QUERIES:
        owner = analysis.origin(function.value, scope, step.place)
        query = analysis.models.query(owner) if owner is not None else None
        if query is not None and query.model.mapper == "django" and query.state in ("manager", "records"):
            return f"`a{function.name}`" if query.is_sure else None
    return None


def _fix(reached: Reached, analysis: Analysis) -> Fixing | None:
    """``await asyncio.sleep``, in an ``async def`` of a file that imports asyncio."""
    step, scope = reached.step, reached.scope
    function = scope.function
    if reached.hops or function is None or not function.code.is_async:
        return None
    if "time.sleep" not in analysis.paths(step.call.function, scope, step.place):
        return None
    if {**scope.module.summary.imports, **scope.imports}.get("asyncio") != "asyncio":
        return None
    edits = (Replace(before(step.call.at), "await "), Replace(step.call.function.at, "asyncio.sleep"))
    return Fixing("Sleep without blocking", edits)
