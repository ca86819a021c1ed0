"""A Redis that lives inside the test: the client and the pipeline that RQ gets in place of the user's.

Ordinary commands run on a `Keyspace`, at a fraction of what a server's protocol costs. The first one that is not
known there (a Lua script, most often: rate limits, unique jobs, emptying a queue) moves everything to fakeredis, where
the test stays.
"""

from __future__ import annotations

import inspect
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import redis
from redis.client import CaseInsensitiveDict, Pipeline

from jobkit.clock import Clock
from jobkit.errors import ConfigError
from pytest_jobkit.capture.engine_time import EngineTime, loaded_modules
from pytest_jobkit.capture.rq.keyspace import Keyspace, SortedSet, Stream, UnknownCommand

QUEUE_PREFIX = b"rq:queue:"
SCHEDULED_PREFIX = b"rq:scheduled:"
Replace = Callable[[Any, str, Any], Any]
Arrived = Callable[["Server", str, str, float | None, bool], None]


class Server:
    """What one Redis database holds, and what has arrived in its queues.

    Args:
        clock: the engine's.
        replace: sets an attribute for the length of the test.
        arrived: called with (this, queue, job id, due or None, whether at the front), after the batch of commands in
            which a job entered a queue or the schedule.
    """

    def __init__(
        self, clock: Clock, replace: Replace, arrived: Callable[[Server, str, str, float | None, bool], None]
    ) -> None:
        self._clock = clock
        self._replace = replace
        self._arrived = arrived
        self._arrivals: deque[tuple[str, str, float | None, bool]] = deque()
        self._fake: Any = None
        self._seen: dict[bytes, Any] = {}
        self.keys = Keyspace(clock.time, self._pushed, self._scored)

    def run(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The reply to one command."""
        if self._fake is None:
            try:
                return self.keys.run(arguments[0], arguments[1:])
            except UnknownCommand:
                self._move_to_fakeredis()
        options.pop("keys", None)
        return self._fake.execute_command(*arguments, **options)

    def finish(self) -> None:
        """The batch is over: report what has arrived."""
        if self._fake is not None:
            self._compare()
        while self._arrivals:
            self._arrived(self, *self._arrivals.popleft())

    def _pushed(self, key: bytes, member: bytes, at_front: bool) -> None:
        if key.startswith(QUEUE_PREFIX) and not key.endswith(b":intermediate"):
            self._arrivals.append((key[len(QUEUE_PREFIX) :].decode(), member.decode(), None, at_front))

    def _scored(self, key: bytes, member: bytes, score: float) -> None:
        if key.startswith(SCHEDULED_PREFIX):
            self._arrivals.append((key[len(SCHEDULED_PREFIX) :].decode(), member.decode(), score, False))

    def _move_to_fakeredis(self) -> None:
        try:
            import fakeredis
        except ImportError:
            raise ConfigError(
                "RQ runs a Lua script here (rate_limit, unique, Queue.empty ... need one), and that takes a whole "
                "Redis: install fakeredis[lua], which the test will then use by itself"
            ) from None
        engine_time = EngineTime(self._clock)
        for module in loaded_modules("fakeredis"):
            if inspect.ismodule(vars(module).get("time")):
                self._replace(module, "time", engine_time)
        self._fake = fakeredis.FakeStrictRedis(server=fakeredis.FakeServer())
        for key, value in self.keys.values.items():
            if self.keys.get(key) is not None:
                self._copy(key, value)
        for key, instant in self.keys.expires.items():
            self._fake.pexpire(key, max(1, round((instant - self._clock.time()) * 1000)))
        self._seen = self._queued()

    def _copy(self, key: bytes, value: Any) -> None:
        if isinstance(value, SortedSet):
            self._fake.zadd(key, dict(value))
        elif isinstance(value, Stream):
            for entry_id, fields in value:
                self._fake.xadd(key, fields, id=entry_id)
        elif isinstance(value, dict):
            self._fake.hset(key, mapping=value)
        elif isinstance(value, deque):
            self._fake.rpush(key, *value)
        elif isinstance(value, set):
            self._fake.sadd(key, *value)
        else:
            self._fake.set(key, value)

    def _queued(self) -> dict[bytes, Any]:
        """The ids in each queue and in each schedule, as fakeredis has them now."""
        found: dict[bytes, Any] = {}
        for key in self._fake.smembers("rq:queues"):
            scheduled = SCHEDULED_PREFIX + key[len(QUEUE_PREFIX) :]
            found[key] = self._fake.lrange(key, 0, -1)
            found[scheduled] = dict(self._fake.zrange(scheduled, 0, -1, withscores=True))
        return found

    def _compare(self) -> None:
        """A script does not say what it pushed: find out what is new."""
        before, now = self._seen, self._queued()
        self._seen = now
        for key, ids in now.items():
            if isinstance(ids, dict):
                known = before.get(key, {})
                for member in sorted(ids, key=lambda one: (ids[one], one)):
                    if known.get(member) != ids[member]:
                        self._scored(key, member, ids[member])
                continue
            rest = Counter(before.get(key, ()))
            new, last_old = [], -1
            for place, member in enumerate(ids):
                if rest[member]:
                    rest[member] -= 1
                    last_old = place
                else:
                    new.append((place, member))
            for place, member in sorted(new, key=lambda one: -one[0] if one[0] < last_old else one[0]):
                self._pushed(key, member, place < last_old)


class RedisInProcess(redis.Redis):
    """A client of a `Server`; what it does not know about connections it does not need."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection_pool = redis.ConnectionPool()
        self.connection = None
        self.auto_close_connection_pool = False
        self.single_connection_client = False
        self.response_callbacks = CaseInsensitiveDict({})

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return self.server.run(args, options)
        finally:
            self.server.finish()

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> PipelineInProcess:
        return PipelineInProcess.on(self.server, self.connection_pool, transaction)


class PipelineInProcess(Pipeline):
    """A pipeline whose commands run on a `Server`, one after the other, when it is executed."""

    server: Server

    @classmethod
    def on(cls, server: Server, pool: redis.ConnectionPool, transaction: bool) -> PipelineInProcess:
        """A pipeline of `server`; the pool is never used, but redis-py asks it how to encode."""
        pipeline = cls(pool, {}, transaction, None)
        pipeline.server = server
        return pipeline

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> PipelineInProcess:
        return self.on(self.server, self.connection_pool, transaction)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "WATCH":
            self.watching = True
        elif args[0] == "UNWATCH":
            self.watching = False
        try:
            return self.server.run(args, options)
        finally:
            self.server.finish()

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        if self.scripts:
            self.load_scripts()  # type: ignore[no-untyped-call]  # redis-py gives it no types
        stack, self.command_stack = self.command_stack, []
        replies: list[Any] = []
        try:
            for arguments, options in stack:
                try:
                    replies.append(self.server.run(arguments, dict(options)))
                except redis.ResponseError as error:
                    if raise_on_error:
                        raise
                    replies.append(error)
        finally:
            self.reset()
            self.server.finish()
        return replies

    def reset(self) -> None:  # type: ignore[override]  # as redis-py's own Pipeline has it
        self.command_stack = []
        self.scripts = set()
        self.watching = False
        self.explicit_transaction = False


def adopt(pipeline: Pipeline, server: Server) -> None:
    """Let a pipeline that the user made on a client of theirs, and handed to RQ, run on `server`."""
    if not isinstance(pipeline, PipelineInProcess):
        pipeline.__class__ = PipelineInProcess
        pipeline.server = server  # type: ignore[attr-defined]  # it is one of ours now
