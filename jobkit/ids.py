"""Job ids, uuid4 in form: repeatable ones for an engine, and ones that no other process makes for adapters."""

from __future__ import annotations

import itertools
import random
from typing import Protocol

_LAST_GROUP = (1 << 48) - 1
# odd, so that numbers under 2**48 stay different, and large, so that ids that follow each other do not look alike
_SPREAD = 0x9E3779B97F4B


class IdSource(Protocol):
    """What makes the ids of new jobs."""

    def job_id(self) -> str:
        """A fresh id with the form of a uuid4."""
        ...


class EngineIds:
    """The ids of one engine: a beginning of its own, then a count. Two with the same seed make the same ids."""

    def __init__(self, source: random.Random) -> None:
        bits = source.getrandbits
        self._beginning = f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-a{bits(12):03x}-"
        self._next = itertools.count(bits(48)).__next__

    def job_id(self) -> str:
        return f"{self._beginning}{self._next() * _SPREAD & _LAST_GROUP:012x}"


class UniqueIds:
    """Ids from the system's chance, each by itself: forked processes that share the rest of their state differ."""

    def __init__(self) -> None:
        self._bits = random.SystemRandom().getrandbits

    def job_id(self) -> str:
        digits = f"{self._bits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
