"""Saving and putting back one database of a Redis server, under clients that others go on holding."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pytest_jobkit.retry_safety.worlds.tables import Table, Tables


def address_of(client: Any) -> Hashable:
    """Which server and which database a client talks to."""
    options = client.connection_pool.connection_kwargs
    server = options.get("server")  # of fakeredis: the server is an object of this process
    if server is not None:
        return (id(server), options.get("db", 0))
    return (options.get("path") or (options.get("host", "localhost"), options.get("port", 6379)), options.get("db", 0))


class RedisSaver:
    """Saves the keys of one database, with the time that they have left to live.

    Two states are equal if all keys hold equal values and the same of them expire at all. Keys that a stream or a
    counter of another program changes at the same time are put back as well: give a check a database of its own.
    """

    def __init__(self, client: Any) -> None:
        import redis

        self.thing = client
        pool = client.connection_pool
        options = dict(pool.connection_kwargs, decode_responses=False)
        kind = pool.connection_class
        if "asyncio" in kind.__module__:
            kind = redis.UnixDomainSocketConnection if options.get("path") else redis.Connection
            names = ("host", "port", "db", "path", "username", "password")
            options = {name: value for name, value in options.items() if name in names and value is not None}
        self._own = redis.Redis(connection_pool=redis.ConnectionPool(connection_class=kind, **options))
        self.name = f"redis {options.get('db', 0)}"

    def save(self) -> dict[bytes, tuple[bytes, int]]:
        keys = sorted(self._own.scan_iter(count=1000))
        with self._own.pipeline(transaction=True) as pipeline:
            for key in keys:
                pipeline.dump(key)
                pipeline.pttl(key)
            answers = pipeline.execute()
        found = zip(keys, answers[::2], answers[1::2], strict=True)
        return {key: (dump, left) for key, dump, left in found if dump is not None}

    def restore(self, saved: dict[bytes, tuple[bytes, int]]) -> None:
        present = self.save()
        with self._own.pipeline(transaction=True) as pipeline:
            for key in present.keys() - saved.keys():
                pipeline.delete(key)
            for key, (dump, left) in saved.items():
                if key not in present or present[key][0] != dump or (left < 0) != (present[key][1] < 0):
                    pipeline.restore(key, max(left, 0), dump, replace=True)
            pipeline.execute()

    def key(self) -> Hashable:
        return tuple((name, repr(value), expires) for name, value, expires in self._rows())

    def tables(self) -> Tables:
        return {self.name: Table(("key", "value", "expires"), tuple(self._rows()))}

    def _rows(self) -> list[tuple[str, Any, bool]]:
        return [
            (_text(key), _text(self._value(key)), self._own.pttl(key) >= 0) for key in sorted(self._own.scan_iter())
        ]

    def _value(self, key: bytes) -> Any:
        own: Any = self._own
        match own.type(key):
            case b"string":
                return own.get(key)
            case b"list":
                return own.lrange(key, 0, -1)
            case b"hash":
                return sorted(own.hgetall(key).items())
            case b"set":
                return sorted(own.smembers(key))
            case b"zset":
                return own.zrange(key, 0, -1, withscores=True)
            case b"stream":
                return [fields for _id, fields in own.xrange(key)]  # ids are times
            case _:
                return own.dump(key)

    def close(self) -> None:
        """Let go of the connection."""
        self._own.close()
        self._own.connection_pool.disconnect()


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, list | tuple):
        return tuple(_text(part) for part in value)
    if isinstance(value, dict):
        return tuple((_text(key), _text(part)) for key, part in value.items())
    return value
