"""In which order a worker looks at its queues: Sidekiq's three modes (spec E.2), and Solid Queue's selectors (E.3).

Pure functions. Randomness comes from a given `random.Random`, so that the same seed gives the same fetches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue that a worker serves. `weight` 0 means that none was given."""

    name: str
    weight: int = 0


class FetchMode(StrEnum):
    """How the order of queues is made, as in Sidekiq."""

    STRICT = "strict"
    RANDOM = "random"
    WEIGHTED = "weighted"


class FetchPlan:
    """The queues of a worker, prepared for fetching.

    Strict if no entry has a weight: always the listed order, so a lower queue is served only when all higher ones
    are empty. Random if every weight is 1. Weighted otherwise, where an entry without a weight counts as 1:
    each name stands `weight` times in a list that is shuffled at every fetch, and only its first place counts.

    >>> plan = FetchPlan([QueueEntry("critical", 3), QueueEntry("default", 2), QueueEntry("low", 1)])
    >>> plan.mode.value, plan.chance_to_be_first("critical")
    ('weighted', 0.5)
    """

    def __init__(self, entries: Iterable[QueueEntry]) -> None:
        entries = tuple(entries)
        weights: dict[str, int] = {}
        given: dict[str, int] = {}
        for entry in entries:
            # A name that is listed twice stands in the list for both, but its last weight decides the mode (Sidekiq).
            weights[entry.name] = weights.get(entry.name, 0) + max(entry.weight, 1)
            given[entry.name] = entry.weight
        if not any(given.values()):
            self.mode = FetchMode.STRICT
        elif all(weight == 1 for weight in given.values()):
            self.mode = FetchMode.RANDOM
        else:
            self.mode = FetchMode.WEIGHTED
        self._weights = weights
        self._names = list(weights)
        self._powers = [(1.0 / weight, name) for name, weight in weights.items()]

    def order(self, source: Random) -> list[str]:
        """The queues for one fetch, first to last; take from the first that is not empty.

        In the weighted mode a name's place is the greatest of `weight` random numbers, which is one random number
        to the power of 1/weight: the same probabilities as to shuffle the expanded list and drop duplicates, at a
        cost that does not grow with the weights. Leaving out empty queues changes no other queue's chances.
        """
        if self.mode is FetchMode.STRICT:
            return self._names.copy()
        uniform = source.random
        places = [(uniform() ** power, name) for power, name in self._powers]
        places.sort(reverse=True)
        return [name for _, name in places]

    def chance_to_be_first(self, name: str) -> float:
        """The probability that a fetch looks at queue `name` first, while all queues are full."""
        if self.mode is FetchMode.STRICT:
            return 1.0 if self._names[:1] == [name] else 0.0
        return self._weights[name] / sum(self._weights.values())


def fetch_order(entries: Iterable[QueueEntry], source: Random) -> list[str]:
    """The order of queues for one fetch, as Sidekiq's; see `FetchPlan`, which is prepared once and used often.

    >>> fetch_order([QueueEntry("critical"), QueueEntry("default"), QueueEntry("critical")], Random(0))
    ['critical', 'default']
    """
    return FetchPlan(entries).order(source)


def select_queues(
    selectors: Sequence[str], existing: Sequence[str], paused: Iterable[str] = ()
) -> list[tuple[str, ...]]:
    """The steps in which a worker with these `selectors` polls, as Solid Queue's: names, ``prefix*``, or ``*``.

    Within a step, jobs of all its queues are taken by priority, then by insertion; the next step comes only when
    the one before is empty. ``*`` anywhere means all, in a single step; but as soon as any queue is paused it is
    one step for each queue. An exact name is polled even if no job of that queue exists.

    Args:
        existing: the queues that hold jobs, in the order in which the store gives them.
        paused: queues to skip.

    >>> select_queues(["mail", "import*"], ["import_b", "mail", "import_a"], paused=["import_b"])
    [('mail',), ('import_a',)]
    """
    paused = set(paused)
    selectors = [selector.strip() for selector in selectors] or ["*"]
    if "*" in selectors:
        if not paused:
            return [tuple(existing)] if existing else []
        return [(name,) for name in existing if name not in paused]
    names: dict[str, None] = {}
    for selector in selectors:
        if selector.endswith("*"):
            names.update(dict.fromkeys(name for name in existing if name.startswith(selector[:-1])))
        elif "*" not in selector:
            names[selector] = None
    return [(name,) for name in names if name not in paused]
