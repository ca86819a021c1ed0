"""Job events as StatsD metrics over UDP: counts for all that happens, times for executions that succeeded."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import Any

from jobkit import events
from jobkit.events import Event

_UNFIT = re.compile(r"[^\w.-]+")


class StatsdSubscriber:
    """Sends metrics to a StatsD server: ``jobkit.subscribe(StatsdSubscriber("metrics.local"))``.

    For each event a count ``PREFIX.EVENT.JOB`` (``jobkit.enqueue.ProcessOrder``); for an execution besides
    ``jobkit.perform.JOB.success`` or ``.failure``, and its time in milliseconds where it succeeded, as Sidekiq times
    successes only. A packet that cannot be sent is dropped, for metrics must not fail a job.

    Args:
        host, port: of the server.
        prefix: before each name.
        tags: ``name:value`` texts that DogStatsD servers understand; the job's queue is added to them. None sends
            none, for servers that do not know tags.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 8125, *, prefix: str = "jobkit", tags: Sequence[str] | None = None
    ) -> None:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        self._prefix = prefix
        self._tags = tags

    def __call__(self, event: Event) -> None:
        job = event.job
        name = "all" if job is None else (getattr(job, "name", None) or type(job).__qualname__).rpartition(".")[2]
        metric = f"{self._prefix}.{event.name}.{_UNFIT.sub('_', name)}"
        lines = [f"{metric}:1|c"]
        if isinstance(event, events.Perform):
            lines.append(f"{metric}.{'success' if event.error is None else 'failure'}:1|c")
            if event.error is None:
                lines.append(f"{metric}:{event.duration * 1000:.3f}|ms")
        if self._tags is not None:
            tags = [*self._tags, *([] if job is None else [f"queue:{job.queue_name}"])]
            lines = [f"{line}|#{','.join(tags)}" for line in lines]
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
