"""The oracle: whether anybody could tell the end of a run from the end of one without faults, and by what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pytest_jobkit.retry_safety.effects.ledger import Entry
from pytest_jobkit.retry_safety.judging.differences import ABSENT, Difference, table_differences, value_differences
from pytest_jobkit.retry_safety.judging.observation import Final
from pytest_jobkit.retry_safety.setup import Setup

_HOLDS_SOMETHING = re.compile(r"lock|lease|mutex|semaphore|outbox|claim|te?mp", re.IGNORECASE)


class FindingKind(StrEnum):
    """What is wrong, in the order of the report; the first one gives the headline."""

    DEADLOCK = "deadlock"
    NEVER_FINISHES = "never finishes"
    DISCARDED = "discarded"
    STATE = "state"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    DIFFERENT = "different"
    KEY_CONFLICT = "same key, different body"
    LEFTOVER = "left over"
    BROKEN = "assertion"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs from the run without faults.

    Attributes:
        kind: what sort of difference.
        place: where: a ledger entry, a table's row, a path in the observed value.
        wanted: what is there without faults; for the ledger a count.
        found: what is there now.
        entry: the ledger entry, if it is about one.
    """

    kind: FindingKind
    place: str
    wanted: Any = None
    found: Any = None
    entry: Entry | None = None

    def __str__(self) -> str:
        match self.kind:
            case FindingKind.DEADLOCK | FindingKind.NEVER_FINISHES | FindingKind.DISCARDED | FindingKind.BROKEN:
                return f"{self.kind}: {self.place}"
            case FindingKind.DUPLICATE | FindingKind.MISSING:
                return f"{self.kind} {self.place}: {self.wanted} -> {self.found}"
            case _:
                return f"{self.kind} {self.place}: {self.wanted!r} -> {self.found!r}"


def deadlock(waiting: list[str]) -> Finding:
    """Deliveries at once that wait for each other; `waiting` says for what, one sentence each."""
    return Finding(FindingKind.DEADLOCK, "; ".join(waiting))


def judge(setup: Setup, goal: Final, final: Final) -> list[Finding]:
    """Everything that tells `final` from `goal`; empty if nobody could tell."""
    goal = final.compared_with or goal
    if goal.equals(final) and not final.conflicts:
        return []
    return list(_findings(setup, goal, final))


def _findings(setup: Setup, goal: Final, final: Final) -> Iterator[Finding]:
    if not final.done:
        yield _not_done(final)
    for difference in [
        *table_differences(goal.tables, final.tables),
        *value_differences(goal.data, final.data),
        *(() if final.broken else value_differences(goal.observed, final.observed)),
    ]:
        yield _state(difference)
    yield from _ledger(setup, goal, final)
    for conflict in final.conflicts:
        if conflict not in goal.conflicts:
            place = f"{conflict.entry} key={conflict.key}"
            yield Finding(FindingKind.KEY_CONFLICT, place, conflict.first, conflict.second, conflict.entry)
    for difference in table_differences(goal.leftovers, final.leftovers):
        if difference.wanted is ABSENT and _HOLDS_SOMETHING.search(difference.place):
            yield Finding(FindingKind.LEFTOVER, difference.place, difference.wanted, difference.found)
    if final.broken is not None:
        yield Finding(FindingKind.BROKEN, str(final.broken) or "an assertion of the observer does not hold")


def _not_done(final: Final) -> Finding:
    last = final.last
    if last.acknowledged:
        why = last.outcome.reason or _error(last.outcome.error)
        return Finding(FindingKind.DISCARDED, f"{last.outcome.kind} {why}".strip())
    return Finding(FindingKind.NEVER_FINISHES, f"{last.number} deliveries, the last: {_error(last.outcome.error)}")


def _error(error: BaseException | None) -> str:
    return "no error" if error is None else f"{type(error).__name__}: {error}"


def _state(difference: Difference) -> Finding:
    left_over = difference.wanted is ABSENT and _HOLDS_SOMETHING.search(difference.place)
    kind = FindingKind.LEFTOVER if left_over else FindingKind.STATE
    return Finding(kind, difference.place, difference.wanted, difference.found)


def _ledger(setup: Setup, goal: Final, final: Final) -> Iterator[Finding]:
    more: list[tuple[Entry, int, int]] = []
    fewer: list[tuple[Entry, int, int]] = []
    for entry in dict.fromkeys([*goal.counts, *final.counts]):
        wanted, found = goal.counts[entry], final.counts[entry]
        if found > wanted and not setup.policy(entry.channel).allows_more:
            more.append((entry, wanted, found))
        if found < wanted and not setup.policy(entry.channel).allows_fewer:
            fewer.append((entry, wanted, found))
    for entry, wanted, found in list(more):
        if wanted:
            continue
        twin = next((lost for lost in fewer if lost[0][:2] == entry[:2] and lost[2] == 0), None)
        if twin is not None:
            fewer.remove(twin)
            more.remove((entry, wanted, found))
            place = f"{entry.channel} {entry.operation}"
            yield Finding(FindingKind.DIFFERENT, place, twin[0].detail, entry.detail, entry)
    for entry, wanted, found in more:
        yield Finding(FindingKind.DUPLICATE, str(entry), wanted, found, entry)
    for entry, wanted, found in fewer:
        yield Finding(FindingKind.MISSING, str(entry), wanted, found, entry)
