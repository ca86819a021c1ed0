"""The captured frameworks' own schedules (Celery beat, Huey's periodic tasks, arq's cron ...) on the engine's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_jobkit.capture.base import Recurring
from pytest_jobkit.capture.installed import InstalledCaptures

if TYPE_CHECKING:
    from jobkit.engine import Engine


class _Waiting(NamedTuple):
    at: float
    entry: Recurring


class FrameworkSchedules:
    """Fires entries as the engine's clock passes their times, as each framework's scheduler process does.

    Args:
        captures: whose entries they are; they are looked up once, here.
        now: the present instant (epoch seconds): what lay before it has been missed.
    """

    def __init__(self, captures: InstalledCaptures, now: float) -> None:
        self._waiting: list[_Waiting] = []
        for capture in captures:
            for entry in capture.recurring():
                self._wait(entry, now)

    def _wait(self, entry: Recurring, instant: float) -> None:
        at = entry.next_after(instant)
        if at is not None:
            self._waiting.append(_Waiting(at, entry))

    @property
    def names(self) -> tuple[str, ...]:
        """The entries that will fire, the next one first."""
        return tuple(waiting.entry.name for waiting in sorted(self._waiting, key=lambda one: one.at))

    @property
    def next_due(self) -> float | None:
        """When an entry fires next, in epoch seconds."""
        return min((waiting.at for waiting in self._waiting), default=None)

    def fire(self, engine: Engine) -> None:
        """Fire what is due at the engine's time."""
        now = engine.clock.time()
        due = sorted((waiting for waiting in self._waiting if waiting.at <= now), key=lambda one: one.at)
        self._waiting = [waiting for waiting in self._waiting if waiting.at > now]
        for waiting in due:
            waiting.entry.fire()
            self._wait(waiting.entry, now)
