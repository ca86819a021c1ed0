"""Job events as OpenTelemetry spans, with the names of the messaging conventions. Needs ``opentelemetry-api``."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from jobkit import events
from jobkit.events import Event

_KINDS = {
    events.Enqueue: ("create", SpanKind.PRODUCER),
    events.EnqueueAt: ("create", SpanKind.PRODUCER),
    events.Perform: ("process", SpanKind.CONSUMER),
}


class OpenTelemetrySubscriber:
    """Makes a span of each enqueue and each execution: ``jobkit.subscribe(OpenTelemetrySubscriber())``.

    An event says what is over, so the span is made at its end, with its start put back by the duration; it has the
    engine's time, also under a virtual clock. The span that is current in the program becomes its parent.

    Args:
        tracer: by default the global provider's tracer "jobkit".
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = trace.get_tracer("jobkit") if tracer is None else tracer

    def __call__(self, event: Event) -> None:
        if not isinstance(event, (events.Enqueue, events.EnqueueAt, events.Perform)):
            return
        operation, kind = _KINDS[type(event)]
        job = event.job
        name = type(job).__qualname__.rpartition(".")[2]
        attributes: dict[str, Any] = {
            "messaging.system": "jobkit",
            "messaging.operation.type": operation,
            "messaging.destination.name": job.queue_name,
            "messaging.message.id": job.job_id,
            "jobkit.job": name,
            "jobkit.executions": job.executions,
        }
        span = self._tracer.start_span(
            f"{operation} {name}",
            kind=kind,
            attributes=attributes,
            start_time=_nanoseconds(event.time - event.duration),
        )
        if event.error is not None:
            span.record_exception(event.error)
            span.set_status(Status(StatusCode.ERROR, str(event.error)))
        elif event.aborted:
            span.set_status(Status(StatusCode.ERROR, "a callback aborted"))
        span.end(end_time=_nanoseconds(event.time))


def _nanoseconds(instant: float) -> int:
    return int(instant * 1_000_000_000)
