"""Huey's own storage in memory, which hands each message on as it comes in and lets nobody wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from huey.storage import BaseStorage, MemoryStorage  # type: ignore[import-untyped]  # Huey has no types

from jobkit.clock import Clock

# Any: Huey has no types
_MemoryStorage: Any = MemoryStorage


class EngineStorage(_MemoryStorage):  # type: ignore[misc]  # a class without types
    """What one Huey instance has stored during a test.

    Args:
        real: the storage that the application has; what that one refuses is refused here.
        clock: the engine's, for keys that expire.
        stored: called with this, the bytes and the priority for a message that enters the queue, and with the time in
            place of the priority for one that enters the schedule.
    """

    def __init__(
        self,
        real: BaseStorage,
        clock: Clock,
        queued: Callable[[EngineStorage, bytes, float | None], bool],
        scheduled: Callable[[EngineStorage, bytes, datetime], bool],
    ) -> None:
        super().__init__(real.name)
        self._real = real
        self._clock = clock
        self._queued_one = queued
        self._scheduled_one = scheduled
        self._expires: dict[Any, float] = {}

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        if priority and not self._real.priority:
            raise NotImplementedError(
                f"Task priorities are not supported by {type(self._real).__name__}: use PriorityRedisHuey, "
                "or leave the priority out"
            )
        if self._queued_one(self, data, priority):
            super().enqueue(data, priority)

    def add_to_schedule(self, data: bytes, ts: datetime) -> None:
        if self._scheduled_one(self, data, ts):
            super().add_to_schedule(data, ts)

    def take(self, data: bytes) -> bool:
        """Take a message out of the queue or the schedule; whether it was there."""
        for entries in (self._queue, self._schedule):
            for entry in entries:
                if entry[-1] == data:
                    entries.remove(entry)
                    return True
        return False

    def wait_result(
        self, key: Any, timeout: float | None = None, backoff: float = 1.15, max_delay: float = 1.0
    ) -> bool:
        """Whether the result is there; nobody performs a task while this thread waits, so it never waits."""
        return bool(self.has_data_for_key(key))

    def put_if_empty(self, key: Any, value: Any, ttl: float | None = None) -> bool:
        stored = bool(super().put_if_empty(self._present(key), value))
        if stored and ttl is not None:
            self._expires[key] = self._clock.time() + ttl
        return stored

    def put_data(self, key: Any, value: Any, is_result: bool = False) -> None:
        self._expires.pop(key, None)
        super().put_data(key, value, is_result)

    def peek_data(self, key: Any) -> Any:
        return super().peek_data(self._present(key))

    def pop_data(self, key: Any) -> Any:
        return super().pop_data(self._present(key))

    def has_data_for_key(self, key: Any) -> bool:
        return bool(super().has_data_for_key(self._present(key)))

    def _present(self, key: Any) -> Any:
        """`key`, after what was stored under it has gone if its time is over."""
        if self._expires.get(key, float("inf")) <= self._clock.time():
            del self._expires[key]
            super().pop_data(key)
        return key
