"""The functions put in place of Celery's and kombu's own while Celery is captured."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

import kombu
from celery import Celery
from celery.app.control import Control

from pytest_jobkit.capture.celery import remote_control
from pytest_jobkit.capture.celery.publication import task_fields

if TYPE_CHECKING:
    from pytest_jobkit.capture.celery.capture import CeleryCapture

_DROPPED_EXCHANGES = frozenset({"celeryev", "celery.pidbox", "reply.celery.pidbox"})
_IN_PROCESS = frozenset({"memory", "filesystem"})


class Sending(threading.local):
    """The task that this thread is sending at the moment, and its app."""

    app: Celery | None = None
    name: str | None = None


def send_task_tap(capture: CeleryCapture, original: Callable[..., Any]) -> Callable[..., Any]:
    """``Celery.send_task``, which every form of enqueueing calls: notes what is being sent, and goes on."""
    sending = capture.sending

    def send_task(app: Celery, name: str, *arguments: Any, **options: Any) -> Any:
        before = sending.app, sending.name
        sending.app, sending.name = app, name
        try:
            return original(app, name, *arguments, **options)
        finally:
            sending.app, sending.name = before

    return send_task


def publish_tap(capture: CeleryCapture, original: Callable[..., Any]) -> Callable[..., Any]:
    """``Producer.publish``: a task is taken, Celery's events are dropped, a user's own message goes its way."""

    def publish(producer: kombu.Producer, body: Any, routing_key: str | None = None, **options: Any) -> Any:
        fields = task_fields(body, options.get("headers"))
        if fields is not None:
            return capture.publish(producer, body, routing_key, fields, options)
        exchange = options.get("exchange") or producer.exchange
        if getattr(exchange, "name", exchange) in _DROPPED_EXCHANGES:
            return None
        return original(producer, body, routing_key, **options)

    return publish


class HeldProducers:
    """``Celery.producer_or_acquire``: one producer an app, taken from its pool once, since nothing is sent with it."""

    def __init__(self) -> None:
        self._held: dict[Any, Any] = {}

    def of(self, app: Any, producer: kombu.Producer | None = None) -> _Held:
        held = producer or self._held.get(app)
        if held is None:
            held = self._held[app] = app.producer_pool.acquire()
        return _Held(held)

    def release(self) -> None:
        """Give the producers back to their pools."""
        while self._held:
            self._held.popitem()[1].release()


class _Held:
    __slots__ = ("_producer",)

    def __init__(self, producer: kombu.Producer) -> None:
        self._producer = producer

    def __enter__(self) -> kombu.Producer:
        return self._producer

    def __exit__(self, *error: object) -> None:
        """The producer stays held."""


def broadcast_tap(
    control: Control, command: str, arguments: dict[str, Any] | None = None, reply: bool = False, **options: Any
) -> Any:
    """``Control.broadcast``, without a mailbox."""
    return remote_control.broadcast(control.app, command, arguments, reply)


def is_in_process(connection: kombu.Connection) -> bool:
    """Whether the connection reaches no further than this process."""
    return connection.transport_cls in _IN_PROCESS


class ClockDatetime:
    """The one use that `celery.worker.request` makes of datetime, to see whether a task has expired."""

    def __init__(self, capture: CeleryCapture) -> None:
        self._capture = capture

    def now(self, zone: tzinfo | None = None) -> datetime:
        now = self._capture.clock.now()
        return now.astimezone(zone) if zone is not None else now.astimezone().replace(tzinfo=None)
