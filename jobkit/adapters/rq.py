"""jobkit jobs on RQ.

In a module that both the web process and ``rq worker --with-scheduler`` load::

    jobkit.configure(adapter=RQAdapter(Redis()))

RQ runs importable functions, so the worker has to import that module before it works, for instance by a worker class
or ``rq worker --import``. Delays need the scheduler. A job whose worker dies is run again only when RQ's own
maintenance finds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jobkit.adapters.base import Adapter
from jobkit.current import current_backend
from jobkit.envelope import Envelope
from jobkit.errors import ConfigError


class RQAdapter(Adapter):
    """Sends jobs to RQ's queues.

    Args:
        connection: the Redis client that RQ uses.
        job_timeout: seconds that a job may run.
    """

    name = "rq"

    def __init__(self, connection: Any, job_timeout: float = 180) -> None:
        super().__init__()
        self._connection = connection
        self._job_timeout = job_timeout

    def send(self, envelope: Envelope, body: str, delay: float | None) -> None:
        from rq import Queue

        queue = Queue(envelope.queue, connection=self._connection)
        options: dict[str, Any] = {"args": (body,), "job_timeout": self._job_timeout, "description": envelope.name}
        if delay is None:
            queue.enqueue(run, **options)
        else:
            queue.enqueue_in(timedelta(seconds=delay), run, **options)


def run(body: str) -> None:
    """What an RQ worker calls: performs the message with the adapter that this process configured.

    Raises:
        ConfigError: it configured none, so a retry would go nowhere.
    """
    adapter = current_backend()
    if not isinstance(adapter, RQAdapter):
        raise ConfigError(
            "this RQ worker has not configured jobkit: import the module that calls "
            "jobkit.configure(adapter=RQAdapter(...)) before the worker starts (rq worker --import)"
        )
    adapter.perform(body)
