"""The class `datetime` as APScheduler's modules see it: its present moment is the engine's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any


class _OfAnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def engine_datetime(time: Callable[[], float]) -> Any:
    """A stand-in for the class that makes plain datetimes.

    Args:
        time: the engine's instant in epoch seconds.
    """

    class EngineDatetime(metaclass=_OfAnyDatetime):
        fromtimestamp = datetime.fromtimestamp
        combine = datetime.combine

        @staticmethod
        def now(tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(time(), tz)

    return EngineDatetime
