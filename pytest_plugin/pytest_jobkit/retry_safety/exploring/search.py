"""What both ways of searching share: the budget, the faults that fit a delivery, and what a search has found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from jobkit.clock import elapsed
from pytest_jobkit.retry_safety.effects.ledger import Entry
from pytest_jobkit.retry_safety.effects.record import Effect, State
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind, Schedule
from pytest_jobkit.retry_safety.exploring.scene import Delivered
from pytest_jobkit.retry_safety.judging.findings import Finding, judge
from pytest_jobkit.retry_safety.judging.observation import Final
from pytest_jobkit.retry_safety.setup import Budget, Setup


class Tried(StrEnum):
    """What became of one fault in the first delivery; a cell of the grid gap × kind."""

    SAFE = "safe"
    MERGED = "merged"  # it leaves a state that another fault has left before
    FAILED = "failed"
    NOT_FIRED = "not reached"
    SKIPPED = "skipped"  # it equals another fault: `after` on what changes nothing by itself
    SAMPLED = "left out"  # a repeated iteration of a loop
    PENDING = "not tried"  # the budget ended first


@dataclass(slots=True)
class Failure:
    """A schedule that somebody would notice."""

    schedule: Schedule
    findings: list[Finding]
    also: list[Schedule] = field(default_factory=list)


@dataclass(slots=True)
class Search:
    """What a search has found out so far.

    Attributes:
        failures: schedules that fail, in the order in which they were met.
        states: distinct durable states that a delivery can start in.
        deliveries: single deliveries.
        runs: whole schedules (bounded search only).
        merged: how often a state was met again.
        unstable: faults that did not strike although the trace had promised it.
        complete: the number of faults for which every schedule was tried; None if there is no limit.
        closed: whether every sequence of faults, of any length, is covered.
        partial: the share of the schedules with one fault more than `complete` that was tried before the budget ended.
        cells: what became of each fault of the first delivery.
        exhausted: whether the budget ended before everything asked for was tried.
        most: by channel, the most effects that a schedule had beyond the run without faults.
        least: by channel, the most that a schedule lacked.
        growing: data that is different after each failed delivery, if the search does not close.
    """

    failures: list[Failure] = field(default_factory=list)
    states: int = 0
    deliveries: int = 0
    runs: int = 0
    merged: int = 0
    unstable: int = 0
    complete: int | None = 0
    closed: bool = False
    partial: float = 0.0
    cells: dict[Fault, Tried] = field(default_factory=dict)
    exhausted: bool = False
    growing: str = ""
    most: Counter[str] = field(default_factory=Counter)
    least: Counter[str] = field(default_factory=Counter)

    def judge(self, setup: Setup, goal: Final, final: Final) -> list[Finding]:
        """Judge one end, and note what the policies allow all the same."""
        goal = final.compared_with or goal
        if goal.counts != final.counts:
            _note_extremes(self.most, final.counts - goal.counts)
            _note_extremes(self.least, goal.counts - final.counts)
        return judge(setup, goal, final)


def _note_extremes(extremes: Counter[str], counts: Counter[Entry]) -> None:
    by_channel: Counter[str] = Counter()
    for entry, count in counts.items():
        by_channel[entry.channel] += count
    extremes |= by_channel


class Meter:
    """Counts deliveries and time against the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._started = elapsed()
        self.deliveries = 0

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.deliveries >= self._budget.deliveries or self.seconds >= self._budget.seconds

    @property
    def seconds(self) -> float:
        """Since the check began."""
        return elapsed() - self._started


def fitting_faults(
    setup: Setup, delivered: Delivered, late: bool, start: int = 0, cells: dict[Fault, Tried] | None = None
) -> Iterator[Fault]:
    """The faults that fit a delivery as it went, the simplest first.

    Args:
        setup: the kinds.
        delivered: the delivery without the fault.
        late: whether redeliveries also come late. They always come as well when a lease that was taken has run out.
        start: the first effect that may break.
        cells: notes the faults that are left out, and why.
    """
    number, effects = delivered.number, delivered.effects
    chosen = sampled_positions(effects, setup.collapse)
    leases = sorted({int(effect.ttl) + 1 for effect in effects if effect.ttl is not None})
    delays = tuple(dict.fromkeys([*setup.delays(late), *leases]))
    for kind in setup.kinds.kinds:
        if kind is FaultKind.NOACK:
            if delivered.acknowledged:
                for delay in delays:
                    yield Fault(number, len(effects), kind, delay)
            continue
        if kind is FaultKind.DUP:
            if delivered.acknowledged:
                for at in range(len(setup.later) + 1):
                    for delay in delays:
                        yield Fault(number, at, kind, delay)
            continue
        if kind is FaultKind.INTERLEAVE:
            continue  # a search of its own
        for effect in effects[start:]:
            if effect.state is State.CLEANUP:
                continue
            fault = Fault(number, effect.index, kind)
            if effect.index not in chosen:
                note(cells, fault, Tried.SAMPLED)
            elif kind is FaultKind.AFTER and not effect.durable and not setup.every_after:
                note(cells, fault, Tried.SKIPPED)
            elif kind is FaultKind.WRONG:
                for choice in range(len(setup.wrong.get(effect.channel, ()))):
                    yield fault._replace(choice=choice)
            else:
                yield fault
                if kind in (FaultKind.KILL, FaultKind.ZOMBIE):
                    for delay in delays[1:]:
                        yield fault._replace(delay=delay)


def note(cells: dict[Fault, Tried] | None, fault: Fault, tried: Tried) -> None:
    """Write into the grid of the first delivery."""
    if cells is not None and fault.delivery == 1:
        cells[fault] = tried


def sampled_positions(effects: list[Effect], collapse: int) -> set[int]:
    """The effects to break: all, or of those that repeat at one place only the first, the second and the last."""
    if not collapse:
        return {effect.index for effect in effects}
    places: dict[tuple[str, int], list[int]] = {}
    for effect in effects:
        places.setdefault((effect.place, effect.line), []).append(effect.index)
    return {
        index
        for visits in places.values()
        for index in (visits if len(visits) <= collapse else [*visits[: collapse - 1], visits[-1]])
    }
