"""When an entry runs, as one of three values that all answer the same question: the instants from a moment on.

Instants are epoch seconds. `origin` is when the process that counts came up; only `EveryTiming` and a `OnceTiming`
with a delay look at it, which is why their runs shift with each deploy, while a cron's do not (spec G.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jobkit.recurring.cron import CronExpression


class Timing(Protocol):
    """What a schedule asks of the timing of an entry."""

    @property
    def counts_from_origin(self) -> bool:
        """Whether the instants move with the origin."""
        ...

    def instants(self, start: float, origin: float) -> Iterator[float]:
        """Every instant from `start` on, strictly increasing."""
        ...


@dataclass(frozen=True, slots=True)
class CronTiming:
    """At the instants of a cron expression."""

    expression: CronExpression

    @property
    def counts_from_origin(self) -> bool:
        return False

    def instants(self, start: float, origin: float) -> Iterator[float]:
        return self.expression.instants(start)


@dataclass(frozen=True, slots=True)
class EveryTiming:
    """Each `period` seconds, the first time `first` seconds after the origin (default: one period after).

    `after_last_run` tells ``interval`` from ``every``: a late run moves all the later ones, instead of being caught up
    on a fixed grid. `first_moment` is an instant for the first run, in place of `first`.
    """

    period: float
    first: float | None = None
    first_moment: float | None = None
    after_last_run: bool = False

    @property
    def counts_from_origin(self) -> bool:
        return self.first_moment is None

    def instants(self, start: float, origin: float) -> Iterator[float]:
        first = self.first_moment
        if first is None:
            first = origin + (self.period if self.first is None else self.first)
        count = max(0, math.ceil((start - first) / self.period) - 1)
        while True:
            instant = first + count * self.period
            if instant >= start:
                yield instant
            count += 1


@dataclass(frozen=True, slots=True)
class OnceTiming:
    """One time: at the instant `moment`, or `delay` seconds after the origin."""

    moment: float | None = None
    delay: float = 0.0

    @property
    def counts_from_origin(self) -> bool:
        return self.moment is None

    def instants(self, start: float, origin: float) -> Iterator[float]:
        instant = origin + self.delay if self.moment is None else self.moment
        if instant >= start:
            yield instant
