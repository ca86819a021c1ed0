"""Dramatiq's result and rate limiter back ends that live on a server, kept in memory for the length of a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from dramatiq.rate_limits.backends.stub import StubBackend as LimitsInMemory
from dramatiq.results.backend import ResultBackend
from dramatiq.results.backends.stub import StubBackend as ResultsInMemory
from dramatiq.results.errors import ResultMissing, ResultTimeout

Replace = Callable[[Any, str, Any], Any]

_SERVERS = ("redis", "memcached")
_LIMITS = ("add", "incr", "decr", "incr_and_sum", "wait_notify")


def keep_in_memory(replace: Replace) -> None:
    """Let every back end of a server keep what it is given in memory, and no result be waited for."""
    # Any: these parts of Dramatiq have no types
    make_results: Any = ResultsInMemory
    make_limits: Any = LimitsInMemory
    results, limits = make_results(), make_limits()
    results.results = {}
    for backend in _loaded_classes("dramatiq.results.backends"):
        replace(backend, "_get", _results_get(results))
        replace(backend, "_store", _results_store(results))
    for backend in (ResultBackend, *_loaded_classes("dramatiq.results.backends")):
        replace(backend, "get_result", _at_once(ResultBackend.get_result))
    for backend in _loaded_classes("dramatiq.rate_limits.backends"):
        for name in _LIMITS:
            replace(backend, name, _limit(limits, name))
        replace(backend, "wait", _not_waited_for)


def _loaded_classes(package: str) -> Iterator[Any]:
    for server in _SERVERS:
        module = sys.modules.get(f"{package}.{server}")
        if module is not None:
            yield getattr(module, f"{server.capitalize()}Backend")


def _results_get(memory: Any) -> Callable[..., Any]:
    return lambda backend, key: memory._get(key)


def _results_store(memory: Any) -> Callable[..., None]:
    def store(backend: Any, key: str, result: Any, ttl: int) -> None:
        # encoded by the user's encoder, so that what cannot be stored fails here too
        memory._store(key, backend.encoder.decode(backend.encoder.encode(result)), ttl)

    return store


def _limit(memory: Any, name: str) -> Callable[..., Any]:
    operation = getattr(memory, name)
    return lambda backend, *arguments, **options: operation(*arguments, **options)


def _not_waited_for(backend: Any, key: str, timeout: int) -> bool:
    """Whether a barrier was opened meanwhile: nobody else runs, so it was not."""
    return False


def _at_once(get_result: Callable[..., Any]) -> Callable[..., Any]:
    """Nobody performs a job while this thread waits, so a result that is not there yet has timed out."""

    def get(backend: Any, message: Any, *, block: bool = False, timeout: int | None = None) -> Any:
        try:
            return get_result(backend, message, block=False)
        except ResultMissing as missing:
            if not block:
                raise
            timed_out: Any = ResultTimeout
            raise timed_out(message) from missing

    return get
