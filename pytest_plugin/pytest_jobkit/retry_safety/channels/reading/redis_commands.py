"""What Redis commands do: read, overwrite, or add something with every call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pytest_jobkit.retry_safety.effects.record import ErrorMaker, Mode, Operation


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_READS = _words(
    "get mget exists ttl pttl expiretime pexpiretime keys scan type object memory dump randomkey touch strlen getrange "
    "substr getbit bitcount bitpos hget hgetall hmget hexists hlen hkeys hvals hscan hstrlen hrandfield llen lrange "
    "lindex lpos scard smembers sismember smismember sscan srandmember sinter sunion sdiff zcard zcount zrange "
    "zrangebyscore zrangebylex zrevrange zrevrangebyscore zscore zmscore zrank zrevrank zscan zlexcount zinter zunion "
    "zdiff zrandmember xlen xrange xrevrange xread xpending xinfo pfcount geodist geopos geohash geosearch ping echo "
    "info dbsize time pubsub lastsave evalsha_ro eval_ro fcall_ro sort_ro command json.get json.mget"
)
#: what belongs to the connection and not to the data
CONTROL = _words(
    "watch unwatch multi exec discard auth hello select client config readonly readwrite quit reset script function "
    "subscribe unsubscribe psubscribe punsubscribe wait"
)
#: a second call does not leave what the first one left
_COUNTED = _words(
    "incr incrby incrbyfloat decr decrby append hincrby hincrbyfloat zincrby lpush rpush lpushx rpushx linsert xadd "
    "publish spublish lpop rpop blpop brpop spop zpopmin zpopmax bzpopmin bzpopmax lmove blmove rpoplpush brpoplpush "
    "getdel json.numincrby json.arrappend"
)


@lru_cache(maxsize=4096)
def _operation(name: str, mode: Mode, counted: bool, resource: str, refuse: ErrorMaker, lost: ErrorMaker) -> Operation:
    return Operation(
        "cache", name, mode, external=counted, resource=("redis", resource), refuse=refuse, lose_answer=lost
    )


def word(value: Any) -> str:
    """One part of a command as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)


def redis_operation(commands: Sequence[Sequence[Any]], refuse: ErrorMaker, lost: ErrorMaker) -> tuple[Operation, str]:
    """The operation for one command, or for a pipeline of several, and its data."""
    verbs = [word(command[0]).lower() for command in commands]
    reads = all(verb.split()[0] in _READS or verb.split()[0] in CONTROL for verb in verbs)
    counted = any(verb.split()[0] in _COUNTED for verb in verbs)
    name = verbs[0].upper() if len(verbs) == 1 else f"pipeline {' '.join(verb.upper() for verb in verbs)}"
    keys = [word(command[1]) for command in commands if len(command) > 1]
    detail = " · ".join(" ".join(word(part) for part in command[1:]) for command in commands)
    mode = Mode.READ if reads else Mode.WRITE
    resource = keys[0] if len(set(keys)) == 1 else "*"
    return _operation(name, mode, counted, resource, refuse, lost), detail
