"""JK504: a job starts a thread or a process and does not wait for it."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Evaluate, With

SPAWNED = {
    "threading.Thread": "a thread",
    "threading.Timer": "a thread",
    "multiprocessing.Process": "a process",
    "multiprocessing.Pool": "a pool of processes",
    "multiprocessing.pool.Pool": "a pool of processes",
    "multiprocessing.pool.ThreadPool": "a pool of threads",
    "concurrent.futures.ThreadPoolExecutor": "a pool of threads",
    "concurrent.futures.ProcessPoolExecutor": "a pool of processes",
    "concurrent.futures.thread.ThreadPoolExecutor": "a pool of threads",
    "concurrent.futures.process.ProcessPoolExecutor": "a pool of processes",
}
TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
# whoever calls one of these waits for what was started
WAITING = frozenset(
    {
        "join", "shutdown", "wait", "terminate", "kill", "close", "result", "as_completed", "gather", "stop", "cancel",
    }
)  # fmt: skip


class SpawnInJob(Rule):
    """
    ## What it does
    Finds threads, processes and pools that a job starts without `with` and without waiting for them, and
    `asyncio.create_task(...)` whose result nobody keeps.

    ## Why is this bad
    The job is reported as done while the work is not, and its errors are never seen. When the worker stops, threads are
    cut off in the middle. A prefork worker is a daemon, whose processes must not have children at all.

    ## What to do instead
    Enqueue a job for it. Or wait for it: `with ThreadPoolExecutor() as pool`, `thread.join()`, `await task`.

    ## When to ignore
    When what is started may be lost.
    """

    code = "JK504"
    name = "spawn-in-job"
    summary = "A job starts a thread or a process and does not wait for it."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a thread",
            """
            from threading import Thread
            from celery import shared_task
            from shop.crm import push

            @shared_task
            def sync(pk):
                Thread(target=push, args=(pk,)).start()
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a thread
            """,
        ),
        Bad(
            "a pool, and a task that nobody keeps",
            """
            import asyncio
            from concurrent.futures import ThreadPoolExecutor
            import dramatiq
            from shop.crm import push, push_async

            @dramatiq.actor
            def sync(pks):
                pool = ThreadPoolExecutor(4)
                       ^^^^^^^^^^^^^^^^^^^^^ a pool of threads
                for pk in pks:
                    pool.submit(push, pk)

            @dramatiq.actor
            async def sync_one(pk):
                asyncio.create_task(push_async(pk))
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a task
            """,
        ),
        Good(
            "another job, or a wait",
            """
            import asyncio
            from concurrent.futures import ThreadPoolExecutor
            from threading import Thread
            from celery import shared_task
            from shop.crm import push, push_async

            @shared_task
            def sync_one(pk):
                push(pk)

            @shared_task
            def sync(pks):
                for pk in pks:
                    sync_one.delay(pk)
                with ThreadPoolExecutor(4) as pool:
                    pool.map(push, pks)

            @shared_task
            def sync_both(pk):
                thread = Thread(target=push, args=(pk,))
                thread.start()
                push(pk)
                thread.join()
            """,
        ),
        Good(
            "a task that is awaited, an executor that is handed on",
            """
            import asyncio
            from concurrent.futures import ThreadPoolExecutor
            from taskiq import InMemoryBroker
            from shop.crm import push_async, run_all

            broker = InMemoryBroker()

            @broker.task
            async def sync(pk: int):
                task = asyncio.create_task(push_async(pk))
                await task
                run_all(ThreadPoolExecutor(4))
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for reached in analysis.calls(job):
            what = _spawned(reached, analysis)
            if what is not None:
                yield self.report_effect(
                    job,
                    reached,
                    f"{what} is started, and `{job.name.rpartition('.')[2]}` is done without waiting for it: errors "
                    "are never seen, and a worker that stops cuts it off; enqueue a job for it, or wait",
                    analysis,
                    what=what,
                )


def _spawned(reached: Reached, analysis: Analysis) -> str | None:
    step, scope = reached.step, reached.scope
    paths = analysis.paths(step.call.function, scope, step.place)
    statement = step.place.statement
    if TASKS & set(paths):
        return "a task" if isinstance(statement, Evaluate) and statement.value is step.call else None
    what = next((SPAWNED[path] for path in paths if path in SPAWNED), None)
    if what is None or isinstance(statement, With):
        return None
    outer = step.around[-1] if step.around else None
    if isinstance(outer, e.Call) or any(isinstance(one, e.Comprehension) for one in step.around):
        # it is handed on to somebody who may wait for it
        return None
    names = {getattr(other.call.function, "name", getattr(other.call.function, "id", "")) for other in scope.steps}
    entered = [place.statement for place in scope.places if isinstance(place.statement, With)]
    if names & WAITING or any(_enters(one, what) for one in entered):
        return None
    is_started = isinstance(outer, e.Attribute) or not what.startswith(("a thread", "a process")) or "start" in names
    return what if is_started and _is_local(reached) else None


def _enters(statement: With, what: str) -> bool:
    return "pool" in what and any(isinstance(context, e.Name) for context in statement.contexts)


def _is_local(reached: Reached) -> bool:
    """Whether the object stays in the function: not kept in an attribute and not given back."""
    targets = getattr(reached.step.place.statement, "targets", ())
    return all(isinstance(target, e.Name) for target in targets)
