"""`at`, `delayed_by` and `immediately`: when a job is due, or when it was performed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from jobkit import ConfigError
from jobkit.record import moment
from pytest_jobkit.matchers.conditions import Difference
from pytest_jobkit.matchers.sighting import Sighting

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

#: seconds by which times may differ where `within` is not given: less than frameworks lose when they round
ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class At:
    """At an instant; a job to run at once has none and never matches."""

    instant: datetime
    within: float
    label: str
    subject: str = field(default="time", init=False)

    @property
    def written(self) -> str:
        return f"at({self.instant.isoformat()}{_tolerance(self.within)})"

    def differences(self, seen: Sighting) -> list[Difference]:
        wanted = f"{self.instant.isoformat()}{_shown_tolerance(self.within)}"
        if seen.at is None:
            return [Difference(self.label, wanted, "at once, no time was given")]
        off = seen.at - self.instant.timestamp()
        if abs(off) <= self.within:
            return []
        found = moment(seen.at).astimezone(self.instant.tzinfo).isoformat()
        return [Difference(self.label, wanted, f"{found}, {shown_seconds(abs(off))} {'late' if off > 0 else 'early'}")]


@dataclass(frozen=True, slots=True)
class DelayedBy:
    """So many seconds after it was enqueued."""

    seconds: float
    within: float
    subject: str = field(default="time", init=False)

    @property
    def written(self) -> str:
        return f"delayed_by({self.seconds:g}{_tolerance(self.within)})"

    def differences(self, seen: Sighting) -> list[Difference]:
        if seen.at is not None and abs(seen.delay - self.seconds) <= self.within:
            return []
        found = "none, it may run at once" if seen.at is None else shown_seconds(seen.delay)
        return [Difference("delay", f"{shown_seconds(self.seconds)}{_shown_tolerance(self.within)}", found)]


@dataclass(frozen=True, slots=True)
class Immediately:
    """Without a delay."""

    subject: str = field(default="time", init=False)
    written: str = field(default="immediately()", init=False)

    def differences(self, seen: Sighting) -> list[Difference]:
        if seen.at is None or seen.delay <= ROUNDING:
            return []
        return [Difference("delay", "none", f"{shown_seconds(seen.delay)}, until {moment(seen.at).isoformat()}")]


def tolerance(within: float, word: str) -> float:
    """`within` in seconds.

    Raises:
        ConfigError: it is negative.
    """
    if within < 0:
        raise ConfigError(f"{word}: within={within!r} is negative; give the seconds by which the time may differ")
    return max(float(within), ROUNDING)


def shown_seconds(seconds: float) -> str:
    """A duration for people: ``90 s`` with minutes, hours or days where that helps."""
    text = f"{round(seconds, 3):,.10g} s" if seconds < 10_000 else f"{seconds:,.0f} s"
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{text} ({seconds / size:.3g} {unit})"
    return text


def _tolerance(within: float) -> str:
    return "" if within <= ROUNDING else f", within={within:g}"


def _shown_tolerance(within: float) -> str:
    return "" if within <= ROUNDING else f" ± {within:g} s"
