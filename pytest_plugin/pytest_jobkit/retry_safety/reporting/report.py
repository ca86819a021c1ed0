"""What a check has found out, as a value. Everything that people read is made from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_jobkit.retry_safety.exploring.faults import Schedule, encode
from pytest_jobkit.retry_safety.exploring.search import Failure, Search
from pytest_jobkit.retry_safety.judging.findings import Finding

if TYPE_CHECKING:
    from pytest_jobkit.retry_safety.exploring.bounded import Run
    from pytest_jobkit.retry_safety.setup import Setup


class Verdict(StrEnum):
    """The one word."""

    SAFE = "safe"
    UNSAFE = "not retry-safe"
    INCOMPLETE = "incomplete"  # the budget ended before everything asked for was tried
    NOT_DETERMINISTIC = "not deterministic"  # two undisturbed runs differ: nothing can be compared
    BROKEN = "fails without any fault"
    VACUOUS = "nothing to compare"  # no effect, no row, no observed value


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel's ledger over all schedules.

    Attributes:
        effects: external effects of the run without faults.
        duplicates: the most that any schedule had beyond that.
        missing: the most that any schedule lacked.
    """

    effects: int = 0
    duplicates: int = 0
    missing: int = 0


@dataclass(slots=True)
class Report:
    """The answer of one check.

    Attributes:
        setup: what was asked.
        verdict: the one word.
        base: the run without faults.
        failure: the first failing schedule, the smallest there is; None if none was found.
        run: the failing schedule, run once more from a fresh world.
        search: coverage and counts.
        orders: coverage and counts of the orders of deliveries at once, if those were tried.
        how: which search, and why not the stronger one.
        channels: the ledger by channel.
        notes: what the reader should know: what was left out of the comparison, what is sampled.
        problems: for verdicts without a search: what differs or fails, and usual causes.
        seconds: how long the check took.
    """

    setup: Setup
    verdict: Verdict
    base: Run
    failure: Failure | None = None
    run: Run | None = None
    search: Search = field(default_factory=Search)
    orders: Search | None = None
    how: str = ""
    channels: dict[str, ChannelReport] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def safe(self) -> bool:
        """Whether everything asked for was tried, and nobody could tell any schedule from the run without faults."""
        return self.verdict is Verdict.SAFE

    @property
    def closed(self) -> bool:
        """Whether every sequence of faults, of any length, is covered, and every order of deliveries at once."""
        return self.search.closed and (self.orders is None or self.orders.closed)

    @property
    def complete(self) -> int | None:
        """The number of faults up to which every schedule was tried; None if that has no limit."""
        return self.search.complete

    @property
    def schedule(self) -> str | None:
        """The replay string of the first failing schedule."""
        return encode(self.failure.schedule) if self.failure else None

    @property
    def faults(self) -> Schedule:
        """The first failing schedule; empty if there is none."""
        return self.failure.schedule if self.failure else ()

    @property
    def findings(self) -> list[Finding]:
        """What tells the failing schedule from the run without faults."""
        return self.failure.findings if self.failure else []

    @property
    def failing_kinds(self) -> list[str]:
        """The kinds that end the failing schedules found, each listed where no simpler kind leaves the same state."""
        return sorted({str(failure.schedule[-1].kind) for failure in self.search.failures})

    def channel(self, name: str) -> ChannelReport:
        """The ledger of one channel; zeros if the job has not used it."""
        return self.channels.get(name, ChannelReport())

    def __bool__(self) -> bool:
        return self.safe

    def __str__(self) -> str:
        from pytest_jobkit.retry_safety.reporting.rendering import render

        return render(self)


def channel_reports(base: Counter[str], most: Counter[str], least: Counter[str]) -> dict[str, ChannelReport]:
    """Ledger lines from counts by channel: without faults, at most beyond, at most lacking."""
    return {name: ChannelReport(base[name], most[name], least[name]) for name in sorted({*base, *most, *least})}
