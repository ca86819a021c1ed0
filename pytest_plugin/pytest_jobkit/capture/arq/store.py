"""The part of a Redis that arq uses, in memory: values that expire, and sorted sets."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any


class UnknownCommand(Exception):
    """A command that arq itself does not send; the application must have."""


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


def _data(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class Store:
    """Answers Redis commands as redis-py would give their replies to arq.

    Args:
        now: the engine's instant, in epoch seconds: keys expire by it.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._values: dict[str, bytes] = {}
        self._expires: dict[str, float] = {}
        self._sorted: dict[str, dict[str, float]] = {}
        self._commands: dict[str, Callable[..., Any]] = {
            "PING": lambda: True,
            "GET": self.get,
            "SET": self.set,
            "SETEX": lambda key, seconds, value: self.set(key, value, "EX", seconds),
            "PSETEX": lambda key, milliseconds, value: self.set(key, value, "PX", milliseconds),
            "INCR": self.increase,
            "INCRBY": self.increase,
            "EXPIRE": lambda key, seconds: self.expire(key, float(seconds)),
            "PEXPIRE": lambda key, milliseconds: self.expire(key, float(milliseconds) / 1000),
            "EXISTS": lambda *keys: sum(self.get(key) is not None for key in keys),
            "DEL": lambda *keys: sum(self.delete(key) for key in keys),
            "KEYS": self.keys,
            "ZADD": self.zadd,
            "ZREM": lambda key, *members: sum(self.zrem(key, member) for member in members),
            "ZSCORE": self.score,
            "ZINCRBY": self.zincrby,
            "ZCARD": lambda key: len(self._sorted.get(_text(key), ())),
            "ZRANGE": self.zrange,
        }

    def run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """The reply to one command.

        Raises:
            UnknownCommand: it is none that arq needs.
        """
        command = self._commands.get(name.upper())
        if command is None:
            raise UnknownCommand(name)
        return command(*arguments)

    def get(self, key: Any) -> bytes | None:
        name = _text(key)
        if self._expires.get(name, self._now() + 1) <= self._now():
            self.delete(name)
        return self._values.get(name)

    def set(self, key: Any, value: Any, unit: str = "", amount: Any = None) -> bool:
        name = _text(key)
        self._values[name] = _data(value)
        self._expires.pop(name, None)
        if amount is not None:
            self.expire(name, float(amount) / (1000 if unit == "PX" else 1))
        return True

    def expire(self, key: Any, seconds: float) -> bool:
        self._expires[_text(key)] = self._now() + seconds
        return True

    def increase(self, key: Any, by: Any = 1) -> int:
        number = int(self.get(key) or 0) + int(by)
        self._values[_text(key)] = _data(number)
        return number

    def delete(self, key: Any) -> bool:
        self._expires.pop(_text(key), None)
        return self._values.pop(_text(key), None) is not None

    def keys(self, pattern: Any) -> list[bytes]:
        return [name.encode() for name in list(self._values) if fnmatchcase(name, _text(pattern)) and self.get(name)]

    def zadd(self, key: Any, *pairs: Any) -> int:
        members = self._sorted.setdefault(_text(key), {})
        before = len(members)
        for score, member in zip(pairs[::2], pairs[1::2], strict=True):
            members[_text(member)] = float(score)
        return len(members) - before

    def zrem(self, key: Any, member: Any) -> bool:
        return self._sorted.get(_text(key), {}).pop(_text(member), None) is not None

    def score(self, key: Any, member: Any) -> float | None:
        return self._sorted.get(_text(key), {}).get(_text(member))

    def zincrby(self, key: Any, amount: Any, member: Any) -> float:
        score = (self.score(key, member) or 0) + float(amount)
        self.zadd(key, score, member)
        return score

    def zrange(self, key: Any, start: Any, stop: Any, *form: Any) -> list[Any]:
        members = sorted(self._sorted.get(_text(key), {}).items(), key=lambda item: (item[1], item[0]))
        end = int(stop)
        chosen = members[int(start) : None if end == -1 else end + 1]
        with_scores = "WITHSCORES" in form
        return [(name.encode(), score) if with_scores else name.encode() for name, score in chosen]
