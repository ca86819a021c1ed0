"""Counters and timings, as a StatsD client has them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Metrics:
    """What was counted and timed."""

    counts: Counter[str] = field(default_factory=Counter)
    timings: dict[str, list[float]] = field(default_factory=dict)

    def increment(self, name: str) -> None:
        """Count one."""
        self.counts[name] += 1

    def timing(self, name: str, seconds: float) -> None:
        """Note a duration."""
        self.timings.setdefault(name, []).append(seconds)
