"""The functions and the worker settings of an application, as arq finds them in an imported module."""

from __future__ import annotations

from typing import Any, ClassVar

from arq import Retry, cron, func

from jobkit.envelope import WorkerLost

log: list[Any] = []
deaths: list[BaseException] = []


class Boom(Exception):
    pass


async def add(ctx: dict[str, Any], a: int, b: int = 0) -> int:
    log.append((ctx["job_try"], a + b))
    return a + b


async def flaky(ctx: dict[str, Any], succeed_at: int = 99) -> str:
    log.append(ctx["job_try"])
    if ctx["job_try"] < succeed_at:
        raise Retry(defer=10 * ctx["job_try"])
    return "done"


async def failing(ctx: dict[str, Any]) -> None:
    log.append("failing")
    raise Boom("for good")


async def dying(ctx: dict[str, Any]) -> None:
    log.append(ctx["job_try"])
    if deaths:
        raise deaths.pop()


async def chained(ctx: dict[str, Any], left: int) -> None:
    log.append(left)
    if left:
        await ctx["redis"].enqueue_job("chained", left - 1, _defer_by=60)


async def collect(ctx: dict[str, Any], items: list[int]) -> None:
    log.append(items)


async def dialling(ctx: dict[str, Any]) -> None:
    await ctx["redis"].hset("session", "user", "1")


async def nightly(ctx: dict[str, Any]) -> None:
    log.append("nightly")


async def start(ctx: dict[str, Any]) -> None:
    ctx["started"] = True
    log.append("start")


async def stop(ctx: dict[str, Any]) -> None:
    log.append("stop" if ctx["started"] else "never started")


class WorkerSettings:
    functions: ClassVar[list[Any]] = [
        add,
        func(flaky, max_tries=3, timeout=600),
        failing,
        func(dying, name="charge"),
        chained,
        collect,
        dialling,
    ]
    cron_jobs: ClassVar[list[Any]] = [cron(nightly, hour=3, minute=30)]


class HookedSettings:
    functions: ClassVar[list[Any]] = [func(add, name="hooked")]
    queue_name = "hooked"
    on_startup = start
    on_shutdown = stop


def lose_the_worker_once() -> None:
    deaths.append(WorkerLost())
