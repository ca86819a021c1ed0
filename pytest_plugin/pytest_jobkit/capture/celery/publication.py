"""A Celery message as it would have gone to the broker, and the same message as a worker gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from celery import Celery
from kombu import Producer
from kombu.message import Message
from kombu.utils.json import dumps, loads

from pytest_jobkit.capture.celery.internals import prepared

_SCALARS = frozenset({str, int, float, bool, type(None)})
_HOW_TO_SEND = frozenset({"retry", "retry_policy", "timeout", "confirm_timeout", "mandatory", "immediate"})
_tags = count(1)


class Headers:
    """Headers as they cross the wire: each reading gives new objects, equal to what JSON would make of the old ones.

    Flat values are copied and only deeper ones go through JSON, which would cost more than all the rest.
    """

    __slots__ = ("_deep", "_flat", "_scalar")

    def __init__(self, headers: dict[str, Any]) -> None:
        self._scalar: dict[str, Any] = {}
        self._flat: dict[str, Any] = {}
        deep: dict[str, Any] = {}
        for key, value in headers.items():
            kind = type(value)
            if kind in _SCALARS:
                self._scalar[key] = value
            elif (kind is list or kind is tuple) and all(type(item) in _SCALARS for item in value):
                self._flat[key] = list(value)
            elif kind is dict and not value:
                self._flat[key] = value.copy()
            else:
                deep[key] = value
        self._deep = dumps(deep) if deep else ""

    def read(self) -> dict[str, Any]:
        """The headers, as new objects."""
        headers = self._scalar.copy()
        for key, value in self._flat.items():
            headers[key] = value.copy()
        if self._deep:
            headers.update(loads(self._deep))
        return headers

    def __contains__(self, key: str) -> bool:
        return key in self._scalar


@dataclass(slots=True, frozen=True)
class Publication:
    """What one call of ``Producer.publish`` would have sent.

    Attributes:
        app: the app that sent it.
        fields: id, task, eta, retries, expires ...: the headers, or with protocol 1 the body.
        body, content_type, content_encoding: the payload.
        headers: the message's headers.
        properties: of the AMQP message, with the priority.
        exchange, routing_key, queue: where it would have gone.
    """

    app: Celery
    fields: dict[str, Any]
    body: bytes
    content_type: str
    content_encoding: str
    headers: Headers
    properties: dict[str, Any]
    exchange: str
    routing_key: str
    queue: str


def task_fields(body: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """The fields that make a message a task's, of protocol 2 or 1; None for any other message."""
    if headers and "task" in headers and "id" in headers:
        return headers
    if isinstance(body, dict) and "task" in body and "id" in body:
        return body
    return None


def publication_of(
    app: Celery,
    producer: Producer,
    body: Any,
    routing_key: str | None,
    fields: dict[str, Any],
    options: dict[str, Any],
) -> Publication:
    """What ``producer.publish(body, routing_key, **options)`` would send, serialised as it does.

    Raises:
        EncodeError: an argument cannot be serialised, as in production.
    """
    options = dict(options)
    headers = dict(options.pop("headers", None) or {})
    exchange: Any = options.pop("exchange", None) or producer.exchange
    declare = options.pop("declare", None)
    routing_key = producer.routing_key if routing_key is None else routing_key
    payload, content_type, content_encoding = prepared(producer, body, options, headers)
    return Publication(
        app=app,
        fields=fields,
        body=payload,
        content_type=content_type,
        content_encoding=content_encoding,
        headers=Headers(headers),
        properties={key: value for key, value in options.items() if key not in _HOW_TO_SEND},
        exchange=exchange if isinstance(exchange, str) else exchange.name,
        routing_key=routing_key or "",
        queue=(getattr(declare[0], "name", None) if declare else None) or routing_key or "",
    )


@dataclass(slots=True)
class Channel:
    """Where a message is acknowledged or rejected; remembers which of it happened."""

    acknowledged: bool = False
    rejected: bool = False
    requeued: bool = False
    no_ack_consumers: tuple[str, ...] = field(default=())

    def basic_ack(self, delivery_tag: object, multiple: bool = False) -> None:
        self.acknowledged = True

    def basic_reject(self, delivery_tag: object, requeue: bool = False) -> None:
        self.rejected = True
        self.requeued = requeue


def received(publication: Publication, channel: Channel, redelivered: bool, accept: Any) -> Any:
    """The message as a worker's consumer gets it, new objects each time; `accept` are its content types."""
    message: Any = Message
    return message(
        body=publication.body,
        delivery_tag=next(_tags),
        content_type=publication.content_type,
        content_encoding=publication.content_encoding,
        delivery_info={
            "exchange": publication.exchange,
            "routing_key": publication.routing_key,
            "redelivered": redelivered,
        },
        properties=dict(publication.properties),
        headers=publication.headers.read(),
        channel=channel,
        accept=accept,
    )
