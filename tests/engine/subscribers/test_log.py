"""Job events as log records."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import jobkit
from jobkit import Engine, discard_on, job, perform_all_later, retry_on
from jobkit.subscribers.log import JsonLines, LogSubscriber


@job(queue="files")
@retry_on(ConnectionError, wait=90, attempts=2, jitter=0)
@discard_on(LookupError)
def imports(what: str) -> None:
    if what == "flaky":
        raise ConnectionError("no answer")
    if what == "gone":
        raise LookupError(what)


def logged(*whats: str, together: bool = False, arguments: bool = False) -> list[dict[str, Any]]:
    """The JSON lines about these jobs, from their enqueue to their end."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("test", logging.INFO)
    logger.addHandler(handler)
    engine = Engine()
    with engine.active(), jobkit.subscribe(LogSubscriber(logger, arguments=arguments)):
        if together:
            perform_all_later([imports.build(what) for what in whats])
        else:
            for what in whats:
                imports.perform_later(what)
        engine.drain(errors="capture")
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_event_is_a_json_line_with_flat_facts() -> None:
    enqueued, started, completed = logged("fine")

    assert [enqueued["event"], started["event"], completed["event"]] == ["enqueued", "started", "completed"]
    assert (completed["job_class"], completed["queue"], completed["executions"]) == ("imports", "files", 1)
    assert enqueued["job_id"] == completed["job_id"]
    assert completed["duration"] >= 0
    assert "exception_class" not in completed


def test_what_went_wrong_is_an_error_and_the_rest_an_info() -> None:
    levels = {(line["event"], line["level"]) for line in logged("fine", "flaky", "gone")}

    assert levels == {
        ("enqueued", "info"),
        ("started", "info"),
        ("completed", "info"),
        ("completed", "error"),
        ("enqueued_at", "info"),
        ("retry_scheduled", "info"),
        ("retry_stopped", "error"),
        ("discarded", "error"),
        ("dead", "error"),
    }


def test_a_retry_says_the_error_and_the_wait() -> None:
    (retry,) = [line for line in logged("flaky") if line["event"] == "retry_scheduled"]

    assert (retry["exception_class"], retry["exception_message"]) == ("ConnectionError", "no answer")
    assert retry["wait_seconds"] == 90


def test_many_jobs_at_once_are_one_line_with_their_numbers() -> None:
    (bulk,) = [line for line in logged("a", "b", together=True) if line["event"] == "bulk_enqueued"]

    assert (bulk["job_count"], bulk["enqueued_count"], bulk["failed_enqueue_count"]) == (2, 2, 0)
    assert bulk["enqueued_classes"] == {"imports": 2}


def test_arguments_are_logged_only_if_asked_for() -> None:
    assert not any("secret" in str(line) for line in logged("secret"))
    assert logged("secret", arguments=True)[0]["arguments"] == "imports('secret')"
