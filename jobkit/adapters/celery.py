"""jobkit jobs on Celery.

In the module that both the web process and ``celery worker`` load::

    app = Celery("shop", broker=...)
    jobkit.configure(adapter=CeleryAdapter(app))

Acknowledgement is late and a lost worker's message goes back, since a job is to run at least once. With Redis or SQS
keep delays below the visibility timeout, or the message is delivered again while it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobkit.adapters.base import Adapter
from jobkit.envelope import Envelope


class CeleryAdapter(Adapter):
    """Sends jobs to a Celery app.

    Args:
        app: the Celery app; the task ``jobkit.run`` is registered with it.
        priority: translates a job's priority (lower is more urgent) to the broker's; without one none is sent.
    """

    name = "celery"

    def __init__(self, app: Any, priority: Callable[[int], int] | None = None) -> None:
        super().__init__()
        self._priority = priority

        # Celery asks for the signature of the function itself, so it is one and not a method.
        def run(body: str) -> None:
            self.perform(body)

        self._task = app.task(
            name="jobkit.run", max_retries=0, acks_late=True, reject_on_worker_lost=True, ignore_result=True
        )(run)

    def send(self, envelope: Envelope, body: str, delay: float | None) -> None:
        options: dict[str, Any] = {"queue": envelope.queue}
        if delay is not None:
            options["countdown"] = delay
        if self._priority is not None and envelope.priority is not None:
            options["priority"] = self._priority(envelope.priority)
        self._task.apply_async((body,), **options)
