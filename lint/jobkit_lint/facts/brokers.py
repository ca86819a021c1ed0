"""After how long a broker gives a message that nobody has acknowledged to another worker, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broker:
    """A kind of broker. `limit` holds unless `option` of the transport's options says otherwise."""

    title: str
    limit: float
    option: str | None


BROKERS = {
    "redis": Broker("Redis", 3600, "visibility_timeout"),
    "sqs": Broker("SQS", 1800, "visibility_timeout"),
    "rabbitmq": Broker("RabbitMQ", 1800, None),
}
# how the address of a broker begins
SCHEMES = {
    "redis": "redis", "rediss": "redis", "redis+socket": "redis", "sentinel": "redis", "valkey": "redis",
    "sqs": "sqs", "amqp": "rabbitmq", "amqps": "rabbitmq", "pyamqp": "rabbitmq",
}  # fmt: skip


def broker_of(address: str) -> str | None:
    """The kind of broker that an address names, or None."""
    scheme, separator, _ = address.partition("://")
    return SCHEMES.get(scheme.lower()) if separator else None
