"""Job events as structured log records, with Rails' names and levels (spec: I.2)."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import Any

from jobkit import events
from jobkit.events import Event
from jobkit.record import moment

#: the name of the log record for each event, as Rails 8.1's structured events
NAMES: dict[type[Event], str] = {
    events.Enqueue: "enqueued",
    events.EnqueueAt: "enqueued_at",
    events.EnqueueAll: "bulk_enqueued",
    events.PerformStart: "started",
    events.Perform: "completed",
    events.EnqueueRetry: "retry_scheduled",
    events.RetryStopped: "retry_stopped",
    events.Discard: "discarded",
}


class LogSubscriber:
    """Logs each event: ``jobkit.subscribe(LogSubscriber())``.

    A record has the event's facts, flat, in its attribute `jobkit`, and is an error for an enqueue that failed, an
    execution that failed or was halted, retry_stopped, discard and death; otherwise an info.

    Args:
        logger: where to; by default the logger "jobkit".
        arguments: whether the jobs' arguments are logged, which may be nobody's business.
    """

    def __init__(self, logger: logging.Logger | None = None, *, arguments: bool = False) -> None:
        self._logger = logging.getLogger("jobkit") if logger is None else logger
        self._arguments = arguments

    def __call__(self, event: Event) -> None:
        level = logging.ERROR if _is_bad(event) else logging.INFO
        if self._logger.isEnabledFor(level):
            facts = facts_of(event, arguments=self._arguments)
            told = " ".join(f"{name}={value}" for name, value in facts.items() if name != "event")
            self._logger.log(level, "%s %s", facts["event"], told, extra={"jobkit": facts})


class JsonLines(logging.Formatter):
    """Formats the records of a `LogSubscriber` as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = getattr(record, "jobkit", None) or {"message": record.getMessage()}
        return json.dumps({"level": record.levelname.lower(), **facts}, ensure_ascii=False, default=str)


def facts_of(event: Event, *, arguments: bool = False) -> dict[str, Any]:
    """What an event says, as flat values: times in ISO 8601, durations in milliseconds, without what is not known."""
    job = event.job
    error = getattr(event, "error", None)
    duration = getattr(event, "duration", None)
    wait = getattr(event, "wait", None)
    scheduled_at = getattr(event, "scheduled_at", None)
    facts: dict[str, Any] = {
        "event": NAMES.get(type(event), event.name),
        "at": event.at.isoformat(),
        "job_class": None if job is None else getattr(job, "name", None) or type(job).__qualname__,
        "job_id": event.job_id,
        "queue": None if job is None else job.queue_name,
        "executions": getattr(job, "executions", None),
        "arguments": repr(job) if arguments and job is not None else None,
        "scheduled_at": None if scheduled_at is None else moment(scheduled_at).isoformat(),
        "aborted": getattr(event, "aborted", False) or None,
        "duration": None if duration is None else round(duration * 1000, 2),
        "wait_seconds": None if wait is None else int(wait),
        "reason": getattr(event, "reason", "") or None,
        "exception_class": None if error is None else type(error).__qualname__,
        "exception_message": None if error is None else str(error),
    }
    if isinstance(event, events.EnqueueAll):
        facts |= {
            "job_count": len(event.jobs),
            "enqueued_count": event.enqueued_count,
            "failed_enqueue_count": len(event.jobs) - event.enqueued_count,
            "enqueued_classes": dict(Counter(type(job).__qualname__ for job in event.jobs)),
        }
    return {name: value for name, value in facts.items() if value is not None}


def _is_bad(event: Event) -> bool:
    if isinstance(event, (events.RetryStopped, events.Discard, events.Died)):
        return True
    if isinstance(event, (events.Enqueue, events.EnqueueAt, events.Perform)):
        return event.error is not None or (event.aborted and isinstance(event, events.Perform))
    return isinstance(event, events.EnqueueAll) and event.enqueued_count < len(event.jobs)
