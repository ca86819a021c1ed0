"""`limits_concurrency`: at most so many jobs of a key at a time; the others wait or are dropped (spec: F.6).

A job takes its place when it is dispatched, that is enqueued or fallen due, and frees it when it finishes, be it in
success or failure. A retry queues up again like a new job. After `duration` a place ends by itself, so that a job
whose worker is gone does not block the others for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from jobkit.clock import seconds
from jobkit.definition import Declared, declare
from jobkit.errors import ConfigError
from jobkit.guards import Guard, Refusal

if TYPE_CHECKING:
    from jobkit.backend import Backend

T = TypeVar("T")

#: the header under which a message carries its limit, for the engine's dispatch
HEADER = "concurrency"


class ConcurrencyLimit(Guard):
    """The guard behind `limits_concurrency`: it names the limit on the message; the engine keeps it."""

    def __init__(self, to: int, key: Callable[..., Any] | None, duration: float, on_conflict: str, group: str | None):
        if isinstance(to, bool) or to < 1:
            raise ConfigError(f"limits_concurrency(to={to!r}): give how many may run at once, from 1")
        if on_conflict not in ("block", "discard"):
            raise ConfigError(f'limits_concurrency(on_conflict={on_conflict!r}): give "block" or "discard"')
        self._to = to
        self._key = key
        self._duration = duration
        self._on_conflict = on_conflict
        self._group = group

    def at_push(self, job: Any, backend: Backend) -> Refusal | None:
        chosen = "" if self._key is None else self._key(*job.arguments, **job.kwarguments)
        key = f"{self._group or job.definition.name}/{chosen}"
        job.extras[HEADER] = {
            "key": key, "to": self._to, "duration": self._duration, "discard": self._on_conflict == "discard",
        }  # fmt: skip
        due_now = job.scheduled_at is None or job.scheduled_at.timestamp() <= backend.clock.time()
        if self._on_conflict == "discard" and due_now and backend.is_limit_reached(key, self._to):
            return Refusal(f"{job} was dropped: {self._to} of {key} are there already")
        return None


def limits_concurrency(
    *,
    to: int = 1,
    key: Callable[..., Any] | None = None,
    duration: float | timedelta = 180,
    on_conflict: str = "block",
    group: str | None = None,
) -> Callable[[T], T]:
    """Let at most `to` jobs of a key be dispatched at a time, as Solid Queue's ``limits_concurrency``.

    Args:
        to: how many.
        key: called with the job's arguments; None puts all jobs of the class under one key.
        duration: seconds (or a timedelta) after which a place ends by itself. A slower job may then overlap.
        on_conflict: "block" lets the others wait, in order of priority; "discard" drops them.
        group: a name to share the limit between job classes; by default the class's own.

    Raises:
        ConfigError: an argument is of no use.
    """
    guard = ConcurrencyLimit(to, key, seconds(duration), on_conflict, group)
    return lambda target: declare(target, "limits_concurrency", Declared(guards=[guard]))
