"""The functions and the worker settings of an application, as SAQ finds them in an imported module."""

from __future__ import annotations

import threading
from typing import Any

from saq import CronJob, Queue

from jobkit.envelope import WorkerLost

log: list[Any] = []
deaths: list[BaseException] = []
queue = Queue.from_url("redis://127.0.0.1:1")


class Boom(Exception):
    pass


async def add(ctx: dict[str, Any], *, a: int, b: int = 0) -> int:
    log.append((ctx["job"].attempts, a + b))
    return a + b


def plain(ctx: dict[str, Any], *, a: Any) -> None:
    log.append((threading.current_thread(), a))


async def flaky(ctx: dict[str, Any]) -> None:
    log.append(ctx["job"].attempts)
    raise Boom("for good")


async def charge(ctx: dict[str, Any]) -> None:
    log.append(ctx["job"].attempts)
    if deaths:
        raise deaths.pop()


async def chained(ctx: dict[str, Any], *, left: int, at: int) -> None:
    log.append(left)
    if left:
        await queue.enqueue("chained", left=left - 1, at=at + 60, scheduled=at + 60)


async def nightly(ctx: Any) -> None:
    log.append("nightly")


async def start(ctx: dict[str, Any]) -> None:
    log.append("start")


async def stop(ctx: dict[str, Any]) -> None:
    log.append("stop")


async def after(ctx: dict[str, Any]) -> None:
    log.append("after")


settings = {
    "queue": queue,
    "functions": [add, plain, flaky, ("pay", charge), chained],
    "cron_jobs": [CronJob(nightly, cron="30 3 * * *")],
}
hooked = Queue.from_url("redis://127.0.0.1:1", name="hooked")
hooked_settings = {
    "queue": hooked,
    "functions": [add, charge],
    "startup": start,
    "shutdown": stop,
    "after_process": after,
}


def lose_the_worker_once() -> None:
    deaths.append(WorkerLost())
