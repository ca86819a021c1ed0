"""Every Redis client that RQ is given, exchanged for one that stays in the process; the user's own use is not touched.

RQ's objects keep the client in their attribute ``connection``. While a test runs, that attribute gives the stand-in,
for objects that were made at import as well; what the user does with the client elsewhere goes where it always went.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, wraps
from importlib import import_module
from typing import Any

import redis
import rq.executions
import rq.group
import rq.intermediate_queue
import rq.registry
import rq.worker
from redis.client import Pipeline
from rq import Queue
from rq.job import Job

from pytest_jobkit.capture.rq.redis_in_process import RedisInProcess, Server, adopt

Replace = Callable[[Any, str, Any], Any]


def _of_newer_versions(module: str, name: str) -> tuple[Any, ...]:
    """A class that RQ has only had for some versions, or nothing."""
    try:
        return (getattr(import_module(module), name),)
    except ImportError:
        return ()


_HOLDERS: tuple[Any, ...] = (
    Queue,
    Job,
    rq.registry.BaseRegistry,
    rq.worker.BaseWorker,
    rq.group.Group,
    rq.executions.Execution,
    rq.intermediate_queue.IntermediateQueue,
    *_of_newer_versions("rq.rate_limit", "RateLimitRegistry"),
)
_ENQUEUEING = ("enqueue_call", "enqueue_job", "enqueue_many", "schedule_job")


class Connections:
    """The stand-ins of one test, one for each database that the user's clients name.

    Args:
        make_server: called once a database.
        noticed: called with each queue that is used, and its server.
    """

    def __init__(self, make_server: Callable[[], Server], noticed: Callable[[Queue, Server], None]) -> None:
        self._make_server = make_server
        self._noticed = noticed
        self._servers: dict[tuple[Any, ...], Server] = {}
        # the user's client beside its stand-in, so that its id stays taken
        self._clients: dict[int, tuple[Any, RedisInProcess]] = {}

    def install(self, replace: Replace) -> None:
        """Let RQ see stand-ins from now on."""
        for holder in _HOLDERS:
            replace(holder, "connection", self._attribute(self._noticed if holder is Queue else None))
        for owner, name, place in _class_methods():
            replace(owner, name, self._mapped(getattr(owner, name), place))
        for name in _ENQUEUEING:
            replace(Queue, name, self._adopting(vars(Queue)[name]))

    def stand_in(self, client: Any) -> Any:
        """What RQ gets in place of `client`."""
        # the classes of redis-py are protocols, and asking whether something is one is slow
        if type(client) is RedisInProcess:
            return client
        known = self._clients.get(id(client))
        if known is None:
            if not isinstance(client, redis.Redis) or isinstance(client, Pipeline):
                return client
            options = client.connection_pool.connection_kwargs
            database = tuple(options.get(name) for name in ("path", "host", "port", "db"))
            server = self._servers.get(database)
            if server is None:
                server = self._servers[database] = self._make_server()
            known = self._clients[id(client)] = client, RedisInProcess(server)
        return known[1]

    def _attribute(self, noticed: Callable[[Any, Server], None] | None) -> property:
        def get(holder: Any) -> Any:
            try:
                client = holder.__dict__["connection"]
            except KeyError:
                raise AttributeError("connection") from None
            stand_in = self.stand_in(client)
            if noticed is not None and type(stand_in) is RedisInProcess:
                noticed(holder, stand_in.server)
            return stand_in

        def put(holder: Any, client: Any) -> None:
            holder.__dict__["connection"] = client

        return property(get, put)

    def _mapped(self, method: Callable[..., Any], place: int) -> classmethod[Any, Any, Any]:
        function = method.__func__  # type: ignore[attr-defined]  # a bound class method

        @wraps(function)
        def call(owner: Any, *arguments: Any, **options: Any) -> Any:
            if "connection" in options:
                options["connection"] = self.stand_in(options["connection"])
            elif len(arguments) > place:
                arguments = (*arguments[:place], self.stand_in(arguments[place]), *arguments[place + 1 :])
            return function(owner, *arguments, **options)

        return classmethod(call)

    def _adopting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(queue: Queue, *arguments: Any, **options: Any) -> Any:
            pipeline = options.get("pipeline")
            if isinstance(pipeline, Pipeline):
                connection: Any = queue.connection
                adopt(pipeline, connection.server)
            return method(queue, *arguments, **options)

        return call


@lru_cache(1)
def _class_methods() -> list[tuple[Any, str, int]]:
    """RQ's class methods that take a connection, and the place where they take it."""
    found = []
    for owner in _HOLDERS:
        for name, value in vars(owner).items():
            if isinstance(value, classmethod):
                names = list(inspect.signature(value.__func__).parameters)[1:]
                if "connection" in names:
                    found.append((owner, name, names.index("connection")))
    return found
