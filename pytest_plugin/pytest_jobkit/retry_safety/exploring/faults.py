"""What may go wrong in a delivery, as values, and the short text that brings the same faults back.

A fault names a delivery, a position in it and a kind. A schedule is a tuple of faults; its text (the replay string)
does not depend on the versions of Python or of any library: ``rs1:1.kill3,2.after0+25h``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class FaultKind(StrEnum):
    """How a delivery breaks; in the order in which they are tried, the simplest story first."""

    NOACK = "noack"  # the body succeeded, its acknowledgement was lost
    KILL = "kill"  # the process is gone between two effects; no clean-up code acts
    TERM = "term"  # the same moment, but clean-up code acts: SIGTERM, soft time limit, cancelled task
    BEFORE = "before"  # the effect raises and did not take place
    AFTER = "after"  # the effect raises although it did take place
    WRONG = "wrong"  # the effect answers what the test chose: 409, 429, a partial batch
    DUP = "dup"  # the acknowledged message returns after other messages were delivered
    ZOMBIE = "zombie"  # the worker stalls past its lease; a second one runs the whole job; the first goes on
    INTERLEAVE = "interleave"  # two deliveries at once


#: kinds that end the delivery without an answer from the body
DEADLY = frozenset({FaultKind.KILL, FaultKind.TERM})
#: kinds that may come with a delay until the message is delivered again
REDELIVERED = frozenset({FaultKind.NOACK, FaultKind.KILL, FaultKind.TERM, FaultKind.DUP})
#: kinds with two workers at once
CONCURRENT = frozenset({FaultKind.ZOMBIE, FaultKind.INTERLEAVE})
DEFAULT_KINDS = (FaultKind.NOACK, FaultKind.KILL, FaultKind.BEFORE, FaultKind.AFTER)
#: the word that adds long delays to the kinds that redeliver
LATE = "late"
#: long enough to cross a date and the lease of nearly every lock
LATE_SECONDS = 25 * 3600

_ORDER = {kind: place for place, kind in enumerate(FaultKind)}
_FAULT = re.compile(
    r"(?P<delivery>\d+)\.(?P<kind>[a-z]+)(?P<at>\d+)(?:~(?P<choice>\d+))?(?:\+(?P<delay>\d+)(?P<unit>[smhd]?))?"
)
_ORDER_OF_COPIES = re.compile(r"i=(?P<order>[1-9]{2,})")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
PREFIX = "rs1:"


class Fault(NamedTuple):
    """One thing that goes wrong.

    Attributes:
        delivery: which delivery breaks, 1 for the first.
        at: how many effects of that delivery have taken place before; the index of the effect that raises.
        kind: how it breaks.
        delay: seconds of virtual time until the message comes again, on top of the queue's usual backoff.
        choice: which of the wrong answers that the test gave (`wrong`); which of the deliveries at once goes on, step
            by step, as the digits of a number (`interleave`): 1112212.
    """

    delivery: int
    at: int
    kind: FaultKind
    delay: int = 0
    choice: int = 0

    @property
    def order(self) -> str:
        """Who goes on, step by step; empty for every other kind. The shortest order of two deliveries has two steps."""
        return str(self.choice) if self.kind is FaultKind.INTERLEAVE and self.choice > 9 else ""

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Sorts faults of one delivery from the simplest story to the most contrived one."""
        return (_ORDER[self.kind], self.at, self.delay, self.choice)

    def __str__(self) -> str:
        if self.order:
            return f"i={self.order}"
        choice = f"~{self.choice}" if self.choice else ""
        return f"{self.delivery}.{self.kind}{self.at}{choice}{'+' + duration(self.delay) if self.delay else ''}"


Schedule: TypeAlias = tuple[Fault, ...]


def duration(seconds: int) -> str:
    """Seconds in the largest whole unit: 90000 is "25h"."""
    for unit in ("h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def rank(schedule: Schedule) -> tuple[int, list[tuple[int, int, tuple[int, int, int, int]]]]:
    """Sorts schedules: fewer faults first, then the simpler kind, then the earlier position."""
    return (len(schedule), [(_ORDER[fault.kind], fault.delivery, fault.rank) for fault in schedule])


def encode(schedule: Iterable[Fault]) -> str:
    """The replay string of a schedule."""
    return PREFIX + ",".join(map(str, schedule))


def decode(text: str) -> Schedule:
    """The schedule that a replay string stands for.

    Raises:
        ValueError: the text is no replay string; the message names the part that is wrong.
    """
    if not text.startswith(PREFIX):
        raise ValueError(f"a replay string starts with {PREFIX!r}, as in 'rs1:1.kill3'; got {text!r}")
    return tuple(_fault(part, text) for part in text.removeprefix(PREFIX).split(",") if part)


def interleaving(order: str) -> Fault:
    """Deliveries at once, in the order of their numbers; an empty order lets one after the other run."""
    return Fault(1, 0, FaultKind.INTERLEAVE, choice=int(order or 0))


def _fault(part: str, text: str) -> Fault:
    order = _ORDER_OF_COPIES.fullmatch(part.strip())
    if order is not None:
        return interleaving(order["order"])
    found = _FAULT.fullmatch(part.strip())
    if found is None:
        raise ValueError(
            f"{part!r} in {text!r} is no fault; wanted DELIVERY.KIND POSITION[+DELAY] without blanks, "
            "as in '2.after0+25h', or i=ORDER for deliveries at once, as in 'rs1:i=1112212'"
        )
    delivery = int(found["delivery"])
    if delivery < 1:
        raise ValueError(f"{part!r} in {text!r}: deliveries are counted from 1")
    return Fault(
        delivery,
        int(found["at"]),
        _kind(found["kind"], text),
        int(found["delay"] or 0) * _UNITS[found["unit"] or ""],
        int(found["choice"] or 0),
    )


def _kind(word: str, text: str) -> FaultKind:
    try:
        return FaultKind(word)
    except ValueError:
        raise ValueError(
            f"{word!r} in {text!r} is no kind of fault; there are: {' '.join(FaultKind)}, and {LATE} for long delays"
        ) from None


class Kinds(NamedTuple):
    """The kinds of fault that a check tries, in their order, and whether redeliveries also come late."""

    kinds: tuple[FaultKind, ...]
    late: bool

    def __str__(self) -> str:
        return " ".join([*self.kinds, *([LATE] if self.late else [])])


def parse_kinds(given: str | Iterable[str] | None) -> Kinds:
    """Kinds from ``"kill noack late"`` or a list of words; None means the default four.

    Raises:
        ValueError: a word is no kind of fault, or none was given.
    """
    if given is None:
        return Kinds(DEFAULT_KINDS, late=False)
    text = given if isinstance(given, str) else " ".join(given)
    words = text.replace(",", " ").split()
    kinds = {_kind(word, text) for word in words if word != LATE}
    if not kinds:
        raise ValueError(f"kinds={text!r} names no kind of fault; there are: {' '.join(FaultKind)}")
    return Kinds(tuple(sorted(kinds, key=_ORDER.__getitem__)), late=LATE in words)


def with_copies(kinds: Kinds | None, at_once: bool) -> Kinds:
    """The kinds of a check with several deliveries at once: only their order, unless other kinds were named as well."""
    if kinds is None:
        return Kinds((FaultKind.INTERLEAVE,), late=False)
    if at_once and FaultKind.INTERLEAVE not in kinds.kinds:
        return Kinds((*kinds.kinds, FaultKind.INTERLEAVE), kinds.late)
    return kinds
