"""The queue of a check: takes what jobs enqueue, reports it as effects, and delivers nothing by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from jobkit.clock import VirtualClock
from jobkit.engine import Engine
from jobkit.envelope import Envelope
from jobkit.errors import EnqueueError
from pytest_jobkit.retry_safety.effects.record import ErrorMaker, Operation, brief
from pytest_jobkit.retry_safety.effects.runtime import reporting

if TYPE_CHECKING:
    from pytest_jobkit.capture.installed import InstalledCaptures

# what a framework's own client raises when its broker does not answer
_REFUSALS = {
    "celery": ("kombu.exceptions", "OperationalError"),
    "dramatiq": ("dramatiq.errors", "ConnectionClosed"),
    "rq": ("redis.exceptions", "ConnectionError"),
    "huey": ("redis.exceptions", "ConnectionError"),
    "arq": ("redis.exceptions", "ConnectionError"),
}


class CheckQueue(Engine):
    """An engine in which every message that a job enqueues is an effect of the channel ``queue``.

    Attributes:
        sent: what was enqueued outside of deliveries: the message that is checked.
    """

    def __init__(self) -> None:
        super().__init__(clock=VirtualClock())
        self.sent: list[Envelope] = []

    def push(self, envelope: Envelope) -> None:
        runtime = reporting()
        if runtime is None:
            self.sent.append(envelope)
        elif not envelope.retry:  # a retry of the job itself: the check delivers the message again anyway
            call = envelope.call
            arguments = [*map(brief, call.arguments), *(f"{k}={brief(v)}" for k, v in call.kwarguments.items())]
            name = call.name.rpartition(".")[2]
            operation = Operation(
                "queue", f"enqueue {name}", resource=("queue", name), refuse=_refusal(envelope.performer.framework)
            )
            runtime.perform(operation, _nothing, detail=f"({', '.join(arguments)})")


def _nothing() -> None:
    """Messages that a job enqueues are counted, and not run."""


def _refusal(framework: str) -> ErrorMaker:
    if framework == "jobkit":
        return EnqueueError
    module, name = _REFUSALS.get(framework, ("", ""))
    found: Any = getattr(sys.modules.get(module), name, ConnectionError)
    return found  # type: ignore[no-any-return]  # an exception class of the framework


@contextmanager
def open_queue() -> Iterator[tuple[CheckQueue, InstalledCaptures | None]]:
    """The queue in place of every backend: jobkit's, and those of the frameworks that the program has imported."""
    queue = CheckQueue()
    with ExitStack() as stack:
        stack.enter_context(queue.active())
        captures = None
        if _frameworks_are_imported():
            from pytest_jobkit.capture.installed import InstalledCaptures

            captures = stack.enter_context(InstalledCaptures(queue.push, queue.clock, None, queue.chance))
        yield queue, captures


def _frameworks_are_imported() -> bool:
    from pytest_jobkit.capture.discovery import imported_frameworks

    return any(True for _ in imported_frameworks())
