"""Job events as spans, collected by OpenTelemetry's own SDK."""

from __future__ import annotations

import pytest

import jobkit
from jobkit import Engine, job

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from jobkit.subscribers.opentelemetry import OpenTelemetrySubscriber


@job(queue="files")
def imports(fails: bool) -> None:
    if fails:
        raise ValueError("broken")


def spans(*, fails: bool) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    engine = Engine()
    with engine.active(), jobkit.subscribe(OpenTelemetrySubscriber(provider.get_tracer("test"))):
        imports.perform_later(fails)
        engine.drain(errors="capture")
    return exporter.get_finished_spans()


def test_an_enqueue_and_an_execution_are_a_span_each() -> None:
    create, process = spans(fails=False)

    assert [(span.name, span.kind) for span in (create, process)] == [
        ("create imports", SpanKind.PRODUCER),
        ("process imports", SpanKind.CONSUMER),
    ]
    assert process.attributes is not None
    assert process.attributes["messaging.destination.name"] == "files"
    assert process.attributes["jobkit.executions"] == 1
    assert process.status.status_code is StatusCode.UNSET
    assert process.start_time is not None
    assert process.end_time is not None
    assert process.start_time <= process.end_time


def test_an_error_that_left_the_job_is_on_its_span() -> None:
    _, process = spans(fails=True)

    assert process.status.status_code is StatusCode.ERROR
    assert [event.name for event in process.events] == ["exception"]
