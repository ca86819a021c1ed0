"""One Celery project for two worlds: a real worker on a real broker, and the engine under a test.

Every signal of a task is written to the file JOBKIT_LOG as a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import Celery, Task, chain, chord, group, signals
from celery.exceptions import Ignore, Reject

from jobkit.envelope import WorkerLost

LOG = Path(os.environ["JOBKIT_LOG"])
QUEUE = os.environ["JOBKIT_QUEUE"]

app = Celery("scenarios", broker=os.environ["JOBKIT_BROKER"], backend=os.environ["JOBKIT_RESULTS"])
app.conf.update(
    task_default_queue=QUEUE,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    result_expires=60,
    worker_lost_wait=0.2,
    broker_transport_options={"polling_interval": 0.05},
)


def note(kind: str, task: str, request: Any, **more: Any) -> None:
    line = {"root": request.root_id or request.id, "signal": kind, "task": task, "retries": request.retries} | more
    with LOG.open("a") as file:
        file.write(json.dumps(line) + "\n")


@signals.worker_ready.connect
def on_ready(**_: Any) -> None:
    LOG.with_suffix(".ready").touch()


@signals.task_prerun.connect
def on_prerun(task: Any, args: Any, **_: Any) -> None:
    note("prerun", task.name, task.request, args=args, redelivered=bool(task.request.delivery_info["redelivered"]))


@signals.task_postrun.connect
def on_postrun(task: Any, state: str, **_: Any) -> None:
    note("postrun", task.name, task.request, state=state)


@signals.task_success.connect
def on_success(sender: Any, result: Any, **_: Any) -> None:
    note("success", sender.name, sender.request, result=result)


@signals.task_retry.connect
def on_retry(sender: Any, request: Any, reason: Any, **_: Any) -> None:
    note("retry", sender.name, request, wait=reason.when, error=repr(reason.exc))


@signals.task_failure.connect
def on_failure(sender: Any, exception: Any, **_: Any) -> None:
    note("failure", sender.name, sender.request, error=type(exception).__name__)


@signals.task_revoked.connect
def on_revoked(sender: Any, request: Any, expired: bool, **_: Any) -> None:
    note("revoked", sender.name, request, expired=expired)


def die() -> None:
    """Lose the process that runs the task."""
    if os.environ.get("JOBKIT_REAL"):
        os.kill(os.getpid(), signal.SIGKILL)
    raise WorkerLost


@app.task(name="add")
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="total")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task(name="broken")
def broken() -> None:
    raise ValueError("no stock")


@app.task(name="apologise")
def apologise(request: Any, error: Any, traceback: Any) -> str:
    return f"{request.task}: {error}"


@app.task(name="patient", bind=True)
def patient(self: Any) -> str:
    if self.request.retries < 2:
        raise self.retry(countdown=0.2, exc=OSError("away"))
    return "done"


@app.task(name="flaky", autoretry_for=(OSError,), retry_backoff=1, retry_jitter=False, max_retries=2)
def flaky() -> None:
    raise OSError("away")


@app.task(name="plan", bind=True)
def plan(self: Any, n: int) -> None:
    raise self.replace(add.s(n, 1))


@app.task(name="once_busy", bind=True, acks_late=True)
def once_busy(self: Any) -> bool:
    if not self.request.delivery_info["redelivered"]:
        raise Reject("no slot", requeue=True)
    return True


@app.task(name="poison", acks_late=True)
def poison() -> None:
    raise Reject("poison", requeue=False)


@app.task(name="ignored")
def ignored() -> None:
    raise Ignore


class InContext(Task):  # type: ignore[misc, type-arg, unused-ignore]  # Celery has types only with its stubs
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return ["in context", super().__call__(*arguments, **options)]


@app.task(name="framed", base=InContext, bind=True)
def framed(self: Any) -> int:
    return int(self.request.retries)


def dying(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    return app.task(bind=True, **options)  # type: ignore[no-any-return, unused-ignore]  # untyped without stubs


@dying(name="dies_early")
def dies_early(self: Any) -> None:
    die()


@dying(name="dies_late", acks_late=True)
def dies_late(self: Any) -> None:
    die()


@dying(name="dies_and_returns", acks_late=True, reject_on_worker_lost=True)
def dies_and_returns(self: Any) -> str:
    if not self.request.delivery_info["redelivered"]:
        die()
    return "second time"


SCENARIOS: dict[str, Callable[[], Any]] = {
    # First, for RabbitMQ drops a message that expires before a worker has fetched it, and nobody hears of it.
    "expired": lambda: add.apply_async((1, 1), countdown=3, expires=2),
    "a plain call": lambda: add.delay(1, 2),
    "an error": lambda: broken.delay(),
    "an explicit retry": lambda: patient.delay(),
    "autoretry, exhausted": lambda: flaky.delay(),
    "a chain": lambda: chain(add.s(1, 2), add.s(3), add.s(10)).apply_async(),
    "a group": lambda: group(add.s(n, n) for n in range(3)).apply_async(),
    "a chord": lambda: chord([add.s(1, 1), add.s(2, 2)], total.s()).apply_async(),
    "a chord with a failure": lambda: chord([add.s(1, 1), broken.s()], total.s()).apply_async(),
    "a link": lambda: add.apply_async((1, 2), link=add.s(10)),
    "an error link": lambda: broken.apply_async(link_error=apologise.s()),
    "a replacement": lambda: plan.delay(4),
    "chunks": lambda: add.chunks([(1, 1), (2, 2), (3, 3)], 2).apply_async(),
    "rejected and requeued": lambda: once_busy.delay(),
    "rejected": lambda: poison.delay(),
    "ignored": lambda: ignored.delay(),
    "a task class with its own call": lambda: framed.delay(),
    "a process lost, acks early": lambda: dies_early.delay(),
    "a process lost, acks late": lambda: dies_late.delay(),
    "a process lost, reject_on_worker_lost": lambda: dies_and_returns.delay(),
}


def send_all() -> dict[str, list[str]]:
    """Start every scenario; gives the ids of the first messages of each, which all its later ones name as root."""
    roots: dict[str, list[str]] = {}
    for name, send in SCENARIOS.items():
        first = send()
        while getattr(first, "parent", None) is not None:
            first = first.parent
        roots[name] = [member.id for member in getattr(first, "results", None) or [first]]
    return roots


def play_under_the_engine() -> dict[str, list[str]]:
    from jobkit.engine import Engine
    from pytest_jobkit.capture.installed import InstalledCaptures

    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["celery"]):
        roots = send_all()
        engine.drain(errors="capture")
    return roots


def forget_queue() -> None:
    with app.connection_for_write() as connection:
        connection.default_channel.queue_delete(QUEUE)
