"""The keys and values of a Redis in memory, with the commands that RQ gives it.

A command, or a form of one, that is not here raises `UnknownCommand` before it has changed anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

Encoded = bytes
V = TypeVar("V")


class UnknownCommand(Exception):
    """A command that needs a whole Redis."""


class SortedSet(dict[bytes, float]):
    """Members with their scores."""

    def ordered(self) -> list[bytes]:
        return [member for _, member in sorted((score, member) for member, score in self.items())]


class Stream(list[tuple[bytes, dict[bytes, bytes]]]):
    """Entries in the order of their ids."""


def encoded(value: Any) -> bytes:
    """A command's argument as it goes over the wire."""
    kind = type(value)
    if kind is str:
        return value.encode()  # type: ignore[no-any-return]  # mypy does not see what `kind` says
    if kind is bytes:
        return value  # type: ignore[no-any-return]  # as above
    if kind is int or kind is float:
        return repr(value).encode()
    if isinstance(value, str):  # an enumeration of words, as RQ's statuses are
        return str.encode(value)
    raise UnknownCommand(f"an argument of type {type(value).__name__}")


class Keyspace:
    """One database.

    Args:
        time: the present instant in epoch seconds, for keys that expire.
        pushed: called with key, member and whether at the front, for each push to a list.
        scored: called with key, member and score, for each entry of a sorted set.
    """

    def __init__(
        self,
        time: Callable[[], float],
        pushed: Callable[[bytes, bytes, bool], None],
        scored: Callable[[bytes, bytes, float], None],
    ) -> None:
        self._time = time
        self._pushed = pushed
        self._scored = scored
        self._entries = 0
        self.values: dict[bytes, Any] = {}
        self.expires: dict[bytes, float] = {}

    def run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """The reply to one command, as redis-py would give it to its caller."""
        command = _COMMANDS.get(name)
        if command is None:
            raise UnknownCommand(name)
        return command(self, *arguments)

    def get(self, key: Any) -> Any:
        """The value of a key, or None; a key whose time is over is gone."""
        key = encoded(key)
        if self.expires and self.expires.get(key, float("inf")) <= self._time():
            self._forget(key)
        return self.values.get(key)

    def _of(self, key: Any, kind: Callable[[], V]) -> V:
        value: V | None = self.get(key)
        if value is None:
            value = self.values[encoded(key)] = kind()
        return value

    def _forget(self, key: bytes) -> int:
        self.expires.pop(key, None)
        return 0 if self.values.pop(key, None) is None else 1

    def _tidy(self, key: Any, value: Any) -> None:
        if not value:
            self._forget(encoded(key))

    # keys

    def delete(self, *keys: Any) -> int:
        return sum(self.get(key) is not None and self._forget(encoded(key)) for key in keys)

    def exists(self, *keys: Any) -> int:
        return sum(self.get(key) is not None for key in keys)

    def expire(self, key: Any, seconds: Any, *form: Any) -> bool:
        if form:
            raise UnknownCommand("EXPIRE with a condition")
        if self.get(key) is None:
            return False
        self.expires[encoded(key)] = self._time() + float(seconds)
        return True

    def persist(self, key: Any) -> bool:
        return self.get(key) is not None and self.expires.pop(encoded(key), None) is not None

    def read(self, key: Any) -> bytes | None:
        value: bytes | None = self.get(key)
        return value

    def write(self, key: Any, value: Any, *options: Any) -> bool | None:
        seconds = None
        words = [word.upper() if isinstance(word, str) else word for word in options]
        if "EX" in words:
            seconds = float(words.pop(words.index("EX") + 1))
            words.remove("EX")
        if words not in ([], ["NX"]):
            raise UnknownCommand("SET with further options")
        if words and self.get(key) is not None:
            return None
        self.values[encoded(key)] = encoded(value)
        self.expires.pop(encoded(key), None)
        if seconds is not None:
            self.expires[encoded(key)] = self._time() + seconds
        return True

    # hashes

    def hset(self, key: Any, *pairs: Any) -> int:
        new = dict(zip(map(encoded, pairs[::2]), map(encoded, pairs[1::2]), strict=True))
        fields = self._of(key, dict[bytes, bytes])
        added = len(new.keys() - fields.keys())
        fields.update(new)
        return added

    def hget(self, key: Any, field: Any) -> bytes | None:
        fields: dict[bytes, bytes] = self.get(key) or {}
        return fields.get(encoded(field))

    def hgetall(self, key: Any) -> dict[bytes, bytes]:
        return dict(self.get(key) or {})

    def hexists(self, key: Any, field: Any) -> bool:
        return self.hget(key, field) is not None

    def hdel(self, key: Any, *names: Any) -> int:
        fields: dict[bytes, bytes] = self.get(key) or {}
        gone = sum(fields.pop(encoded(name), None) is not None for name in names)
        self._tidy(key, fields)
        return gone

    def hincrby(self, key: Any, field: Any, amount: Any) -> int:
        value = int(self.hget(key, field) or 0) + int(amount)
        self.hset(key, field, value)
        return value

    def hincrbyfloat(self, key: Any, field: Any, amount: Any) -> float:
        value = float(self.hget(key, field) or 0) + float(amount)
        self.hset(key, field, value)
        return value

    # lists

    def rpush(self, key: Any, *members: Any) -> int:
        items = self._of(key, deque[bytes])
        for member in map(encoded, members):
            items.append(member)
            self._pushed(encoded(key), member, False)
        return len(items)

    def lpush(self, key: Any, *members: Any) -> int:
        items = self._of(key, deque[bytes])
        for member in map(encoded, members):
            items.appendleft(member)
            self._pushed(encoded(key), member, True)
        return len(items)

    def lpop(self, key: Any, *count: Any) -> bytes | None:
        if count:
            raise UnknownCommand("LPOP with a count")
        items: deque[bytes] = self.get(key) or deque()
        member = items.popleft() if items else None
        self._tidy(key, items)
        return member

    def llen(self, key: Any) -> int:
        return len(self.get(key) or ())

    def lrange(self, key: Any, start: Any, stop: Any) -> list[bytes]:
        return _between(list(self.get(key) or ()), int(start), int(stop))

    def lrem(self, key: Any, count: Any, member: Any) -> int:
        items: deque[bytes] = self.get(key) or deque()
        most, wanted, gone = int(count), encoded(member), 0
        if most < 0:
            raise UnknownCommand("LREM from the end")
        while wanted in items and (most == 0 or gone < most):
            items.remove(wanted)
            gone += 1
        self._tidy(key, items)
        return gone

    def lpos(self, key: Any, member: Any, *form: Any) -> int | None:
        if form:
            raise UnknownCommand("LPOS with options")
        items = list(self.get(key) or ())
        wanted = encoded(member)
        return items.index(wanted) if wanted in items else None

    # sets

    def sadd(self, key: Any, *members: Any) -> int:
        items = self._of(key, set[bytes])
        before = len(items)
        items.update(map(encoded, members))
        return len(items) - before

    def srem(self, key: Any, *members: Any) -> int:
        items: set[bytes] = self.get(key) or set()
        before = len(items)
        items.difference_update(map(encoded, members))
        gone = before - len(items)
        self._tidy(key, items)
        return gone

    def smembers(self, key: Any) -> set[bytes]:
        return set(self.get(key) or ())

    def scard(self, key: Any) -> int:
        return len(self.get(key) or ())

    # sorted sets

    def zadd(self, key: Any, *form: Any) -> int:
        flags = [one for one in form if one in ("XX", b"XX")]
        pairs = form[len(flags) :]
        if len(pairs) % 2 or not all(isinstance(score, (int, float)) for score in pairs[::2]):
            raise UnknownCommand("ZADD with further options")
        if flags and self.get(key) is None:
            return 0
        items = self._of(key, SortedSet)
        added = 0
        for score, member in zip(pairs[::2], map(encoded, pairs[1::2]), strict=True):
            if flags and member not in items:
                continue
            added += member not in items
            items[member] = float(score)
            self._scored(encoded(key), member, float(score))
        return added

    def zrem(self, key: Any, *members: Any) -> int:
        items: SortedSet = self.get(key) or SortedSet()
        gone = sum(items.pop(encoded(member), None) is not None for member in members)
        self._tidy(key, items)
        return gone

    def zcard(self, key: Any) -> int:
        return len(self.get(key) or ())

    def zscore(self, key: Any, member: Any) -> float | None:
        items: SortedSet = self.get(key) or SortedSet()
        return items.get(encoded(member))

    def zrange(self, key: Any, start: Any, stop: Any, *form: Any) -> list[bytes]:
        if form not in ((), ("REV",)):
            raise UnknownCommand("ZRANGE with further options")
        items: SortedSet = self.get(key) or SortedSet()
        ordered = items.ordered()
        return _between(ordered[::-1] if form else ordered, int(start), int(stop))

    def zrevrange(self, key: Any, start: Any, stop: Any, *form: Any) -> list[bytes]:
        return self.zrange(key, start, stop, "REV", *form)

    def zrangebyscore(self, key: Any, low: Any, high: Any, *form: Any) -> list[bytes]:
        items: SortedSet = self.get(key) or SortedSet()
        least, most = _score(low), _score(high)
        found = [member for member in items.ordered() if least <= items[member] <= most]
        if form and form[0] in ("LIMIT", b"LIMIT") and len(form) == 3:
            return found[int(form[1]) : int(form[1]) + int(form[2])]
        if form:
            raise UnknownCommand("ZRANGEBYSCORE with further options")
        return found

    def zremrangebyscore(self, key: Any, low: Any, high: Any) -> int:
        gone = self.zrangebyscore(key, low, high)
        return self.zrem(key, *gone) if gone else 0

    def zremrangebyrank(self, key: Any, start: Any, stop: Any) -> int:
        gone = self.zrange(key, start, stop)
        return self.zrem(key, *gone) if gone else 0

    # streams

    def xadd(self, key: Any, *form: Any) -> bytes:
        words = list(form)
        keep = None
        if words[0] in ("MAXLEN", b"MAXLEN"):
            del words[0]
            if words[0] in ("~", b"~"):
                del words[0]
            keep = int(words.pop(0))
        if words.pop(0) not in ("*", b"*"):
            raise UnknownCommand("XADD with an id")
        entries = self._of(key, Stream)
        self._entries += 1
        entry_id = f"{round(self._time() * 1000)}-{self._entries}".encode()
        entries.append((entry_id, dict(zip(map(encoded, words[::2]), map(encoded, words[1::2]), strict=True))))
        if keep is not None:
            del entries[:-keep]
        return entry_id

    def xrevrange(self, key: Any, high: Any, low: Any, *form: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
        if (high, low) != ("+", "-") or (form and (form[0] not in ("COUNT", b"COUNT") or len(form) != 2)):
            raise UnknownCommand("XREVRANGE of a part")
        newest_first = list(reversed(self.get(key) or Stream()))
        return newest_first[: int(form[1])] if form else newest_first

    def xlen(self, key: Any) -> int:
        return len(self.get(key) or ())

    # the connection

    def info(self, *section: Any) -> dict[str, str]:
        return {"redis_version": "7.2.0"}

    def done(self, *arguments: Any) -> bool:
        """Nobody else writes here, so there is nothing to watch, and nothing to name."""
        return True


def _between(items: list[bytes], start: int, stop: int) -> list[bytes]:
    return items[start:] if stop == -1 else items[start : stop + 1]


def _score(bound: Any) -> float:
    text = bound.decode() if isinstance(bound, bytes) else str(bound)
    try:
        return float(text)
    except ValueError:
        raise UnknownCommand(f"the score {text!r}") from None


_COMMANDS: dict[str, Callable[..., Any]] = {
    name.upper(): getattr(Keyspace, name)
    for name in (
        "delete", "exists", "expire", "persist", "hset", "hget", "hgetall", "hexists", "hdel", "hincrby",
        "hincrbyfloat", "rpush", "lpush", "lpop", "llen", "lrange", "lrem", "lpos", "sadd", "srem", "smembers", "scard",
        "zadd", "zrem", "zcard", "zscore", "zrange", "zrevrange", "zrangebyscore", "zremrangebyscore",
        "zremrangebyrank", "xadd", "xrevrange", "xlen", "info",
    )
}  # fmt: skip
_COMMANDS |= {
    "DEL": Keyspace.delete,
    "GET": Keyspace.read,
    "SET": Keyspace.write,
    **dict.fromkeys(("WATCH", "UNWATCH", "PING", "CLIENT SETNAME"), Keyspace.done),
}
